/** The entry just deleted, for as long as it can be brought back. */

import { aftertide } from "../store";

/** As long as the store waits before it tells the server. */
const UNDO_FOR = 10_000; // ms

class Deletion {
  #timer: ReturnType<typeof setTimeout> | undefined;
  entry = $state<string | null>(null);

  offerUndo(entry: string): void {
    clearTimeout(this.#timer);
    this.entry = entry;
    this.#timer = setTimeout(() => {
      this.entry = null;
    }, UNDO_FOR);
  }

  async undo(): Promise<void> {
    const entry = this.entry;
    clearTimeout(this.#timer);
    this.entry = null;
    if (entry) await aftertide.journal.undoDelete(entry);
  }
}

export const deletion = new Deletion();
