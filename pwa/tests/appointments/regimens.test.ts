import { describe, expect, test } from "vitest";
import { laidOut, REGIMENS, type RegimenName, regimenOf } from "../../src/appointments/regimens";
import { appointments as en } from "../../src/messages/en/appointments";
import type { AppointmentKind } from "../../src/store";

const days = (name: RegimenName, kind: AppointmentKind): number[] =>
  REGIMENS[name].filter((one) => one.kind === kind).map(({ day }) => day);
const span = (of: readonly number[]): number => (of.at(-1) ?? 0) - (of[0] ?? 0);
const gaps = (of: readonly number[]): number[] => of.slice(1).map((day, at) => day - (of[at] ?? 0));

describe("the regimens that come with the app", () => {
  test.each([
    ["infusions-six-two-weeks", 6, 14],
    ["infusions-six-three-weeks", 6, 21],
    ["infusions-eight", 8, 21],
  ] as const)("%s: an induction of %i within %i days", (name, count, within) => {
    const dosing = days(name, "dosing");
    expect(dosing).toHaveLength(count);
    expect(span(dosing)).toBeLessThan(within);
    expect(Math.min(...gaps(dosing))).toBeGreaterThanOrEqual(2);
  });

  test("boosters are four weeks apart, or one alone", () => {
    expect(new Set(gaps(days("booster-monthly", "dosing")))).toEqual(new Set([28]));
    expect(days("booster-as-needed", "dosing")).toEqual([0]);
  });

  test.each([
    ["spray-then-weekly", 7],
    ["spray-then-fortnightly", 14],
  ] as const)("%s: twice a week for four weeks, once for four, then every %i days", (name, every) => {
    const dosing = days(name, "dosing");
    for (let week = 0; week < 4; week++) expect(dosing.filter((day) => Math.floor(day / 7) === week)).toHaveLength(2);
    for (let week = 4; week < 8; week++) expect(dosing.filter((day) => Math.floor(day / 7) === week)).toHaveLength(1);
    const later = dosing.filter((day) => day >= 56);
    expect(later.length).toBeGreaterThanOrEqual(4);
    expect(new Set(gaps(later))).toEqual(new Set([every]));
  });

  test.each(["course-injections", "course-lozenges"] as const)(
    "%s: prepared before, and each session integrated one to three days after",
    (name) => {
      const dosing = days(name, "dosing");
      const integration = days(name, "integration");
      expect(Math.max(...days(name, "preparation"))).toBeLessThan(Math.min(...dosing));
      expect(integration).toHaveLength(dosing.length);
      for (const [at, day] of dosing.entries()) {
        expect((integration[at] ?? 0) - day).toBeGreaterThanOrEqual(1);
        expect((integration[at] ?? 0) - day).toBeLessThanOrEqual(3);
      }
    },
  );

  test("have a name each, begin on the first day, come in order, and fit into one booking", () => {
    expect(Object.keys(REGIMENS).sort()).toEqual(Object.keys(en.regimens).sort());
    for (const sessions of Object.values(REGIMENS)) {
      expect(sessions[0]?.day).toBe(0);
      expect(Math.min(0, ...gaps(sessions.map(({ day }) => day)))).toBe(0);
      expect(sessions.length).toBeLessThanOrEqual(60);
    }
  });
});

describe("laying out", () => {
  test("keeps the hour over months and years, and where the clocks change", () => {
    const dates = laidOut(REGIMENS["booster-monthly"], "2026-10-05T09:30");
    expect(dates.map(({ starts }) => starts)).toEqual([
      "2026-10-05T09:30",
      "2026-11-02T09:30",
      "2026-11-30T09:30",
      "2026-12-28T09:30",
      "2027-01-25T09:30",
      "2027-02-22T09:30",
    ]);
  });

  test("and reading the dates back give the regimen again, in whatever order they stand", () => {
    const regimen = REGIMENS["course-injections"];
    expect(regimenOf(laidOut(regimen, "2026-03-20T23:30").reverse())).toEqual(regimen);
  });
});
