import { SvelteSet } from "svelte/reactivity";
import { describe, expect, test } from "vitest";
import { Turns } from "../../src/shell/turns.svelte";

describe("one notice at a time", () => {
  test("the most important of those that have something to say, in whatever order they came", () => {
    const turns = new Turns();
    const wanted = new SvelteSet(["kit", "their-keys", "journal-short"]);
    const kit = turns.take("kit", () => wanted.has("kit"));
    const keys = turns.take("their-keys", () => wanted.has("their-keys"));
    const lost = turns.take("reminders-lost", () => wanted.has("reminders-lost"));
    const journal = turns.take("journal-short", () => wanted.has("journal-short"));
    const shown = () => [lost(), journal(), keys(), kit()];
    expect(shown()).toEqual([false, true, false, false]);
    wanted.delete("journal-short");
    expect(shown()).toEqual([false, false, true, false]);
    wanted.add("reminders-lost");
    expect(shown()).toEqual([true, false, false, false]);
  });

  test("and none where nothing is to be said", () => {
    const turns = new Turns();
    const kit = turns.take("kit", () => false);
    expect(kit()).toBe(false);
  });
});
