/** Entries of the same day in earlier months and years. */

import type { Entry } from "../store";
import { monthsBefore } from "./calendar";

const MONTHS = { month: 1, year: 12 } as const;
export type Before = keyof typeof MONTHS;

/** What was written a month and a year before `today` (YYYY-MM-DD), each where there is something. */
export function entriesBefore(entries: readonly Entry[], today: string): { when: Before; entries: Entry[] }[] {
  return (Object.keys(MONTHS) as Before[])
    .map((when) => {
      const day = monthsBefore(today, MONTHS[when]);
      // The day as its writer's clock had it: the first ten characters of RFC 3339.
      return { when, entries: entries.filter((entry) => entry.written.startsWith(day)) };
    })
    .filter(({ entries: found }) => found.length > 0);
}
