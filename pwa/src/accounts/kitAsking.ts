import { daysToDosing } from "../appointments/dosingDay";
import type { Appointment, Kit } from "../store";

/** Days before the first dosing session from which on a kit that was put off is come back to. */
const NEAR = 7;

/**
 * What there is to ask about the kit: to keep one at last, whether the one that was kept is still there, or nothing. Never
 * on the day of a dosing session or the day after. `appointments`: a patient's own; what a therapist gives silences nothing.
 */
export function kitAsking(
  kit: Pick<Kit, "kept" | "again" | "beforeDosing">,
  appointments: readonly Appointment[],
  now: Date,
): "keep" | "still-there" | undefined {
  const days = daysToDosing(appointments, now);
  if (days.some((until) => until === 0 || until === -1)) return undefined;
  const dosingNear = kit.beforeDosing && days.some((until) => until <= NEAR);
  const isTime = dosingNear || (kit.again !== undefined && kit.again <= now.getTime());
  if (!isTime) return undefined;
  return kit.kept ? "still-there" : "keep";
}
