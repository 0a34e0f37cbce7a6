/**
 * A generator of random numbers that gives the same ones for the same seed: sfc32, which passes PractRand and needs four
 * words of state. For choosing what happens, never for keys that matter.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  constructor(seed: number) {
    this.#a = seed | 0;
    this.#b = (seed / 2 ** 32) | 0;
    this.#c = 0x9e3779b9;
    for (let i = 0; i < 12; i++) this.#next();
  }

  #next(): number {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum >>> 0;
  }

  /** A whole number from 0 to `limit - 1`. */
  below(limit: number): number {
    return Math.floor((this.#next() / 2 ** 32) * limit);
  }

  /** True so often: 0 for never, 1 for always. */
  chance(part: number): boolean {
    return this.#next() < part * 2 ** 32;
  }

  /** One of the list. Throws where there is none. */
  pick<T>(list: readonly T[]): T {
    const one = list[this.below(list.length)];
    if (one === undefined) throw new RangeError("nothing to pick from");
    return one;
  }

  /** Fills `bytes` and gives them back. */
  fill<B extends Uint8Array>(bytes: B): B {
    for (let at = 0; at < bytes.length; at++) bytes[at] = this.#next() & 0xff;
    return bytes;
  }

  /** An id in the form of a random UUIDv4. */
  id(): `${string}-${string}-${string}-${string}-${string}` {
    const hex = Array.from(this.fill(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20)}`;
  }
}
