/** When a device locks by itself: after it has been out of sight for as long as its person lets it. */
import type { Role } from "../protocol";
import type { Environment } from "./environment";
import { unlessStorage } from "./errors";
import type { Shelf } from "./shelf.svelte";
import { LOCK_AFTER, type LockAfter } from "./waysIn";

const DEFAULT: Record<Role, LockAfter> = { therapist: 15, patient: 720 };
const MINUTE = 60_000;
/** Milliseconds: who keeps a new kit in another app would else have to make another one. */
const WHILE_A_KIT_IS_SHOWN = 5 * MINUTE;
/** Kept beside the store, since it is the device's matter: signing out, and in as somebody else, leaves it. */
const CHOICE = "aftertide-lock-after";

export class Locking {
  #chosen = $state<LockAfter | undefined>(undefined);

  constructor(
    private readonly shelf: Shelf,
    private readonly environment: Environment,
    private readonly session: { readonly kitInSight: boolean; lock(): Promise<void>; saveLedger(): void },
  ) {
    this.#read();
  }

  #read(): void {
    const kept = this.environment.choices.getItem(CHOICE);
    this.#chosen = LOCK_AFTER.find((minutes) => String(minutes) === kept);
  }

  /** Minutes out of sight; 0 is at once. */
  get after(): LockAfter {
    return this.#chosen ?? DEFAULT[this.shelf.here?.role ?? "patient"];
  }

  choose(minutes: LockAfter): void {
    this.environment.choices.setItem(CHOICE, String(minutes));
    this.#chosen = minutes;
  }

  /** Milliseconds. */
  get #limit(): number {
    const limit = this.after * MINUTE;
    return limit === 0 && this.session.kitInSight ? WHILE_A_KIT_IS_SHOWN : limit;
  }

  /** Locks a device that is out of sight too long, in all its pages; a reload doesn't lock, unless it locks when it is left. */
  watch(): void {
    let dropTimer: (() => void) | undefined;
    this.environment.whenHidden(
      () => {
        const { here } = this.shelf;
        dropTimer?.();
        // Another page may have chosen otherwise.
        this.#read();
        if (!here) return;
        if (this.#limit === 0) {
          this.session.lock().catch(unlessStorage);
          return;
        }
        dropTimer = this.environment.after(this.#limit + 1, () => {
          this.lockIfHiddenLong().catch(unlessStorage);
        });
        this.shelf.updateHere({ hiddenAt: this.environment.now() }).catch(unlessStorage);
        this.session.saveLedger();
      },
      () => {
        dropTimer?.();
        this.lockIfHiddenLong()
          .then(() => this.stayOpen())
          .catch(unlessStorage);
      },
    );
    this.environment.whenToLook(() => {
      this.stayOpen().catch(unlessStorage);
    });
  }

  /** A page is in sight: the device isn't hidden, whatever another page has said. */
  async stayOpen(): Promise<void> {
    if (this.shelf.here?.hiddenAt !== undefined) await this.shelf.updateHere({ hiddenAt: undefined });
  }

  /** At the start: a page can't tell how the one before ended, so that what locks when it is left is locked. */
  async lockIfLeft(): Promise<void> {
    if (this.#chosen === 0) {
      if (await this.shelf.database.get("keys", "here")) await this.session.lock();
    } else await this.lockIfHiddenLong();
  }

  async lockIfHiddenLong(): Promise<void> {
    const { database } = this.shelf;
    const [here, keys] = await Promise.all([database.get("here", "here"), database.get("keys", "here")]);
    if (here?.hiddenAt === undefined || !keys) return;
    const limit = this.#chosen === undefined ? DEFAULT[here.role] * MINUTE : this.#limit;
    if (this.environment.now() - here.hiddenAt > limit) await this.session.lock();
  }
}
