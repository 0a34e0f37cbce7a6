import type { Environment } from "./environment";

/** Milliseconds after which what the disk refused is tried again: somebody may have made room. */
const AGAIN = 5000;

/**
 * Keeps the newest state of what somebody is typing. While one state goes to the disk the next ones gather, so that
 * typing never waits and the last state always wins.
 */
export class Keeping {
  state = $state<"keeping" | "kept" | "failed">("kept");
  #busy: Promise<void> | undefined;
  #dirty = false;
  #over = false;
  #cancelRetry: (() => void) | undefined;

  constructor(
    /** Puts the present state on the disk. */
    private readonly keep: () => Promise<void>,
    private readonly after: Environment["after"],
  ) {}

  /** Something was typed. Who wants to know whether it is kept awaits {@link Keeping.settled}; the screen shows `state`. */
  touch(): void {
    this.state = "keeping";
    this.#dirty = true;
    this.#begin().catch(() => undefined);
  }

  /** All so far is on the disk. Tries again what failed, and rejects as `keep` does. */
  async settled(): Promise<void> {
    await this.#busy;
    if (this.#dirty) await this.#begin();
  }

  /** Keeps nothing more; waits for what is on its way, whether it arrives or not. */
  async ended(): Promise<void> {
    this.#over = true;
    this.#cancelRetry?.();
    await this.#busy?.catch(() => undefined);
  }

  #begin(): Promise<void> {
    this.#cancelRetry?.();
    this.#busy ??= this.#all().finally(() => {
      this.#busy = undefined;
    });
    return this.#busy;
  }

  async #all(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await this.keep();
      } catch (error) {
        this.#dirty = true;
        this.state = "failed";
        if (!this.#over) this.#cancelRetry = this.after(AGAIN, () => void this.settled().catch(() => undefined));
        throw error;
      }
    }
    this.state = "kept";
  }
}
