/** What screens see of the sessions in the calendar: a part of {@link ./interface}. */
import type { Comment } from "./interface";

/** What kind of session it is. */
export type AppointmentKind = "preparation" | "dosing" | "integration" | "check-in";
export type AppointmentState = "proposed" | "confirmed" | "change-requested" | "cancelled" | "fulfilled" | "missed";
export type AppointmentOutcome = "fulfilled" | "missed" | "cancelled" | "reopened";
export type AppointmentAnswer = "confirm" | "ask-for-another-time";
/** What was done to an appointment. */
export type AppointmentDeed = "booked" | "moved" | "confirmed" | "change-requested" | "reopened" | AppointmentOutcome;

/** What to do before a session. */
export interface Step {
  readonly id: string;
  readonly text: string;
  /** So many days before the session's day, at an hour of the patient's clock, HH:MM. */
  readonly at?: { readonly daysBefore: number; readonly time: string };
}

/** What the therapist says of a session: sealed, for the patient alone. Empty ones are left out. */
export interface AppointmentDetails {
  readonly place?: string;
  /** An https address. */
  readonly link?: string;
  readonly bring?: string;
  readonly mind?: string;
  /** Why it was cancelled. */
  readonly reason?: string;
  readonly steps?: readonly Step[];
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
  /** Where this device had it before it was moved, a wall time, until it is answered again. */
  readonly movedFrom: string | undefined;
  /** All that were laid out together have the same. */
  readonly series: string | undefined;
  /** The other side, and their name. */
  readonly account: string;
  readonly name: string;
  readonly details: AppointmentDetails;
  /** Steps that are done, by id: the patient's own, nobody else knows. */
  readonly done: readonly string[];
  /** The sealed record with the details: {@link Journal.setAnswer} and the like take it, and `comments` are below it. */
  readonly record: string | undefined;
  readonly comments: readonly Comment[];
}

/** An appointment to book, with what is said of it. */
export interface WantedAppointment {
  readonly kind: AppointmentKind;
  /** YYYY-MM-DDTHH:MM in `zone`. */
  readonly starts: string;
  readonly zone: string;
  readonly minutes: number;
  readonly details: AppointmentDetails;
}

/** One change of an appointment, and when it was after it. */
export interface AppointmentChange {
  readonly version: number;
  /** Whether it was oneself; else it was the other side. */
  readonly own: boolean;
  readonly at: string;
  readonly what: AppointmentDeed;
  readonly starts: string;
  readonly zone: string;
  readonly minutes: number;
}

/** One session of a series that isn't laid out yet: so many days after the first. */
export interface RegimenSession {
  readonly kind: AppointmentKind;
  readonly day: number;
  readonly minutes: number;
}

/** A therapist's own regimen, sealed. */
export interface OwnRegimen {
  readonly id: string;
  readonly name: string;
  readonly sessions: readonly RegimenSession[];
}

/** What a phone's calendar shows of a session: that there is an appointment, or which kind it is. */
export type CalendarWording = "discreet" | "plain";

export interface CalendarFeed {
  readonly wording: CalendarWording;
  readonly since: string;
  /** The last day on which a calendar fetched it, YYYY-MM-DD. */
  readonly lastRead: string | undefined;
}

/** The private feed that a phone's own calendar reads. Each rejects with `offline`. */
export interface CalendarFeeds {
  /** The feed that one has; undefined for none. */
  show(): Promise<CalendarFeed | undefined>;
  /** Makes it, or its address anew: the one before stops. Gives the address, this once. */
  make(wording: CalendarWording): Promise<string>;
  /** Changes what it shows, at the address that it has. */
  reword(wording: CalendarWording): Promise<void>;
  /** Ends it: its address stops at once. */
  end(): Promise<void>;
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
  /** Ticks a step off, or not after all: sealed, for oneself. Rejects with `unknown`, `locked`, `storage`. */
  tick(id: string, step: string, done: boolean): Promise<void>;
  /** Books one appointment or a series with a patient. Rejects with `offline`, `no-relation`, `locked`, `time`. */
  book(patient: string, wanted: readonly WantedAppointment[]): Promise<void>;
  /**
   * Moves one, and with `rest` all later ones of its series that aren't over by as many days: those of its kind to the same
   * hour and length. Rejects with `offline`, `changed-meanwhile`, `no-relation`, `time`.
   */
  move(id: string, starts: string, minutes: number, rest: boolean): Promise<void>;
  /** Says what became of one; with a `reason`, sealed, where it is cancelled. `reopened` undoes it. */
  settle(id: string, outcome: AppointmentOutcome, reason?: string): Promise<void>;
  /** Changes what is said of one. Rejects with `unknown`, `locked`, `storage`. */
  describe(id: string, details: AppointmentDetails): Promise<void>;
  /** Who did what to one and when, the newest first. Rejects with `offline`, `unknown`. */
  history(id: string): Promise<readonly AppointmentChange[]>;
  /** Where the server has one as a file for a calendar. */
  calendarFile(id: string): string;
  readonly feed: CalendarFeeds;
  /** A therapist's own regimens, by name. */
  readonly regimens: readonly OwnRegimen[];
  /** Keeps a regimen under a name. Rejects with `locked`, `storage`. */
  keepRegimen(name: string, sessions: readonly RegimenSession[]): Promise<void>;
  deleteRegimen(id: string): Promise<void>;
  /** Series whose plan the therapist has reviewed after three sessions. */
  readonly plansReviewed: readonly string[];
  markPlanReviewed(series: string): Promise<void>;
}
