import type { Random } from "./random";

/** Taken before a test can replace it: the one real clock that is left, and it only says that all microtasks are over. */
const afterMicrotasks = setImmediate;

interface Waiting {
  readonly what: string;
  readonly run: () => void;
  /** Whose it is: dropped with it. */
  readonly owner: object | undefined;
  /** Not before, in milliseconds since 1970. */
  readonly due: number;
}

/**
 * What is going on in the world, one thing at a time: whatever waits to happen waits here, the seed chooses what is
 * next, and its microtasks run out before the one after. Time goes by a little with each, and in leaps when nothing
 * waits but for a later hour.
 */
export class Scheduler {
  now = Date.UTC(2026, 10, 2, 8);
  /** All that happened, a line each: the same for the same seed. */
  readonly trace: string[] = [];
  /** How often each kind of thing happened. */
  readonly counts: Map<string, number>;
  /** Things happen in the order in which they were to: the storm is over. */
  calm = false;
  /** Asked after each step: throws where something is wrong. */
  check: () => void = () => undefined;
  #waiting: Waiting[] = [];

  constructor(
    readonly random: Random,
    counts = new Map<string, number>(),
  ) {
    this.counts = counts;
  }

  /** Has something happen at a time that the seed chooses. */
  later(what: string, run: () => void, owner?: object): void {
    this.#waiting.push({ what, run, owner, due: 0 });
  }

  /** Has something happen once so many milliseconds have gone by; gives the way to take that back. */
  after(milliseconds: number, what: string, run: () => void, owner?: object): () => void {
    const waiting = { what, run, owner, due: this.now + milliseconds };
    this.#waiting.push(waiting);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting);
    };
  }

  /** Nothing that is somebody's happens any more. */
  drop(owner: object): void {
    this.#waiting = this.#waiting.filter((waiting) => waiting.owner !== owner);
  }

  note(line: string): void {
    this.trace.push(`${this.trace.length} ${new Date(this.now).toISOString().slice(5, 23)} ${line}`);
  }

  /** Counts something of a kind that every long run must have seen. */
  count(kind: string, times = 1): void {
    this.counts.set(kind, (this.counts.get(kind) ?? 0) + times);
  }

  /** Whether something waits to happen now. */
  get busy(): boolean {
    return this.#waiting.some((waiting) => waiting.due <= this.now);
  }

  /** The next thing happens; false when nothing waits, not even for a later hour. */
  async step(): Promise<boolean> {
    if (this.#waiting.length === 0) return false;
    this.now += this.calm ? 1 : this.random.below(300);
    if (!this.busy) this.now = Math.min(...this.#waiting.map((waiting) => waiting.due));
    const ready = this.#waiting.filter((waiting) => waiting.due <= this.now);
    const next = (this.calm ? ready[0] : undefined) ?? this.random.pick(ready);
    this.#waiting.splice(this.#waiting.indexOf(next), 1);
    this.note(next.what);
    this.count("steps");
    next.run();
    await this.settleMicrotasks();
    return true;
  }

  /** Lets everything run that an event or an act has set off. */
  async settleMicrotasks(): Promise<void> {
    await new Promise<void>((resolve) => void afterMicrotasks(resolve));
    this.check();
  }

  /** Steps until a promise is settled; gives its value. Throws when nothing is left that could settle it. */
  async until<T>(promise: Promise<T>): Promise<T> {
    let settled = false;
    const mark = (): void => {
      settled = true;
    };
    promise.then(mark, mark);
    await this.settleMicrotasks();
    for (let steps = 0; !settled; steps++) {
      if (steps > 20_000 || !(await this.step())) throw new Error("waits for something that never comes");
    }
    return promise;
  }
}
