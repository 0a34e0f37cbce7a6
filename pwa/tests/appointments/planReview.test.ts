import { describe, expect, test } from "vitest";
import { plansToReview } from "../../src/appointments/planReview";
import type { Appointment } from "../../src/store";
import { appointment } from "./appointment";

const SERIES = "00000000-0000-4000-8000-00000000000a";

/** Dosing sessions of one series on these days of March; the first `held` of them were held. */
const induction = (held: number, days: readonly string[] = ["02", "05", "09", "12", "16", "19"]): Appointment[] =>
  days.map((day, at) =>
    appointment({ starts: `2026-03-${day}T14:00`, series: SERIES, state: at < held ? "fulfilled" : "proposed" }),
  );

describe("the plan of an induction", () => {
  test("is due once the third session is held, until the fourth is", () => {
    expect([2, 3, 4].map((held) => plansToReview(induction(held), []).length)).toEqual([0, 1, 0]);
    expect(plansToReview(induction(3), [])[0]?.starts).toBe("2026-03-09T14:00");
  });

  test("isn't due any more once the therapist has said so", () => {
    expect(plansToReview(induction(3), [SERIES])).toEqual([]);
  });

  test("isn't due by sessions to prepare or to integrate", () => {
    const talks = induction(3).map((one) => ({ ...one, kind: "integration" as const }));
    expect(plansToReview(talks, [])).toEqual([]);
  });

  test("is no matter of boosters, of a series of three, or of single sessions", () => {
    const boosters = ["2026-03-02", "2026-03-30", "2026-04-27", "2026-05-25"].map((day, at) =>
      appointment({ starts: `${day}T14:00`, series: SERIES, state: at < 3 ? "fulfilled" : "proposed" }),
    );
    expect(plansToReview(boosters, [])).toEqual([]);
    expect(plansToReview(induction(3).slice(0, 3), [])).toEqual([]);
    expect(
      plansToReview(
        induction(3).map((one) => ({ ...one, series: undefined })),
        [],
      ),
    ).toEqual([]);
  });
});
