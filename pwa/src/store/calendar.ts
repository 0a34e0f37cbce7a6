/** What screens see of the sessions in the calendar: a part of {@link ./interface}. */
import type { Comment } from "./interface";

/** What kind of session it is. */
export type AppointmentKind = "preparation" | "dosing" | "integration" | "check-in";
export type AppointmentState = "proposed" | "confirmed" | "change-requested" | "cancelled" | "fulfilled" | "missed";
export type AppointmentOutcome = "fulfilled" | "missed" | "cancelled" | "reopened";
export type AppointmentAnswer = "confirm" | "ask-for-another-time";

/** What the therapist says of a session: sealed, for the patient alone. Empty ones are left out. */
export interface AppointmentDetails {
  readonly place?: string;
  /** An https address. */
  readonly link?: string;
  readonly bring?: string;
  readonly mind?: string;
  /** Why it was cancelled. */
  readonly reason?: string;
}

export interface Appointment {
  readonly id: string;
  readonly kind: AppointmentKind;
  /** What the clock on the wall shows in `zone`, YYYY-MM-DDTHH:MM. */
  readonly starts: string;
  readonly zone: string;
  /** The instant, RFC 3339. */
  readonly startsAt: string;
  readonly minutes: number;
  /** With an answer of one's own that isn't sent yet. */
  readonly state: AppointmentState;
  /** An answer of one's own waits on this device. */
  readonly waiting: boolean;
  /** All that were laid out together have the same. */
  readonly series: string | undefined;
  /** The other side, and their name. */
  readonly account: string;
  readonly name: string;
  readonly details: AppointmentDetails;
  /** The sealed record with the details: {@link Journal.setAnswer} and the like take it, and `comments` are below it. */
  readonly record: string | undefined;
  readonly comments: readonly Comment[];
}

/** An appointment to book. */
export interface WantedAppointment {
  readonly kind: AppointmentKind;
  /** YYYY-MM-DDTHH:MM in `zone`. */
  readonly starts: string;
  readonly zone: string;
  readonly minutes: number;
}

export interface Appointments {
  /** Own appointments from 13 months ago on, in order of start, as last seen: known without network. */
  readonly list: readonly Appointment[];
  /** What isn't over, cancelled or missed. */
  readonly ahead: readonly Appointment[];
  /** The list has been here once: an empty one means that there is nothing. */
  readonly complete: boolean;
  appointment(id: string): Appointment | undefined;
  /**
   * The patient's answer to a time; made without network it goes out later. Rejects with `unknown`, `locked`, `storage`.
   */
  answer(id: string, answer: AppointmentAnswer): Promise<void>;
  /**
   * Books one appointment or a series with a patient; `details` go with each. Rejects with `offline`, `no-relation`, `locked`,
   * `time`.
   */
  book(patient: string, wanted: readonly WantedAppointment[], details: AppointmentDetails): Promise<void>;
  /** Moves one, and with `rest` all later ones of its series that aren't over by as many days and to the same hour. */
  move(id: string, starts: string, minutes: number, rest: boolean): Promise<void>;
  /** Says what became of one; with a `reason`, sealed, where it is cancelled. `reopened` undoes it. */
  settle(id: string, outcome: AppointmentOutcome, reason?: string): Promise<void>;
}
