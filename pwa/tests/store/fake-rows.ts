/** What the fake server keeps. */
import type { Schemas } from "../../src/api/client";
import { slotOf } from "./fake-passkeys";

export interface Account {
  me: Omit<Schemas["Me"], "session" | "cursor">;
  auth: Map<string, string>;
  counter: number;
  /** Changes of the ways in. */
  access: number;
  changes: Map<string, number>;
}

export interface Stored {
  owner: string;
  view: Schemas["RecordView"] | undefined;
  revision: number;
  tombstone: string | undefined;
  grants: Map<string, Schemas["NewGrant"] & { epoch: number; granted: string }>;
  readings: Map<string, Partial<Schemas["GrantView"]>>;
  requests: Map<string, { revision: number; body: string }>;
  past: Schemas["RevisionView"][];
}

export interface Invited {
  inviter: string;
  redeemHash: string;
  shown: Schemas["NewInvitation"];
  view: Schemas["InvitationView"];
}

export const PRACTICE = {
  id: "00000000-0000-4000-8000-000000000001",
  name: "Harbour Practice",
  phone: "+1 555 0100",
  emergency_number: "911",
  reading_line: "Mondays and Thursdays",
  time_zone: "America/Vancouver",
};

/** What an account that has just been made is shown. */
export function meOf(account: Schemas["NewAccount"], role: "patient" | "therapist"): Account["me"] {
  return {
    id: account.id,
    role,
    email: account.email,
    gen: 1,
    locale: account.locale ?? "en",
    time_zone: account.time_zone ?? "UTC",
    settings_record: null,
    ledger_record: null,
    slots: [...account.slots.map(({ auth: _, ...slot }) => slot), ...slotOf(account.passkey)],
    identities: [account.identity],
  };
}
