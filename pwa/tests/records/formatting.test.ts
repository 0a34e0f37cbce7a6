import { describe, expect, test } from "vitest";
import { blocksOf, plainOf } from "../../src/records/formatting";

const plain = (text: string) => [{ text, strong: false, emphasis: false }];

describe("light formatting", () => {
  test("knows headings, lists, quotes and paragraphs, and keeps their order", () => {
    const text = "# After\nThe water.\nAgain.\n\n- tea\n- a walk\n1. rest\n> you are the shore\n";
    expect(blocksOf(text)).toEqual([
      { type: "heading", lines: [plain("After")] },
      { type: "paragraph", lines: [plain("The water."), plain("Again.")] },
      { type: "list", ordered: false, items: [plain("tea"), plain("a walk")] },
      { type: "list", ordered: true, items: [plain("rest")] },
      { type: "quote", lines: [plain("you are the shore")] },
    ]);
  });

  test.each(["a *quiet* sea", "a **loud** sea", "_slow_ water", "(*so*)"])(
    "takes signs around words for emphasis: %s",
    (text) => {
      const [block] = blocksOf(text);
      const spans = block && "lines" in block ? (block.lines[0] ?? []) : [];
      expect(spans.map((span) => span.text).join("")).toBe(text.replaceAll(/[*_]/g, ""));
      expect(spans.filter((span) => span.strong || span.emphasis)).toHaveLength(1);
    },
  );

  test("nests emphasis in strong words", () => {
    const [block] = blocksOf("**all of *it* now**");
    expect(block).toMatchObject({
      lines: [
        [
          { text: "all of ", strong: true, emphasis: false },
          { text: "it", strong: true, emphasis: true },
          { text: " now", strong: true, emphasis: false },
        ],
      ],
    });
  });

  test.each(["2 * 3 * 4", "snake_case_name", "* not closed", "a*b*c", "**", "5 > 4", "#tag", "it's 3.5 - 2"])(
    "leaves other signs alone: %s",
    (text) => {
      expect(plainOf(text, 100)).toContain(text.replace(/^\* /, ""));
    },
  );

  test.each(["<script>alert(1)</script>", "&amp; <b>no</b>", "[a](javascript:alert(1))"])(
    "takes nothing for markup: %s",
    (text) => {
      expect(blocksOf(text)).toEqual([{ type: "paragraph", lines: [plain(text)] }]);
    },
  );

  test("loses no character of a long paste, and doesn't stall on it", () => {
    const long = "*".repeat(200_000);
    const [block] = blocksOf(`${long}\nend`);
    expect(block).toMatchObject({ type: "paragraph" });
    expect(plainOf(`${long}\nend`, 300_000)).toBe(`${long}\nend`);
  });

  test("reads line ends of every system", () => {
    expect(plainOf("one\r\ntwo\rthree\nfour", 100)).toBe("one\ntwo\nthree\nfour");
  });
});
