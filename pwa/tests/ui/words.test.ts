import { describe, expect, test } from "vitest";
import { strengthOf } from "../../src/accounts/strength";
import { blocksOf } from "../../src/care/agreementBlocks";
import { deviceLabel } from "../../src/store/device";
import { isEvening } from "../../src/ui/appearance.svelte";

describe("the label of a device", () => {
  test.each([
    [
      "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36",
      "Chrome · Android",
    ],
    [
      "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Mobile/15E148 Safari/604.1",
      "Safari · iPhone",
    ],
    ["Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox · Windows"],
    [
      "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0",
      "Edge · Windows",
    ],
    ["something else", "Browser"],
  ])("names browser and system only: %s", (agent, label) => {
    expect(deviceLabel(agent)).toBe(label);
  });
});

describe("the strength of a passphrase", () => {
  test("is said without flattery", () => {
    expect(strengthOf("password1234", [])).toBe("weak");
    expect(strengthOf("harbor mitten unfold spruce lantern", [])).toBe("strong");
  });

  test("counts the person's own e-mail and name for nothing", () => {
    const own = ["ana.rodriguez@example.org", "Ana Rodriguez"];
    expect(strengthOf("ana.rodriguez@example.org", own)).toBe("weak");
  });

  test("knows the words that the app itself offers", () => {
    expect(strengthOf("harbor mitten", [])).not.toBe("strong");
  });
});

describe("the text of a reading agreement", () => {
  test("is cut at empty lines, with headings where a line begins with #", () => {
    expect(blocksOf("## When I read\nOn Mondays.\n\nNot for emergencies.\n\n\n# Ending")).toEqual([
      { heading: "When I read", body: "On Mondays." },
      { heading: "", body: "Not for emergencies." },
      { heading: "Ending", body: "" },
    ]);
  });
});

describe("dark in the evening", () => {
  test.each([
    [20, false],
    [21, true],
    [0, true],
    [5, true],
    [6, false],
  ])("at %i o'clock: %s", (hour, dark) => {
    expect(isEvening(hour)).toBe(dark);
  });
});
