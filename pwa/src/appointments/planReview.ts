import type { Appointment } from "../store";
import { wallInstant } from "./wallTimes";

const DAY = 86_400_000;
const HELD = 3;
/** Three sessions within so many days are the beginning of an induction; further apart they keep up what it brought. */
const INDUCTION = 21;

/**
 * The series whose plan is due to be looked at: three dosing sessions of an induction are held, more are booked or were,
 * and the therapist hasn't said that the plan is reviewed. Once the fourth is held nothing is asked any more. Gives the
 * third session of each.
 */
export function plansToReview(list: readonly Appointment[], reviewed: readonly string[]): Appointment[] {
  const bySeries = new Map<string, Appointment[]>();
  for (const one of list) {
    if (one.series && one.kind === "dosing") bySeries.set(one.series, [...(bySeries.get(one.series) ?? []), one]);
  }
  return [...bySeries].flatMap(([series, dosing]) => {
    const held = dosing
      .filter(({ state }) => state === "fulfilled")
      .sort((a, b) => wallInstant(a.starts) - wallInstant(b.starts));
    const [first, , third] = held;
    if (!first || !third || held.length !== HELD || dosing.length === HELD || reviewed.includes(series)) return [];
    return wallInstant(third.starts) - wallInstant(first.starts) <= INDUCTION * DAY ? [third] : [];
  });
}
