import type { Appointment } from "../store";
import { isOpen } from "../store/appointmentStates";
import { isOver } from "./wallTimes";

/** A patient's sessions in the order in which they matter. */
export interface Ordered {
  readonly next: Appointment | undefined;
  /** What follows; also what was cancelled and would be to come: nobody sets out for it then. */
  readonly after: readonly Appointment[];
  /** The newest first. */
  readonly past: readonly Appointment[];
}

/** Puts a list, given in order of start, into the order of a patient's screen. */
export function ordered(list: readonly Appointment[], now: Date): Ordered {
  const ahead = list.filter((one) => !isOver(one, now) && one.state !== "fulfilled" && one.state !== "missed");
  const next = ahead.find(isOpen);
  return {
    next,
    after: ahead.filter((one) => one !== next),
    past: list.filter((one) => !ahead.includes(one)).reverse(),
  };
}
