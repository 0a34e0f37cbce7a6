import { untrack } from "svelte";
import { aftertide, type Reminders } from "../store";

const OFFERED = "aftertide-reminders-offered";

/** Looks after reminders while the app is open: what this browser has subscribed is renewed at each start. */
class Watching {
  /** How one is reminded, once it was looked at. */
  reminders = $state.raw<Reminders | undefined>(undefined);
  /** Whether reminders were offered on this device once; a second time nobody asks. */
  offered = $state(localStorage.getItem(OFFERED) !== null);
  #account: string | null = null;

  /** Call it once, after the first screen is there. */
  begin(): void {
    $effect.root(() => {
      const { session } = aftertide;
      const open = $derived(session.phase === "unlocked" && !session.expired);
      // One who is locked out, or has to sign in again, is neither here nor gone.
      const here = $derived(open ? session.account : session.phase === "signed-out" ? null : undefined);
      $effect(() => {
        const account = here;
        if (account !== undefined) untrack(() => void this.#see(account));
      });
    });
  }

  /** Sees who is here now: nobody, or an account whose keys are open. */
  async #see(account: string | null): Promise<void> {
    const before = this.#account;
    this.#account = account;
    try {
      const reminders = await aftertide.reminders();
      // What the browser has is somebody else's.
      if (account === null || (before && before !== account)) await reminders.phone.forget();
      if (account !== null) await reminders.phone.look();
      this.reminders = reminders;
    } catch {
      // Its code couldn't be fetched: the next start looks again.
    }
  }

  /** Reminders were offered, and the person has answered, one way or the other. */
  answered(): void {
    localStorage.setItem(OFFERED, "yes");
    this.offered = true;
  }
}

export const watching = new Watching();
