import { describe, expect, test } from "vitest";
import { kitAsking } from "../../src/accounts/kitAsking";
import { questionAbout } from "../../src/accounts/kitChoices";
import { newKitSecret, printKit } from "../../src/protocol/kit";
import type { Appointment } from "../../src/store";
import { appointment } from "../appointments/appointment";

const DAY = 86_400_000;
const NOON = Date.parse("2026-11-28T11:00:00Z"); // 12:00 in Madrid
const now = new Date(NOON);
const kept = { kept: true, again: NOON + DAY, beforeDosing: false };
const putOff = { kept: false, again: NOON + 14 * DAY, beforeDosing: true };

/** A dosing session so many days from `now`. */
const inDays = (days: number, more: Partial<Appointment> = {}): Appointment =>
  appointment({ starts: new Date(NOON + days * DAY).toISOString().slice(0, 16), ...more });

describe("the kit is asked for", () => {
  test("when it is time, and not before", () => {
    expect(kitAsking(kept, [], now)).toBeUndefined();
    expect(kitAsking({ ...kept, again: NOON }, [], now)).toBe("still-there");
    expect(kitAsking({ ...kept, kept: false, again: NOON }, [], now)).toBe("keep");
    expect(kitAsking({ ...kept, again: undefined }, [], now)).toBeUndefined();
  });

  test("before the first dosing session where it was put off until then, and after it where that has passed", () => {
    expect(kitAsking(putOff, [], now)).toBeUndefined();
    expect(kitAsking(putOff, [inDays(8)], now)).toBeUndefined();
    expect(kitAsking(putOff, [inDays(7)], now)).toBe("keep");
    expect(kitAsking(putOff, [inDays(-2)], now)).toBe("keep");
    expect(kitAsking(putOff, [inDays(3, { kind: "integration" })], now)).toBeUndefined();
    expect(kitAsking(putOff, [inDays(3, { state: "cancelled" })], now)).toBeUndefined();
    expect(kitAsking({ ...putOff, beforeDosing: false }, [inDays(3)], now)).toBeUndefined();
  });

  test("without any session booked, after two weeks all the same", () => {
    expect(kitAsking(putOff, [], new Date(NOON + 14 * DAY))).toBe("keep");
  });

  test("never on the day of a dosing session or the day after, whatever there is to ask", () => {
    const kits = [true, false].flatMap((isKept) =>
      [true, false].flatMap((beforeDosing) =>
        [NOON - 400 * DAY, NOON - 1, NOON, undefined].map((again) => ({ kept: isKept, beforeDosing, again })),
      ),
    );
    const others = [[], [inDays(5)], [inDays(-30), inDays(2)]];
    for (const kit of kits) {
      for (const other of others) {
        for (const day of [0, -1]) expect(kitAsking(kit, [inDays(day), ...other], now)).toBeUndefined();
        // Off, or nobody came: a day like any other.
        const off = [inDays(0, { state: "cancelled" }), inDays(-1, { state: "missed" })];
        expect(kitAsking(kit, [...off, ...other], now)).toBe(kitAsking(kit, other, now));
      }
    }
  });

  test("by the day where the session takes place", () => {
    const late = { ...kept, again: NOON };
    // 20:00 on the 27th in Los Angeles; the 28th has long begun in Madrid.
    const there = appointment({ starts: "2026-11-27T20:00", zone: "America/Los_Angeles" });
    expect(kitAsking(late, [there], new Date("2026-11-28T07:00:00Z"))).toBeUndefined();
    expect(kitAsking(late, [there], new Date("2026-11-29T07:00:00Z"))).toBeUndefined();
    expect(kitAsking(late, [there], new Date("2026-11-29T09:00:00Z"))).toBe("still-there");
  });
});

describe("a question about a kit", () => {
  test("has the right group once and nothing else of the kit, and asks at another place each time", () => {
    const kit = printKit(newKitSecret());
    const groups = kit.split("-");
    let before: number | undefined;
    const seen = { places: new Set<number>(), right: new Set<number>() };
    for (let round = 0; round < 300; round++) {
      const { place, choices } = questionAbout(kit, before);
      expect(place).not.toBe(before);
      expect(place).toBeGreaterThan(0);
      expect(choices).toHaveLength(3);
      expect(new Set(choices).size).toBe(3);
      expect(choices.filter((choice) => groups.includes(choice))).toEqual([groups[place]]);
      seen.places.add(place);
      seen.right.add(choices.indexOf(groups[place] ?? ""));
      before = place;
    }
    expect(seen.places.size).toBe(7);
    expect(seen.right.size).toBe(3);
  });
});
