import { expect, test } from "vitest";
import { LIVING, READING, RENEWING, WRITING } from "./acts";
import type { Life, Lives } from "./life";
import { MISHAPS } from "./mishaps";
import { setStage } from "./stage";

/** Seeds that every run lives through, and into how many parts, one a core, they fall. */
const SEEDS = 2_000;
const PARTS = 2;

/** How many of them are lived through once more, with all keys renewed on the way. */
const RENEWED = 300;

/** Seeds that `make soak` has found faults with, mended since: some need more pages and hours than a plain test can set. */
const FOUND: readonly number[] = [
  2238459380, 1564503902, 3978157804, 3978164452, 3978167551, 263630700, 280427743, 280428030, 280425664, 280426205,
  280427469, 442105690, 442107437, 1539565961, 1604097594, 1604098117, 2840108609, 1230276861, 2238461308, 394052699,
  3228366782, 1072324971, 1426203179, 2290246231, 3940840017, 101731201, 101733490, 3958220438, 666603243,
];

/** The same of those in which all keys are renewed. */
const FOUND_RENEWED: readonly number[] = [
  3118613211, 3118613320, 441231128, 1072327368, 1812836192, 666566068, 666573556, 666603164,
];

const { SEED, SOAK_MINUTES, RENEWS, TAIL = "60" } = process.env;
/** Lines of what happened last that a failure shows. */
const LINES = Number(TAIL);

/** What must have happened somewhere, or the seeds have tested less than they say. */
const KINDS: readonly string[] = [
  ...[...WRITING, ...RENEWING, ...READING, ...LIVING, ...MISHAPS].map(({ name }) => name),
  "requests late",
  "requests twice",
  "requests or answers lost",
  "conflicts",
];

const SUMMED = [
  "seeds",
  "steps",
  "words typed",
  "words demanded",
  "page killed",
  "battery empty",
  "conflicts",
] as const;

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function tell(life: Life, renews: boolean): void {
  say(`\n${life.trace.slice(-LINES).join("\n")}\n${life.failure}`);
  const how = `SEED=${life.seed}${renews ? " RENEWS=1" : ""}`;
  say(`Seed ${life.seed} failed. Again: ${how} npm --prefix pwa run simulate`);
}

/** A seed, and whether all keys are renewed on the way. */
type Wanted = readonly [seed: number, renews: boolean];

async function livedThrough(lives: Lives, seeds: Iterable<Wanted>): Promise<number[]> {
  const failed: number[] = [];
  for (const [seed, renews] of seeds) {
    const life = await lives.live(seed, renews);
    if (life.failure === undefined) continue;
    failed.push(seed);
    tell(life, renews);
  }
  say(SUMMED.map((kind) => `${(lives.counts.get(kind) ?? 0).toLocaleString("en")} ${kind}`).join(", "));
  return failed;
}

function* fixed(part: number): Generator<Wanted> {
  if (part === 1) for (const seed of FOUND) yield [seed, false];
  if (part === 2) for (const seed of FOUND_RENEWED) yield [seed, true];
  for (let seed = part; seed <= SEEDS; seed += PARTS) yield [seed, false];
  for (let seed = part; seed <= RENEWED; seed += PARTS) yield [seed, true];
}

function* fresh(minutes: number): Generator<Wanted> {
  const until = performance.now() + minutes * 60_000;
  const first = Math.floor(Math.random() * 2 ** 32);
  for (let seed = first; performance.now() < until; seed++) yield [seed, RENEWS !== undefined || seed % 4 === 0];
}

/** The tests of one part: fixed seeds, or with SOAK_MINUTES fresh ones, or with SEED that one. */
export function weeks(part: number): void {
  const lives = setStage();
  if (SEED !== undefined) {
    test.runIf(part === 1)(`seed ${SEED}`, async () => {
      expect(await livedThrough(lives, [[Number(SEED), RENEWS !== undefined]])).toEqual([]);
    });
  } else if (SOAK_MINUTES !== undefined) {
    const minutes = Number(SOAK_MINUTES);
    test(`fresh seeds for ${minutes} minutes`, { timeout: (minutes + 5) * 60_000 }, async () => {
      expect(await livedThrough(lives, fresh(minutes))).toEqual([]);
    });
  } else {
    test(`seeds ${part}, ${part + PARTS}, ... to ${SEEDS}, and those found`, async () => {
      expect(await livedThrough(lives, fixed(part))).toEqual([]);
      expect(KINDS.filter((kind) => !lives.counts.get(kind))).toEqual([]);
    });
  }
}
