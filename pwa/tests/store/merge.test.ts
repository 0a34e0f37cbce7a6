import { describe, expect, test } from "vitest";
import { isMarked } from "../../src/store/marked";
import { mergeContent, mergeText, saysMore } from "../../src/store/merge";

describe("merging a text that two devices changed", () => {
  test.each([
    ["one changed", "a\nb\n", "a\nb\n", "a\nc\n", "a\nc\n"],
    ["both the same way", "a\n", "b\n", "b\n", "b\n"],
    ["different lines", "a\nb\nc\n", "A\nb\nc\n", "a\nb\nC\n", "A\nb\nC\n"],
    ["different words of a line", "one two three", "ONE two three", "one two THREE", "ONE two THREE"],
    ["one went on, one began anew", "middle", "middle and end", "begin and middle", "begin and middle and end"],
    ["one deleted a line, one added another", "a\nb\nc\n", "a\nc\n", "a\nb\nc\nd\n", "a\nc\nd\n"],
    ["from nothing", "", "", "words", "words"],
  ])("%s", (_, base, mine, theirs, merged) => {
    expect(mergeText(base, mine, theirs)).toBe(merged);
    expect(isMarked(mergeText(base, mine, theirs))).toBe(false);
  });

  test("keeps both, marked, where the same words were changed", () => {
    const merged = mergeText("the sea was calm", "the sea was rough", "the sea was silver");
    expect(merged).toBe("the sea was rough ⟦silver⟧");
    expect(isMarked(merged)).toBe(true);
  });

  test("keeps both where both went on writing", () => {
    const merged = mergeText("Night.\n", "Night.\nI slept.\n", "Night.\nI woke.\n");
    expect(merged).toContain("I slept.");
    expect(merged).toContain("woke.");
  });

  test("drops no word that either typed, whatever they did", () => {
    // A small generator with a fixed seed: the same thousand days each time.
    let seed = 7;
    const below = (limit: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % limit;
    };
    let word = 0;
    const edit = (text: string): [string, string[]] => {
      const parts = text.split(" ");
      const typed: string[] = [];
      for (let times = 1 + below(3); times > 0; times--) {
        const fresh = `w${word++}`;
        typed.push(fresh);
        parts.splice(below(parts.length + 1), below(2), below(4) === 0 ? `${fresh}\n` : fresh);
      }
      return [parts.join(" "), typed];
    };
    for (let day = 0; day < 1_000; day++) {
      const base = Array.from({ length: below(12) }, (_, i) => (i % 5 === 4 ? `b${i}\n` : `b${i}`)).join(" ");
      const [mine, typedHere] = edit(base);
      const [theirs, typedThere] = edit(base);
      const merged = mergeText(base, mine, theirs);
      for (const typed of typedHere.filter((one) => mine.includes(one))) expect(merged).toContain(typed);
      for (const typed of typedThere.filter((one) => theirs.includes(one))) expect(merged).toContain(typed);
    }
  });
});

describe("merging what a record says", () => {
  const base = { kind: "entry", text: "t", sliders: { mood: 3, sleep: 5 }, feelings: ["calm", "tired"], later: 1 };

  test("takes what either side changed, field by field", () => {
    const mine = { ...base, sliders: { mood: 7, sleep: 5 }, feelings: ["calm", "tired", "glad"] };
    const theirs = { ...base, sliders: { mood: 3, sleep: 2, energy: 4 }, feelings: ["calm"], later: 2, added: true };
    expect(mergeContent(base, mine, theirs)).toEqual({
      kind: "entry",
      text: "t",
      sliders: { mood: 7, sleep: 2, energy: 4 },
      feelings: ["calm", "glad"],
      later: 2,
      added: true,
    });
  });

  test("takes one's own of two different values", () => {
    expect(mergeContent(base, { ...base, later: 3 }, { ...base, later: 4 })).toMatchObject({ later: 3 });
  });

  test("forgets what one side took away and the other left", () => {
    const { later: _, ...mine } = base;
    expect(mergeContent(base, mine, base)).not.toHaveProperty("later");
  });
});

describe("whether something else is said", () => {
  test.each([
    ["nothing has come", "one", "one two", "one", false],
    ["the same has come", "one", "one two", "one two", false],
    ["something else has come", "one", "one two", "zero one", true],
    ["what one has taken away stands there still", "one two", "one", "one two", false],
    ["what one has taken away has been written on", "one two", "two", "one and a half two", true],
  ])("%s", (_, base, mine, theirs, more) => {
    expect(saysMore({ text: base }, { text: mine }, { text: theirs })).toBe(more);
  });
});
