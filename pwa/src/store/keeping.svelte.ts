/**
 * Keeps the newest state of what somebody is typing. While one state goes to the disk the next ones gather, so that
 * typing never waits and the last state always wins.
 */
export class Keeping {
  state = $state<"keeping" | "kept" | "failed">("kept");
  #busy: Promise<void> | undefined;
  #dirty = false;

  constructor(
    /** Puts the present state on the disk. */
    private readonly keep: () => Promise<void>,
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

  /** Waits for what is on its way, whether it arrives or not. */
  async ended(): Promise<void> {
    await this.#busy?.catch(() => undefined);
  }

  #begin(): Promise<void> {
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
        throw error;
      }
    }
    this.state = "kept";
  }
}
