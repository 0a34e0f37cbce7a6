import { describe, expect, test } from "vitest";
import { isWallTime, marksOf, meets, minutesIn } from "../../src/appointments/marks";
import { appointment } from "./appointment";

const ZONE = "Europe/Madrid";
const NOW = new Date("2026-11-25T12:00:00Z");
const stretch = (starts: string, minutes = 60) => ({ starts, zone: ZONE, minutes });

describe("a date that is to be booked", () => {
  const booked = appointment({ starts: "2026-12-01T14:00", startsAt: "2026-12-01T13:00:00Z", minutes: 120 });

  test.each([
    ["2026-12-01T13:00", 60, false],
    ["2026-12-01T13:01", 60, true],
    ["2026-12-01T15:59", 60, true],
    ["2026-12-01T16:00", 60, false],
    ["2026-12-01T13:00", 240, true],
  ])("from %s for %i minutes meets a session from 14:00 to 16:00: %s", (starts, minutes, expected) => {
    expect(meets(stretch(starts, minutes), booked)).toBe(expected);
  });

  test("meets one that is booked in another zone by the instant", () => {
    const wanted = { starts: "2026-12-01T13:30", zone: "Europe/London", minutes: 30 };
    expect(meets(wanted, booked)).toBe(true);
    expect(meets({ ...wanted, starts: "2026-12-01T15:00" }, booked)).toBe(false);
  });

  test("says which session it meets, unless that one is cancelled or about to move", () => {
    const wanted = stretch("2026-12-01T15:00");
    expect(marksOf(wanted, [], [booked], NOW).conflict).toBe(booked);
    expect(marksOf(wanted, [], [booked], NOW, new Set([booked.id])).conflict).toBeUndefined();
    const cancelled = { ...booked, state: "cancelled" } as const;
    expect(marksOf(wanted, [], [cancelled], NOW).conflict).toBeUndefined();
  });

  test("is marked on a weekend, in the past, and beside another one of its list", () => {
    expect(marksOf(stretch("2026-11-28T10:00"), [], [], NOW)).toMatchObject({
      weekend: true,
      past: false,
      twice: false,
    });
    expect(marksOf(stretch("2026-11-25T12:59"), [], [], NOW)).toMatchObject({ weekend: false, past: true });
    expect(marksOf(stretch("2026-11-27T10:00"), [stretch("2026-11-27T10:30")], [], NOW).twice).toBe(true);
  });
});

test("what a field holds is a wall time or it isn't", () => {
  expect(isWallTime("2026-11-27T10:30")).toBe(true);
  for (const text of ["", "2026-11-27", "2026-13-27T10:30", "2026-11-27T10:30:00"])
    expect(isWallTime(text)).toBe(false);
});

test("minutes are whole, and as many as a session can take", () => {
  expect([minutesIn("5"), minutesIn(" 120 "), minutesIn("1440")]).toEqual([5, 120, 1440]);
  for (const text of ["", "4", "1441", "1.5", "-60", "an hour"]) expect(minutesIn(text)).toBeUndefined();
});
