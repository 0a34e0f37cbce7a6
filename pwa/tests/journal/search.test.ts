import { describe, expect, test } from "vitest";
import { excerptOf, fold, SearchIndex } from "../../src/journal/search";
import type { Entry } from "../../src/store";

function entry(id: string, text: string, more: Partial<Entry> = {}): Entry {
  return {
    id,
    text,
    form: "free",
    written: "2026-11-17T22:41:00+01:00",
    zone: "Europe/Madrid",
    sliders: {},
    feelings: [],
    where: "sent",
    choice: "only-you",
    readers: [],
    refused: undefined,
    sharing: false,
    waitsFor: [],
    givenBack: undefined,
    waitingToBeTakenBack: false,
    unsentChange: undefined,
    merged: false,
    comments: [],
    faults: [],
    revision: 1,
    ...more,
  };
}

const ids = (found: readonly Entry[]): string[] => found.map(({ id }) => id);

describe("search", () => {
  const entries = [
    entry("a", "The water again. I was the shore."),
    entry("b", "Soñé con el mar", { feelings: ["tender"] }),
    entry("c", "Called Maya.", {
      comments: [
        {
          id: "x",
          author: "t",
          name: "Dr. Rivera",
          own: false,
          text: "What did the shore feel like?",
          written: undefined,
          revision: 1,
          where: "sent",
          takenBack: false,
        },
      ],
    }),
  ];
  const index = new SearchIndex();

  test.each([
    ["shore", ["a", "c"]],
    ["SHO", ["a", "c"]],
    ["sone mar", ["b"]],
    ["tender", ["b"]],
    ["water maya", []],
    ["", []],
    ["  ", []],
  ])("%s finds %j: in words, feelings and answers, without case and accents", (search, found) => {
    expect(ids(index.find(entries, search))).toEqual(found);
  });

  test("follows a text that was changed", () => {
    const changed = [entry("a", "Nothing of it."), ...entries.slice(1)];
    expect(ids(index.find(changed, "shore"))).toEqual(["c"]);
    expect(ids(index.find(entries, "shore"))).toEqual(["a", "c"]);
  });

  test("forgets what it has read when the keys go", async () => {
    const other = new SearchIndex();
    await other.prepare(entries, async () => true);
    other.clear();
    expect(JSON.stringify(other)).not.toContain("shore");
  });

  test("shows the words found as they were written, wherever they stand", () => {
    const text = `${"Long ago and far away. ".repeat(20)}Después soñé.`;
    const { parts } = excerptOf(text, "SONE despues", 200);
    expect(parts.filter((part) => part.found).map((part) => part.text)).toEqual(["Después", "soñé"]);
    expect(parts[0]?.text).toBe("… ");
  });

  test.each(["👩‍👩‍👧 tide", "ﬁsh tide", "é tide", "مد tide"])("cuts no letter apart: %s", (text) => {
    const { parts } = excerptOf(text, "tide", 100);
    expect(parts.map((part) => part.text).join("")).toBe(text);
    expect(parts.find((part) => part.found)?.text).toBe("tide");
  });

  test("folds other scripts without losing them", () => {
    expect(fold("Ärger ПРИВЕТ")).toBe("arger привет");
  });
});
