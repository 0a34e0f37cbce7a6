/** Times of sessions in words: what the server says the clock on the wall shows, never worked out here. */

import { clock, dayOf, fullMoment } from "../messages/dates";
import { sayMore, speech } from "../messages/language.svelte";
import { counted } from "../messages/plurals";
import type { Appointment, Step } from "../store";

const DAY = 86_400_000;

/** A wall time (`YYYY-MM-DDTHH:MM`) as an instant of a clock without zones, to count and to print with. */
export const wallInstant = (wall: string): number => Date.parse(`${wall}:00Z`);

/** A wall time so many days later; the hour stays. */
export const daysLater = (wall: string, days: number): string =>
  new Date(wallInstant(wall) + days * DAY).toISOString().slice(0, 16);

/** The wall time of a clock without zones. */
export const wallOf = (instant: number): string => new Date(instant).toISOString().slice(0, 16);

/** "Tuesday 1 December, 14:00". */
export const wholeTime = (wall: string, now = new Date()): string => fullMoment(`${wall}:00Z`, "UTC", now);

/** "14:00". */
export const hourOf = (wall: string): string => clock(`${wall}:00Z`, "UTC");

/** Calendar days from today in a zone to the day of a wall time; negative for a day that has been. */
export function daysUntil(wall: string, zone: string, now: Date): number {
  const noon = (day: string): number => Date.parse(`${day}T12:00:00Z`);
  return Math.round((noon(wall.slice(0, 10)) - noon(dayOf(now, zone))) / DAY);
}

/** Whether a session has begun, by the instant that the server gave. */
export const hasBegun = ({ startsAt }: Pick<Appointment, "startsAt">, now: Date): boolean =>
  Date.parse(startsAt) <= now.getTime();

/** Whether a session is over. */
export const isOver = ({ startsAt, minutes }: Pick<Appointment, "startsAt" | "minutes">, now: Date): boolean =>
  Date.parse(startsAt) + minutes * 60_000 <= now.getTime();

/** "In 5 days", "Tomorrow", "Now", "3 days ago". */
export function countdown(
  appointment: Pick<Appointment, "starts" | "startsAt" | "minutes" | "zone">,
  now: Date,
): string {
  const words = sayMore().sessions;
  if (hasBegun(appointment, now) && !isOver(appointment, now)) return words.now;
  const days = daysUntil(appointment.starts, appointment.zone, now);
  if (days === 0) return words.today;
  if (days === 1) return words.tomorrow;
  return counted(speech.locale, Math.abs(days), days > 0 ? words.inDays : words.ago);
}

/** What stands largest above a session: how many days there are, or that it is off. */
export const headline = (appointment: Appointment, now: Date): string =>
  appointment.state === "cancelled" ? sayMore().sessions.off : countdown(appointment, now);

/** "1 hr, 30 min". */
export function lengthInWords(minutes: number): string {
  const unit = (value: number, name: "hour" | "minute"): string =>
    new Intl.NumberFormat(speech.locale, { style: "unit", unit: name, unitDisplay: "short" }).format(value);
  const parts = [
    ...(minutes >= 60 ? [unit(Math.floor(minutes / 60), "hour")] : []),
    ...(minutes % 60 > 0 ? [unit(minutes % 60, "minute")] : []),
  ];
  return new Intl.ListFormat(speech.locale, { type: "unit", style: "short" }).format(parts);
}

/** "Madrid time" where the person is elsewhere by their own clock; nothing where they aren't. */
export function zoneBeside(zone: string, own = Intl.DateTimeFormat().resolvedOptions().timeZone): string | undefined {
  if (zone === own) return undefined;
  const place = (zone.split("/").pop() ?? zone).replaceAll("_", " ");
  return sayMore().sessions.zone(place);
}

/** When a step is due, as a wall time of the patient's; undefined for one without an hour. */
export const stepTime = ({ at }: Step, starts: string): string | undefined =>
  at && `${daysLater(starts, -at.daysBefore).slice(0, 10)}T${at.time}`;
