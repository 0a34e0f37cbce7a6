import { dayAfter } from "../journal/calendar";
import type { Appointment } from "../store";

/** The sessions of one day, YYYY-MM-DD. */
export interface Day {
  readonly day: string;
  readonly sessions: readonly Appointment[];
}

/** A week with its first day. */
export interface Week {
  readonly start: string;
  readonly days: readonly Day[];
}

/** The first day of the week of a day; `firstDay` is 1 for Monday to 7 for Sunday. */
export function weekStart(day: string, firstDay: number): string {
  const weekday = new Date(`${day}T12:00:00Z`).getUTCDay() || 7;
  return dayAfter(day, -((weekday - firstDay + 7) % 7));
}

/** Sessions, given in order, by week and day; only days on which there are some. */
export function weeksIn(sessions: readonly Appointment[], firstDay: number): Week[] {
  const weeks: { start: string; days: { day: string; sessions: Appointment[] }[] }[] = [];
  for (const one of sessions) {
    const day = one.starts.slice(0, 10);
    const start = weekStart(day, firstDay);
    let week = weeks.find((other) => other.start === start);
    if (!week) {
      week = { start, days: [] };
      weeks.push(week);
    }
    const known = week.days.find((other) => other.day === day);
    if (known) known.sessions.push(one);
    else week.days.push({ day, sessions: [one] });
  }
  return weeks;
}
