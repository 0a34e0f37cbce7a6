import type { Appointment } from "../store";
import { daysUntil } from "./wallTimes";

/** Whether there is a dosing session on this day, where it takes place; with `account`, or with anybody. */
export function isDosingDay(list: readonly Appointment[], now: Date, account?: string): boolean {
  return list.some(
    (one) =>
      one.kind === "dosing" &&
      one.state !== "cancelled" &&
      one.state !== "missed" &&
      (account === undefined || one.account === account) &&
      daysUntil(one.starts, one.zone, now) === 0,
  );
}
