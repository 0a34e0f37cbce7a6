import { expect, test } from "vitest";
import { setStage } from "./stage";

test("one seed is one story, to the byte, whatever was lived through before", async () => {
  const lives = setStage();
  const first: (readonly string[])[] = [];
  for (const seed of [1, 2, 3, 4, 5]) first.push((await lives.live(seed)).trace);
  for (const seed of [5, 3, 1, 2, 4]) expect((await lives.live(seed)).trace).toEqual(first[seed - 1]);
  expect(first[0]).not.toEqual(first[1]);
  expect(Math.min(...first.map((trace) => trace.length))).toBeGreaterThan(100);
});
