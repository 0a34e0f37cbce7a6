import type { AppointmentState } from "./calendar";

const OPEN: readonly AppointmentState[] = ["proposed", "confirmed", "change-requested"];

/** Whether an appointment may still be answered, moved, held or cancelled. */
export const isOpen = ({ state }: { readonly state: AppointmentState }): boolean => OPEN.includes(state);
