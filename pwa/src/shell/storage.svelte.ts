import { isInstalled, isSafari } from "./browser";

const ASKED = "aftertide-storage-asked";
const WEEK = 7 * 24 * 3_600_000; // ms

/** Whether this browser may delete what the app keeps. */
class KeptStorage {
  /** `week`: after seven days without a visit; `space`: when the device runs out of room. */
  risk = $state<"none" | "week" | "space">("none");

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
