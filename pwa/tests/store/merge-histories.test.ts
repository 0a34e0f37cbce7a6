/** Random histories of one entry on several devices: what must hold of merging, whatever people write and in which order. */
import { expect, test } from "vitest";
import type { JsonObject } from "../../src/protocol";
import { entryFields } from "../../src/store/contents";
import { mergeContent } from "../../src/store/merge";
import { Random } from "../simulation/random";

const HISTORIES = 3_000;

/** Words as people write them: a letter with an accent of its own, a family of emoji, right to left, an astral letter. */
const SHAPES: readonly ((number: string) => string)[] = [
  (number) => `w${number}`,
  (number) => `e\u0301${number}e\u0301`,
  (number) => `👩‍👩‍👧${number}🏳️‍🌈`,
  (number) => `שלום${number}`,
  (number) => `\u2067س${number}س\u2069`,
  (number) => `𝒲${number}.`,
];
const GAPS = [" ", " ", " ", ", ", ". ", "\n", "\n\n", "\r\n", " — "];

interface Device {
  content: JsonObject;
  /** What it and the server last agreed on. */
  base: JsonObject;
}

/** One history: three devices edit, exchange when they like, and in the end all do. */
class History {
  readonly random: Random;
  readonly devices: Device[];
  server: JsonObject;
  /** Everything that was written and that nobody who saw it has taken out. */
  readonly words = new Set<string>();
  readonly feelings = new Set<string>();
  #made = 0;

  constructor(seed: number) {
    this.random = new Random(seed);
    const text = Array.from({ length: this.random.below(9) }, () => `${this.#word()}${this.random.pick(GAPS)}`).join(
      "",
    );
    this.server = { kind: "entry", v: 1, form: "free", text, sliders: { mood: 5 }, feelings: [] };
    this.devices = [1, 2, 3].map(() => ({ content: this.server, base: this.server }));
  }

  #word(): string {
    const word = this.random.pick(SHAPES)(String(++this.#made).padStart(4, "0"));
    this.words.add(word);
    return word;
  }

  edit(device: Device): void {
    const { random } = this;
    const { text, sliders, feelings } = entryFields(device.content);
    const pieces = text.split(/(\s+)/).filter((piece) => piece !== "");
    const at = random.below(pieces.length + 1);
    const out = random.chance(0.4) ? random.below(4) : 0;
    const into = random.chance(0.8) ? [random.pick(GAPS), this.#word(), random.pick(GAPS)] : [];
    pieces.splice(at, out, ...into);
    const next = random.chance(0.03) ? "" : pieces.join("");
    for (const word of this.words) if (text.includes(word) && !next.includes(word)) this.words.delete(word);
    let felt = feelings;
    if (random.chance(0.2)) {
      const feeling = `f${++this.#made}`;
      this.feelings.add(feeling);
      felt = [...felt, feeling];
    }
    const [tired] = felt;
    if (tired && random.chance(0.1)) {
      this.feelings.delete(tired);
      felt = felt.slice(1);
    }
    const moved = random.chance(0.2) ? { ...sliders, [random.pick(["mood", "sleep"])]: random.below(11) } : sliders;
    device.content = { ...device.content, text: next, sliders: moved, feelings: felt };
    // A word of which nothing is left on its only device was never anybody's.
    for (const word of this.words) if (into.includes(word) && !next.includes(word)) this.words.delete(word);
  }

  exchange(device: Device): void {
    const merged = mergeContent(device.base, device.content, this.server);
    Object.assign(device, { content: merged, base: merged });
    this.server = merged;
  }

  live(): void {
    for (let left = 4 + this.random.below(20); left > 0; left--) {
      const device = this.random.pick(this.devices);
      if (this.random.chance(0.6)) this.edit(device);
      else this.exchange(device);
    }
    for (let round = 0; round < 2; round++) for (const device of this.devices) this.exchange(device);
  }
}

test("three devices that edit and exchange in any order end equal, and no word or feeling vanishes unseen", () => {
  let words = 0;
  for (let seed = 1; seed <= HISTORIES; seed++) {
    const history = new History(seed);
    history.live();
    const [first, ...others] = history.devices.map(({ content }) => content);
    for (const other of others) expect(other, `seed ${seed}`).toEqual(first);
    const { text, feelings, sliders } = entryFields(first ?? {});
    expect(
      [...history.words].filter((word) => !text.includes(word)),
      `seed ${seed}`,
    ).toEqual([]);
    expect(
      [...history.feelings].filter((feeling) => !feelings.includes(feeling)),
      `seed ${seed}`,
    ).toEqual([]);
    expect(new Set(feelings).size, `seed ${seed}`).toBe(feelings.length);
    expect(Number.isInteger(sliders.mood), `seed ${seed}`).toBe(true);
    expect(text.isWellFormed(), `seed ${seed}`).toBe(true);
    words += history.words.size;
  }
  // Most of what is written stays: the histories say something.
  expect(words).toBeGreaterThan(5 * HISTORIES);
});

test("whoever changed nothing takes what the others have, to the byte", () => {
  for (let seed = 1; seed <= 200; seed++) {
    const history = new History(seed);
    const [writer, reader] = history.devices;
    if (!writer || !reader) throw new Error("no devices");
    for (let times = 0; times < 5; times++) history.edit(writer);
    history.exchange(writer);
    history.exchange(reader);
    expect(reader.content).toEqual(writer.content);
  }
});
