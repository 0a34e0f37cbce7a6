import { inWords } from "../messages/reasons";

/** Something a person asked for on a screen: whether it runs, and why it didn't happen, in words. */
export class Attempt {
  busy = $state(false);
  failure = $state<string | null>(null);

  constructor(private readonly words: (error: unknown) => string = inWords) {}

  /** Runs `work` and gives whether it happened. Never rejects. */
  async run(work: () => Promise<unknown>): Promise<boolean> {
    this.busy = true;
    this.failure = null;
    try {
      await work();
      return true;
    } catch (error) {
      this.failure = this.words(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
