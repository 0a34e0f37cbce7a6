/** Days as YYYY-MM-DD, months as YYYY-MM: the calendar's own arithmetic, in no time zone at all. */

const atNoon = (day: string): Date => new Date(`${day}T12:00:00Z`);
const toDay = (date: Date): string => date.toISOString().slice(0, 10);

export const monthOf = (day: string): string => day.slice(0, 7);

/** A month so many months later (or, below zero, earlier). */
export function monthAfter(month: string, count: number): string {
  const date = atNoon(`${month}-01`);
  date.setUTCMonth(date.getUTCMonth() + count);
  return toDay(date).slice(0, 7);
}

export function dayAfter(day: string, count: number): string {
  const date = atNoon(day);
  date.setUTCDate(date.getUTCDate() + count);
  return toDay(date);
}

/** The same day of an earlier month; the month's last day where it is shorter. */
export function monthsBefore(day: string, count: number): string {
  const month = monthAfter(monthOf(day), -count);
  const last = dayAfter(`${monthAfter(month, 1)}-01`, -1);
  const same = `${month}-${day.slice(8)}`;
  return same > last ? last : same;
}

/** The weeks of a month, each seven days from `firstDay` (1 Monday to 7 Sunday); days of other months are undefined. */
export function weeksOf(month: string, firstDay: number): (string | undefined)[][] {
  const first = `${month}-01`;
  const weekday = atNoon(first).getUTCDay() || 7;
  const lead = (weekday - firstDay + 7) % 7;
  const weeks: (string | undefined)[][] = [];
  for (let start = dayAfter(first, -lead); monthOf(start) <= month; start = dayAfter(start, 7)) {
    const days = Array.from({ length: 7 }, (_, at) => dayAfter(start, at));
    weeks.push(days.map((day) => (monthOf(day) === month ? day : undefined)));
  }
  return weeks;
}

interface WithWeekInfo extends Intl.Locale {
  readonly weekInfo?: { readonly firstDay: number };
  getWeekInfo?(): { readonly firstDay: number };
}

/** Which weekday begins a week where the person lives: 1 Monday to 7 Sunday. */
export function firstDayOf(locale: string): number {
  const known: WithWeekInfo = new Intl.Locale(locale);
  return (known.getWeekInfo?.() ?? known.weekInfo)?.firstDay ?? 1;
}
