/**
 * The regimens that come with the app, as data: which sessions follow one another after how many days. Nothing here is
 * advice. Each only saves typing, and every date can be changed before it is booked.
 */
import type { AppointmentKind, RegimenSession } from "../store";
import { daysLater, wallInstant } from "./wallTimes";

/** How long a session of each kind takes unless somebody says otherwise, in minutes. */
export const MINUTES: Readonly<Record<AppointmentKind, number>> = {
  preparation: 60,
  dosing: 120,
  integration: 50,
  "check-in": 30,
};
/** Under the effect of an injection, and of a lozenge, one stays longer in the room. */
const LONG = 180;

const DAY = 86_400_000;
const WEEK = 7;

const sessions = (kind: AppointmentKind, days: readonly number[], minutes = MINUTES[kind]): RegimenSession[] =>
  days.map((day) => ({ kind, day, minutes }));

/** So many days, `every` so many from `first` on. */
const each = (count: number, first: number, every: number): number[] =>
  Array.from({ length: count }, (_, at) => first + at * every);

/** Twice a week, as on Monday and Thursday, for so many weeks. */
const twiceWeekly = (weeks: number): number[] => each(weeks, 0, WEEK).flatMap((day) => [day, day + 3]);
/** Three times a week, as on Monday, Wednesday and Friday, so many in all. */
const thriceWeekly = (count: number): number[] =>
  each(Math.ceil(count / 3), 0, WEEK)
    .flatMap((day) => [day, day + 2, day + 4])
    .slice(0, count);

/** Two sessions to prepare, a week apart; then dosing sessions, each with one to integrate it two days after. */
const course = (dosing: readonly number[]): RegimenSession[] =>
  [
    ...sessions("preparation", [0, WEEK]),
    ...dosing.flatMap((day) => [...sessions("dosing", [day], LONG), ...sessions("integration", [day + 2])]),
  ].sort((a, b) => a.day - b.day);

/** Twice weekly for four weeks, weekly for four, then eight weeks of one session every so many days. */
const spray = (every: number): RegimenSession[] =>
  sessions("dosing", [...twiceWeekly(4), ...each(4, 4 * WEEK, WEEK), ...each((8 * WEEK) / every, 8 * WEEK, every)]);

/** By the name under which the messages call them. */
export const REGIMENS = {
  "infusions-six-two-weeks": sessions("dosing", thriceWeekly(6)),
  "infusions-six-three-weeks": sessions("dosing", twiceWeekly(3)),
  "infusions-eight": sessions("dosing", thriceWeekly(8)),
  /* Four weeks apart, so that the weekday stays. */
  "booster-monthly": sessions("dosing", each(6, 0, 4 * WEEK)),
  "booster-as-needed": sessions("dosing", [0]),
  "spray-then-weekly": spray(WEEK),
  "spray-then-fortnightly": spray(2 * WEEK),
  "course-injections": course(each(3, 2 * WEEK, 2 * WEEK)),
  "course-lozenges": course(each(6, 2 * WEEK, WEEK)),
} as const satisfies Record<string, readonly RegimenSession[]>;
export type RegimenName = keyof typeof REGIMENS;

/** A session with its date, before it is booked. */
export interface Dated {
  readonly kind: AppointmentKind;
  /** A wall time, YYYY-MM-DDTHH:MM. */
  readonly starts: string;
  readonly minutes: number;
}

/** Lays a regimen out from a first date and hour on, each session at that hour. */
export const laidOut = (regimen: readonly RegimenSession[], first: string): Dated[] =>
  regimen.map(({ kind, day, minutes }) => ({ kind, starts: daysLater(first, day), minutes }));

/** The regimen that dates make, in their order: days count from the first. */
export function regimenOf(dates: readonly Dated[]): RegimenSession[] {
  const inOrder = [...dates].sort((a, b) => wallInstant(a.starts) - wallInstant(b.starts));
  const dayOf = (wall: string): number => Date.parse(`${wall.slice(0, 10)}T12:00:00Z`);
  const first = dayOf(inOrder[0]?.starts ?? "");
  return inOrder.map(({ kind, starts, minutes }) => ({
    kind,
    day: Math.round((dayOf(starts) - first) / DAY),
    minutes,
  }));
}
