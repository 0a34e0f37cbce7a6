/** What the app writes into records of each kind. */
import {
  type EntryFields,
  type InvitationContent,
  type JsonObject,
  type Party,
  type Role,
  toBase64,
} from "../protocol";
import type { Environment } from "./environment";

/** This moment as RFC 3339 with the offset of the person's zone, and the zone's name. */
export function stamp(environment: Pick<Environment, "now" | "timeZone">): { written: string; zone: string } {
  const now = environment.now();
  const zone = environment.timeZone;
  return { written: inZone(now, zone), zone };
}

function inZone(now: number, zone: string): string {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    timeZoneName: "longOffset",
  }).formatToParts(now);
  const part = (type: Intl.DateTimeFormatPartTypes) => parts.find((other) => other.type === type)?.value ?? "";
  const offset = /GMT([+-]\d\d:\d\d)/.exec(part("timeZoneName"))?.[1] ?? "+00:00";
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}:${part("second")}${offset}`;
}

const DAY = 86_400_000;
const offsetIn = (at: number, zone: string): number => {
  const written = inZone(at, zone);
  return Date.parse(`${written.slice(0, 19)}Z`) - Date.parse(written);
};

/**
 * A wall time (`YYYY-MM-DDTHH:MM`) in a zone, as RFC 3339 with its offset. One that daylight saving skips moves forward by
 * the gap; of one that occurs twice it is the first.
 */
export function writtenAt(wall: string, zone: string): string {
  const guess = Date.parse(`${wall.slice(0, 16)}:00Z`);
  const offsets = [offsetIn(guess - DAY, zone), offsetIn(guess + DAY, zone)].sort((a, b) => b - a);
  const fitting = offsets.map((offset) => inZone(guess - offset, zone)).find((at) => at.startsWith(wall.slice(0, 16)));
  return fitting ?? inZone(guess - Math.min(...offsets), zone);
}

/**
 * Whether nobody can answer an open invitation any more: it is too old at `now` (ms), or bound to keys of an earlier
 * generation than `gen`, and who had those may have read its secret.
 */
export function isOver(invitation: InvitationContent, gen: number, now: number): boolean {
  return Date.parse(invitation.expires) <= now || (invitation.gen ?? 1) < gen;
}

/** A contact, pinned by an invitation; `replaces` is the one in whose place it stands. */
export function newContact(
  party: Party,
  role: Role,
  practice: string | undefined,
  verified: { at: string; invitation: string },
  replaces?: string,
  knows = 1,
): JsonObject {
  return {
    kind: "contact",
    v: 1,
    account: party.account,
    key: toBase64(party.publicKey),
    name: party.name,
    role,
    ...(practice ? { practice } : {}),
    verified: { how: replaces ? "reconnect" : "invitation", ...verified },
    ...(replaces && { replaces }),
    ...(knows > 1 && { knows }),
  };
}

/** An entry that nobody has written in yet. */
export function emptyEntry(environment: Pick<Environment, "now" | "timeZone">): EntryFields {
  return { form: "free", ...stamp(environment), text: "", sliders: {}, feelings: [] };
}

const ENTRY_FIELDS = ["form", "written", "zone", "text", "sliders", "feelings", "prompt", "attachments"] as const;

/** The fields of an entry, without what surrounds them in a record. */
export function entryFields(content: JsonObject): EntryFields {
  const fields: JsonObject = {};
  for (const name of ENTRY_FIELDS) {
    const value = content[name];
    if (value !== undefined) fields[name] = value;
  }
  // The schema of the kinds has checked them.
  return fields as EntryFields;
}
