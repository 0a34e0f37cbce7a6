import { aftertide } from "../store";
import { isInstalled, isSafari } from "./browser";

const ASKED = "aftertide-storage-asked";
const WEEK = 7 * 24 * 3_600_000; // ms
/* What goes out within seconds is in no danger. */
const LASTING = 5000; // ms

/** Whether this browser may delete what the app keeps. */
class KeptStorage {
  /** `week`: after seven days without a visit; `space`: when the device runs out of room. */
  risk = $state<"none" | "week" | "space">("none");

  /** Words lie here that the server doesn't have, and not only for a moment. */
  wordsAtRisk = $state(false);

  /** Follows what is unsent for as long as the page lives. */
  watch(): void {
    $effect.root(() => {
      const unsent = $derived(aftertide.sync.losesWords);
      $effect(() => {
        this.wordsAtRisk = false;
        if (!unsent) return;
        const timer = setTimeout(() => {
          this.wordsAtRisk = true;
        }, LASTING);
        return () => clearTimeout(timer);
      });
    });
  }

  /** Looks how it is, without asking anybody. */
  async look(): Promise<void> {
    if (isInstalled()) this.risk = "none";
    else if (isSafari()) this.risk = "week";
    else this.risk = askedAt() === undefined || (await isKept()) ? "none" : "space";
  }

  /**
   * Asks the browser to keep what the app stores. Firefox puts the question to the person, and Chromium decides by how much
   * the app is used: so it is asked when there are words of their own to keep, not at sign-in, when all lies on the server
   * anyway; and again after a week at the earliest. Never rejects.
   */
  async keep(): Promise<void> {
    if (!navigator.storage?.persist || (await isKept())) return;
    const before = askedAt();
    if (before === undefined || Date.now() - before > WEEK) {
      localStorage.setItem(ASKED, String(Date.now()));
      await navigator.storage.persist().catch(() => false);
    }
    await this.look();
  }
}

const isKept = (): Promise<boolean> => navigator.storage?.persisted?.().catch(() => false) ?? Promise.resolve(false);

function askedAt(): number | undefined {
  const at = localStorage.getItem(ASKED);
  return at === null ? undefined : Number(at);
}

export const storage = new KeptStorage();
