import type { Appointment } from "../store";

const DAY = 86_400_000; // ms

/** What the clock on the wall shows in a zone, YYYY-MM-DDTHH:MM; in the device's own where this runtime doesn't know it. */
function wallTime(at: number, zone: string): string {
  const shown = (timeZone?: string): string =>
    new Intl.DateTimeFormat("sv-SE", {
      dateStyle: "short",
      timeStyle: "short",
      ...(timeZone && { timeZone }),
    }).format(at);
  try {
    return shown(zone).replace(" ", "T");
  } catch {
    return shown().replace(" ", "T");
  }
}

/** Whether the day before a long session has come to its noon: the time to see that its reminders arrive. Until it begins. */
export function isNear({ kind, starts, zone, startsAt }: Appointment, now: number): boolean {
  if (kind !== "dosing" || now >= Date.parse(startsAt)) return false;
  const dayBefore = new Date(Date.parse(`${starts.slice(0, 10)}T12:00:00Z`) - DAY).toISOString().slice(0, 10);
  return wallTime(now, zone) >= `${dayBefore}T12:00`;
}
