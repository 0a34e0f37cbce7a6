import { describe, expect, test } from "vitest";
import { ordered } from "../../src/appointments/order";
import { weekStart, weeksIn } from "../../src/appointments/weeks";
import { appointment } from "./appointment";

describe("a patient's sessions", () => {
  const NOW = new Date("2026-11-25T12:00:00Z");
  const held = appointment({ starts: "2026-11-20T10:00", state: "fulfilled" });
  const silent = appointment({ starts: "2026-11-22T10:00", state: "confirmed" });
  const running = appointment({ starts: "2026-11-25T11:30" });
  const cancelled = appointment({ starts: "2026-11-26T10:00", state: "cancelled" });
  const later = appointment({ starts: "2026-11-30T10:00" });

  test("have one that is next: also while it runs, and never a cancelled one", () => {
    expect(ordered([held, silent, running, cancelled, later], NOW)).toEqual({
      next: running,
      after: [cancelled, later],
      past: [silent, held],
    });
    expect(ordered([held, silent, cancelled, later], NOW).next).toBe(later);
  });

  test("have none next where nothing is ahead", () => {
    expect(ordered([held], NOW)).toEqual({ next: undefined, after: [], past: [held] });
  });
});

describe("the calendar", () => {
  test.each([
    ["2026-11-25", 1, "2026-11-23"],
    ["2026-11-23", 1, "2026-11-23"],
    ["2026-11-29", 1, "2026-11-23"],
    ["2026-11-29", 7, "2026-11-29"],
    ["2027-01-01", 1, "2026-12-28"],
  ])("has %s in the week from %s on where a week begins on day %i", (day, firstDay, start) => {
    expect(weekStart(day, firstDay)).toBe(start);
  });

  test("puts sessions together by week and day, in their order", () => {
    const sessions = ["2026-11-24T10:00", "2026-11-24T15:00", "2026-11-27T10:00", "2026-12-01T10:00"].map((starts) =>
      appointment({ starts }),
    );
    const shown = weeksIn(sessions, 1).map(({ start, days }) => [
      start,
      days.map(({ day, sessions: of }) => [day, of.map(({ starts }) => starts.slice(11))]),
    ]);
    expect(shown).toEqual([
      [
        "2026-11-23",
        [
          ["2026-11-24", ["10:00", "15:00"]],
          ["2026-11-27", ["10:00"]],
        ],
      ],
      ["2026-11-30", [["2026-12-01", ["10:00"]]]],
    ]);
  });
});
