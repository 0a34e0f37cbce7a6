/** What screens see of reminders: a part of {@link ./interface}. Fetched with {@link Aftertide.reminders} when first needed. */
import type { Schemas } from "../api/client";

/** What a person wants to be told and when; which parts it has depends on its kind (`server/reminders/structs.py`). */
export type Rule = Schemas["Rule"];
export type RuleKind = Rule["kind"];
/** All of it, as it is sent back whole; weekdays and days off are bits, Monday the lowest. */
export type ReminderSettings = Schemas["ReminderSettings"];
/** One reminder and what became of it, or will; instants are RFC 3339 strings. */
export type Reminder = Schemas["ReminderView"];
export type PushDevice = Schemas["PushDevice"];
export type MailState = Schemas["MailView"];
export type Unreachable = Schemas["Unreachable"];

/**
 * How it stands on this device. `unknown` until the server has answered; `unable`: this browser takes no pushes, or not in a
 * private window; `install-first`: only from the home screen; `refused`: the browser was told not to; `off`: could be
 * turned on; `stopped`: was on and takes nothing any more; `on`: what is sent is shown, or nothing was sent yet; `failing`:
 * what was sent last didn't arrive.
 */
export type PhoneState = "unknown" | "unable" | "install-first" | "refused" | "off" | "stopped" | "on" | "failing";

export interface Phone {
  readonly state: PhoneState;
  /** The person had reminders here, and this device no longer takes them: it is said until they are on, or off, again. */
  readonly lost: boolean;
  /** Compares what this browser has with what the server has, and renews it. Never asks the person, never rejects. */
  look(): Promise<void>;
  /** Asks the browser, which asks the person, and subscribes. Call it on a press. Rejects with `push-service`, `offline`. */
  allow(): Promise<void>;
  /** No more reminders on this device. Rejects with `offline`. */
  turnOff(): Promise<void>;
  /** Takes away what this browser has for whoever was here. Never rejects. */
  forget(): Promise<void>;
}

export interface Reminders {
  readonly phone: Phone;
  /** Other devices that take reminders, or did; undefined until {@link Reminders.open}. */
  readonly others: readonly PushDevice[] | undefined;
  readonly mail: MailState | undefined;
  readonly settings: ReminderSettings | undefined;
  /** How the settings were when another device changed them meanwhile; undefined when that hasn't happened. */
  readonly before: ReminderSettings | undefined;
  /** The zone that reminders follow (IANA); undefined until it is known. */
  readonly zone: string | undefined;
  /** The zone that this device is in. */
  readonly phoneZone: string;
  /** The test asked for last, followed until something became of it. */
  readonly test: Reminder | undefined;
  /** From 60 days ago to 30 days ahead, latest first. */
  readonly history: readonly Reminder[] | undefined;
  /** A therapist's patients whom reminders may not reach, by account. */
  readonly unreachable: ReadonlyMap<string, Unreachable> | undefined;

  /** Fetches everything that the screen of reminders shows. Rejects with `offline`. */
  open(): Promise<void>;
  /**
   * Changes the settings and gives whether they were as seen. Where another device changed them meanwhile nothing is
   * changed: `settings` are the new ones, `before` those that were seen. Rejects with `offline`.
   */
  change(edit: (settings: ReminderSettings) => ReminderSettings): Promise<boolean>;
  /** The person has seen what another device changed. */
  dismissBefore(): void;
  /** Reminders follow the zone of this device. Rejects with `offline`. */
  followPhone(): Promise<void>;
  /** Whether mail may come. Rejects with `offline`. */
  wantMail(wanted: boolean): Promise<void>;
  /** Mails the link that confirms the address. Rejects with `mail-off`, `mail-not-sent`, `mailbox-refused`, `slow-down`, `offline`. */
  askForConfirmation(): Promise<void>;
  /** Confirms an address by what its link carried; needs nobody signed in. Rejects with `link-gone`, `offline`. */
  confirmMail(token: string): Promise<void>;
  /** Stops a person's mail by what a letter carried; needs nobody signed in. Rejects with `link-gone`, `offline`. */
  stopMail(token: string): Promise<void>;
  /** Fetches whether mail may come. Rejects with `offline`. */
  openMail(): Promise<void>;
  /** Sends a test to all of one's devices. Rejects with `slow-down`, `offline`. */
  sendTest(): Promise<void>;
  /** Rejects with `offline`. */
  openHistory(): Promise<void>;
  /** Rejects with `offline`. */
  openUnreachable(): Promise<void>;
}
