/** What a therapist may want to know of a date before booking it. Nothing of it keeps anybody from booking. */

import type { Appointment } from "../store";
import { isOpen } from "../store/appointmentStates";
import { writtenAt } from "../store/contents";
import { wallInstant } from "./wallTimes";

/** A stretch of time on the wall of a zone. */
export interface Stretch {
  /** YYYY-MM-DDTHH:MM. */
  readonly starts: string;
  readonly zone: string;
  readonly minutes: number;
}

export interface Marks {
  readonly weekend: boolean;
  readonly past: boolean;
  /** Another date of the same list lies in the same time. */
  readonly twice: boolean;
  /** A booked session in the same time. */
  readonly conflict: Appointment | undefined;
}

const overlap = (a: number, b: number, minutesA: number, minutesB: number): boolean =>
  a < b + minutesB * 60_000 && b < a + minutesA * 60_000;

/**
 * Whether a stretch meets a booked session. In one zone the walls are compared; between two the instants, by the zone
 * rules of this device, which may be an hour off where a zone has just changed them.
 */
export function meets(wanted: Stretch, booked: Appointment): boolean {
  if (wanted.zone === booked.zone)
    return overlap(wallInstant(wanted.starts), wallInstant(booked.starts), wanted.minutes, booked.minutes);
  const instant = Date.parse(writtenAt(wanted.starts, wanted.zone));
  return overlap(instant, Date.parse(booked.startsAt), wanted.minutes, booked.minutes);
}

/** The marks of one of several dates, beside what is booked already; sessions in `moving` are about to leave their time. */
export function marksOf(
  wanted: Stretch,
  others: readonly Stretch[],
  booked: readonly Appointment[],
  now: Date,
  moving: ReadonlySet<string> = new Set(),
): Marks {
  const weekday = new Date(wallInstant(wanted.starts)).getUTCDay();
  return {
    weekend: weekday === 0 || weekday === 6,
    past: Date.parse(writtenAt(wanted.starts, wanted.zone)) < now.getTime(),
    twice: others.some((other) =>
      overlap(wallInstant(wanted.starts), wallInstant(other.starts), wanted.minutes, other.minutes),
    ),
    conflict: booked.find((one) => isOpen(one) && !moving.has(one.id) && meets(wanted, one)),
  };
}

/** Whether a text is a wall time as the browser's field gives it. */
export const isWallTime = (text: string): boolean =>
  /^\d{4}-\d\d-\d\dT\d\d:\d\d$/.test(text) && !Number.isNaN(wallInstant(text));

/** The minutes that somebody typed, if a session can take so many. */
export function minutesIn(text: string): number | undefined {
  const minutes = Number(text);
  return /^\d+$/.test(text.trim()) && minutes >= 5 && minutes <= 1440 ? minutes : undefined;
}
