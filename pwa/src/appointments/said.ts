/** What a therapist types about sessions, before it is sealed. */

import { sayMore } from "../messages/language.svelte";
import type { AppointmentDetails, AppointmentKind, Step } from "../store";

/** A step as it stands in its fields. */
export interface TypedStep {
  readonly id: string;
  text: string;
  /** "" for none: the step has no hour. */
  time: string;
  daysBefore: string;
}

export interface Said {
  place: string;
  link: string;
  bring: string;
  mind: string;
  steps: TypedStep[];
}

const typed = ({ id, text, at }: Step): TypedStep => ({
  id,
  text,
  time: at?.time ?? "",
  daysBefore: String(at?.daysBefore ?? 0),
});

/** The fields as details stand. */
export const saidIn = ({ place = "", link = "", bring = "", mind = "", steps = [] }: AppointmentDetails): Said => ({
  place,
  link,
  bring,
  mind,
  steps: steps.map(typed),
});

/** What a field that grows with its words holds, as the one line that it is. */
const line = (text: string): string => text.replace(/\s+/g, " ").trim();

/** The details that the fields make; `reason` stays as it was. */
export function detailsOf({ steps, place, ...words }: Said, reason?: string): AppointmentDetails {
  return {
    ...words,
    place: line(place),
    ...(reason === undefined ? {} : { reason }),
    steps: steps.map(({ id, text, time, daysBefore }) => ({
      id,
      text: line(text),
      ...(time === "" ? {} : { at: { daysBefore: Number(daysBefore), time } }),
    })),
  };
}

/** Whether a link can be sealed: what begins with https:// and has no spaces, or nothing. */
export const isLink = (link: string): boolean => link.trim() === "" || /^https:\/\/[!-~]+$/.test(link.trim());

export const newStep = (text = "", daysBefore = 0, time = ""): TypedStep => ({
  id: crypto.randomUUID(),
  text,
  daysBefore: String(daysBefore),
  time,
});

/** The steps that are offered before a session of this kind. */
export function preparedSteps(kind: AppointmentKind): TypedStep[] {
  if (kind !== "dosing") return [];
  const { fasting, ride, intention } = sayMore().booking.prepared;
  return [newStep(intention, 1, "20:00"), newStep(fasting, 0, "06:00"), newStep(ride)];
}
