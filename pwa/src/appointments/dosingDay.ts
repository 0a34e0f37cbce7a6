import type { Appointment } from "../store";
import { daysUntil } from "./wallTimes";

/** The dosing sessions that are to be or were; with `account`, or with anybody. */
const dosing = (list: readonly Appointment[], account?: string): Appointment[] =>
  list.filter(
    (one) =>
      one.kind === "dosing" &&
      one.state !== "cancelled" &&
      one.state !== "missed" &&
      (account === undefined || one.account === account),
  );

/** Calendar days to each dosing session, where it takes place; negative for one that has been. */
export const daysToDosing = (list: readonly Appointment[], now: Date, account?: string): number[] =>
  dosing(list, account).map(({ starts, zone }) => daysUntil(starts, zone, now));

/** Whether there is a dosing session on this day, where it takes place; with `account`, or with anybody. */
export const isDosingDay = (list: readonly Appointment[], now: Date, account?: string): boolean =>
  daysToDosing(list, now, account).includes(0);
