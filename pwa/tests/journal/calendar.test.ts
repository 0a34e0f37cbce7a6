import { describe, expect, test } from "vitest";
import { monthAfter, monthsBefore, weeksOf } from "../../src/journal/calendar";
import { writtenAt } from "../../src/store/contents";

describe("the calendar", () => {
  test("lays a month out in weeks that begin where people's do", () => {
    const monday = weeksOf("2026-11", 1);
    expect(monday[0]).toEqual([undefined, undefined, undefined, undefined, undefined, undefined, "2026-11-01"]);
    expect(monday.at(-1)?.[0]).toBe("2026-11-30");
    expect(weeksOf("2026-11", 7)[0]?.[0]).toBe("2026-11-01");
    expect(weeksOf("2027-02", 1)).toHaveLength(4);
    for (const month of ["2026-01", "2024-02", "2026-12", "2027-02"]) {
      for (const first of [1, 6, 7]) {
        const days = weeksOf(month, first).flat().filter(Boolean);
        expect(days).toHaveLength(
          new Date(Date.UTC(Number(month.slice(0, 4)), Number(month.slice(5)), 0)).getUTCDate(),
        );
        expect(weeksOf(month, first)[1]?.every(Boolean)).toBe(true);
      }
    }
  });

  test("goes from month to month across years", () => {
    expect(monthAfter("2026-12", 1)).toBe("2027-01");
    expect(monthAfter("2026-01", -1)).toBe("2025-12");
  });

  test.each([
    ["2026-11-25", 1, "2026-10-25"],
    ["2026-03-31", 1, "2026-02-28"],
    ["2024-02-29", 12, "2023-02-28"],
    ["2026-01-05", 1, "2025-12-05"],
  ])("%s, %i months before, is %s", (day, count, before) => {
    expect(monthsBefore(day, count)).toBe(before);
  });
});

describe("a corrected date", () => {
  test.each([
    ["2026-11-17T22:41", "Europe/Madrid", "2026-11-17T22:41:00+01:00"],
    ["2026-07-01T09:00", "Europe/Madrid", "2026-07-01T09:00:00+02:00"],
    // Skipped by daylight saving: forward by the gap.
    ["2026-03-29T02:30", "Europe/Madrid", "2026-03-29T03:30:00+02:00"],
    // Occurs twice: the first.
    ["2026-10-25T02:30", "Europe/Madrid", "2026-10-25T02:30:00+02:00"],
    ["2026-11-17T22:41", "Asia/Kathmandu", "2026-11-17T22:41:00+05:45"],
    ["2026-11-17T22:41", "America/St_Johns", "2026-11-17T22:41:00-03:30"],
    ["2026-11-17T22:41", "UTC", "2026-11-17T22:41:00+00:00"],
  ])("%s in %s is %s", (wall, zone, written) => {
    expect(writtenAt(wall, zone)).toBe(written);
  });
});
