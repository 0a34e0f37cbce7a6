/** Days and times in the reader's own locale: relative within a week, plain dates beyond. */

import { say, speech } from "./language.svelte";

type Moment = string | Date;

const asDate = (moment: Moment): Date => (typeof moment === "string" ? new Date(moment) : moment);

/** The options with the zone, where this runtime knows it: an entry may name one that is newer than the runtime. */
function inZone(options: Intl.DateTimeFormatOptions, zone: string | undefined): Intl.DateTimeFormatOptions {
  if (!zone) return options;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return { ...options, timeZone: zone };
  } catch {
    return options;
  }
}

/** Making a formatter takes longer than a hundred uses of one: a list of days needs few. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatterOf(
  locale: string,
  options: Intl.DateTimeFormatOptions,
  zone: string | undefined,
): Intl.DateTimeFormat {
  const key = JSON.stringify([locale, options, zone]);
  const known = formatters.get(key) ?? new Intl.DateTimeFormat(locale, inZone(options, zone));
  formatters.set(key, known);
  return known;
}

function format(moment: Moment, options: Intl.DateTimeFormatOptions, zone?: string): string {
  return formatterOf(speech.locale, options, zone).format(asDate(moment));
}

/** The calendar day of an instant in a zone, as YYYY-MM-DD: what entries are grouped by. */
export function dayOf(moment: Moment, zone?: string): string {
  const parts = { year: "numeric", month: "2-digit", day: "2-digit" } as const;
  return formatterOf("en-CA", parts, zone).format(asDate(moment));
}

/** Whole calendar days from `moment` to `now`; negative for a day to come. */
function daysAgo(moment: Moment, now: Date, zone?: string): number {
  const noon = (day: string): number => Date.parse(`${day}T12:00:00Z`);
  return Math.round((noon(dayOf(now, zone)) - noon(dayOf(moment, zone))) / 86_400_000);
}

/** "22:41". */
export const clock = (moment: Moment, zone?: string): string => format(moment, { timeStyle: "short" }, zone);

/** A heading for a day: "Today", "Yesterday", "Sunday", then "Sunday 15 November", with the year once it is another. */
export function dayHeading(moment: Moment, zone?: string, now = new Date()): string {
  const ago = daysAgo(moment, now, zone);
  if (ago === 0) return say().when.today;
  if (ago === 1) return say().when.yesterday;
  if (ago > 1 && ago < 7) return capitalised(format(moment, { weekday: "long" }, zone));
  return capitalised(
    format(moment, { weekday: "long", day: "numeric", month: "long", ...yearIfOther(moment, now) }, zone),
  );
}

/** Short, for a line: "today", "Mon" within a week, else "24 Nov". */
export function shortDay(moment: Moment, zone?: string, now = new Date()): string {
  const ago = daysAgo(moment, now, zone);
  if (ago === 0) return say().when.todayInLine;
  if (Math.abs(ago) < 7) return format(moment, { weekday: "short" }, zone);
  return format(moment, { day: "numeric", month: "short", ...yearIfOther(moment, now) }, zone);
}

/** Whole: "Tuesday 17 November, 22:41". */
export function fullMoment(moment: Moment, zone?: string, now = new Date()): string {
  const day = format(moment, { weekday: "long", day: "numeric", month: "long", ...yearIfOther(moment, now) }, zone);
  return `${capitalised(day)}, ${clock(moment, zone)}`;
}

/** A month as a heading: "November 2026"; `month` is YYYY-MM. */
export const monthHeading = (month: string): string =>
  capitalised(format(`${month}-15T12:00:00Z`, { month: "long", year: "numeric" }, "UTC"));

/** A weekday's short and whole name; `day` is any such day, YYYY-MM-DD. */
export const weekday = (day: string): { short: string; whole: string } => ({
  short: format(`${day}T12:00:00Z`, { weekday: "short" }, "UTC"),
  whole: format(`${day}T12:00:00Z`, { weekday: "long" }, "UTC"),
});

/** A day as it is spoken in a calendar: "17 November"; `day` is YYYY-MM-DD. */
export const spokenDay = (day: string): string => format(`${day}T12:00:00Z`, { day: "numeric", month: "long" }, "UTC");

/** A date that stands on paper: "17 November 2026". */
export const longDate = (moment: Moment, zone?: string): string =>
  format(moment, { day: "numeric", month: "long", year: "numeric" }, zone);

function yearIfOther(moment: Moment, now: Date): Intl.DateTimeFormatOptions {
  return asDate(moment).getFullYear() === now.getFullYear() ? {} : { year: "numeric" };
}

const capitalised = (text: string): string => text.charAt(0).toLocaleUpperCase(speech.locale) + text.slice(1);

/** Names as a list in a sentence: "Dr. Rivera and Dr. Okafor". */
export const namesOf = (names: readonly string[]): string =>
  new Intl.ListFormat(speech.locale, { type: "conjunction" }).format(names);
