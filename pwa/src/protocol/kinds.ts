import type { Schema } from "@cfworker/json-schema";
import { KindError } from "./errors";
import type { JsonObject } from "./ijson";

/** What the owner asks of a reader: 0 for our session, 1 to read, 2 please read soon. */
export type Attention = 0 | 1 | 2;

/** A reader, as the owner names one inside the body. */
export type Reader = { account: string; key_id: string; attention: Attention };

/** What every record says. Unknown fields are kept when a client saves. */
export type RecordContent = JsonObject & {
  kind: string;
  v: number;
  readers: Reader[];
  /** The generation of the owner's keys under which it was saved; without it the first. */
  gen?: number;
};

/** What a person writes in an entry. Instants are RFC 3339 with offset, zones IANA names, sliders 0 to 10. */
export type EntryFields = {
  form: string;
  written: string;
  zone: string;
  text: string;
  sliders: { [name: string]: number };
  feelings: string[];
};

export type EntryContent = RecordContent &
  EntryFields & {
    /** Given back by a therapist after every way in was lost: which record it had been, by whom, when it was taken in. */
    given_back?: { record: string; account: string; name: string; at: string };
  };
/** An entry that a former account had shared: `json` is what it said without its readers, `created` when the server got it. */
export type ReturnedContent = RecordContent & { record: string; created: string; json: EntryFields & JsonObject };
/** `revision` is the one of the entry that it answers. */
export type CommentContent = RecordContent & {
  text: string;
  revision: number;
  written?: string;
  zone?: string;
  /** Kept by the entry's owner when working together ended: whose words these are, and which record they were. */
  kept?: { record: string; account: string; name: string };
};
/** How what is read is answered. */
export type Answers = "written" | "in-session";
export type AgreementContent = RecordContent & {
  written: string;
  zone: string;
  version: number;
  patient: string;
  text: string;
  answers: Answers;
};
/** Answers a "please read soon" (`received`) or an agreement (`accepted`). */
export type ReceiptContent = RecordContent & { written: string; purpose: "accepted" | "received"; revision: number };
/** A role of an account. */
export type Role = "patient" | "therapist";
/** `key` is 32 bytes in standard base64. */
export type ContactContent = RecordContent & {
  account: string;
  key: string;
  name: string;
  role: Role;
  practice?: string;
  verified: { how: string; at: string; invitation?: string };
  /** The generation of one's own keys that this contact has pinned; without it the first. */
  knows?: number;
  /** Keys of the same account before this one, newest first, in base64. */
  former?: string[];
  /** The contact in whose place this one stands. */
  replaces?: string;
};
export type InvitationState = "open" | "answered" | "withdrawn" | "expired";
/** The record's id is the invitation's; `secret` (32 bytes, base64) goes once a key is pinned. */
export type InvitationContent = RecordContent & {
  name: string;
  created: string;
  expires: string;
  secret?: string;
  state: InvitationState;
  contact?: string;
  /** The contact from whose page it was made. */
  reconnects?: string;
};
export type SettingsContent = RecordContent & {
  name: string;
  language?: string;
  agreement?: { text: string; answers: Answers; version: number };
  /** What is known of the recovery kit that opens this slot. */
  kit?: { slot: string; kept: boolean; again: string; before_dosing?: boolean };
  /** Series of appointments whose plan was reviewed after three sessions. */
  plans_reviewed?: string[];
};
/** An unsent change to a shared entry; `base` is the revision that it starts from. */
export type DraftContent = RecordContent & {
  written: string;
  base: number;
  entry: EntryFields & JsonObject;
  /** What it started from. */
  from?: EntryFields;
};

/** What the therapist says of a session, for the patient; `appointment` is the server's. */
export type AppointmentContent = RecordContent & {
  appointment: string;
  place?: string;
  link?: string;
  bring?: string;
  mind?: string;
  reason?: string;
  steps?: SealedStep[];
};
/** What to do before a session; `at` counts back from its day, on the patient's clock (HH:MM). */
export type SealedStep = JsonObject & { id: string; text: string; at?: { days_before: number; time: string } };

/** Which steps before an appointment a patient has done. */
export type ReadinessContent = RecordContent & { appointment: string; done: string[] };

/** A therapist's own template of a series; `day` counts from the first session. */
export type RegimenContent = RecordContent & {
  name: string;
  sessions: { kind: "preparation" | "dosing" | "integration" | "check-in"; day: number; minutes: number }[];
};

/** Of one own record: id, epoch, revision, {@link shortHash} of its body, or `""` where it was deleted after that revision. */
export type Listed = [string, number, number, string];
/** What of its own an account held at a time, in a database of the server; the ledger itself isn't listed. */
export type LedgerContent = RecordContent & { gen: number; at: string; incarnation: string; records: Listed[] };

type Check = (value: unknown) => boolean;
let check: Promise<Check> | undefined;

async function loadCheck(): Promise<Check> {
  const [{ Validator }, schema] = await Promise.all([
    import("@cfworker/json-schema"),
    import("../../../protocol/kinds.schema.json"),
  ]);
  // A JSON module's strings are typed as any string; the validator wants the names of JSON Schema.
  const validator = new Validator(schema.default as Schema, "2020-12");
  return (value) => validator.validate(value).valid;
}

/**
 * Gives `value` back as the content of a record. Throws {@link KindError} when `kinds.schema.json` refuses it or an
 * account stands twice among its readers. A kind that this version doesn't know passes: it is kept, not shown.
 */
export async function requireKind(value: JsonObject): Promise<RecordContent> {
  check ??= loadCheck();
  // A load that failed without network is tried again by the next call.
  check.catch(() => {
    check = undefined;
  });
  if (!(await check)(value)) throw new KindError("not what its kind asks for");
  const content = value as RecordContent;
  const accounts = new Set(content.readers.map((reader) => reader.account));
  if (accounts.size !== content.readers.length) throw new KindError("a reader named twice");
  return content;
}
