import { describe, expect, test } from "vitest";
import {
  type Attention,
  canonicalEmail,
  compareGrants,
  compareOwnGrant,
  counts,
  ctx,
  deriveAccountKeys,
  fromBase64,
  fromBase64Url,
  GrantError,
  importIdentity,
  isSealedLength,
  judgeArrival,
  type KeyRole,
  kitSecrets,
  macKey,
  newRecordKey,
  open,
  openBody,
  openGrant,
  openIdentity,
  openSlot,
  PaddingError,
  ProtocolError,
  pad,
  paddedLength,
  parseJsonObject,
  passkeySlotKey,
  printJson,
  publicKey,
  type RecordContent,
  type RecordHead,
  requireGeneration,
  requireId,
  requireKdf,
  requireKind,
  requireProof,
  requireSettablePassphrase,
  requireTombstone,
  type Seen,
  type SlotMethod,
  sealingKey,
  sealTo,
  unpad,
  unwrapRecordKey,
  utf8,
} from "../../src/protocol";
import {
  invitationKeys,
  judgeAnswer,
  openCard,
  readInvitationLink,
  requireInviterTag,
} from "../../src/protocol/invitations";
import { readKit } from "../../src/protocol/kit";
import { openPrevious } from "../../src/protocol/rotation";
import { readVectors } from "./vectors";

/** A case of `negative.json`: what its construction needs stands beside these (protocol/README.md). */
interface Case {
  name: string;
  construction: string;
  expect: "accepted" | "refused";
  [given: string]: unknown;
}

interface PartyGiven {
  account: string;
  key: string;
  name: string;
}

const cases = readVectors("negative.json") as Case[];

// The shared file is trusted to hold for each construction what protocol/README.md says.
const text = (given: Case, name: string) => given[name] as string;
const number = (given: Case, name: string) => given[name] as number;
const bytes = (given: Case, name: string) => fromBase64(text(given, name));
const party = (given: Case, name: string) => {
  const { account, key, name: called } = given[name] as PartyGiven;
  return { account, publicKey: fromBase64(key), name: called };
};
const head = (given: Case): RecordHead => ({
  record: text(given, "record"),
  owner: text(given, "owner"),
  about: (given.about as string | undefined) ?? "",
  epoch: number(given, "epoch"),
  revision: (given.revision as number | undefined) ?? 1,
  base: (given.base as string | undefined) ?? "",
});
const withReaders = (given: Case) => ({ readers: given.readers }) as unknown as RecordContent;

function refuseIf(fault: unknown): void {
  if (fault) throw new GrantError(String(fault));
}

const CONSTRUCTIONS: Record<string, (given: Case) => unknown> = {
  ctx: (given) => ctx(...(given.arguments as string[])),
  base64: (given) => fromBase64(text(given, "text")),
  b64u: (given) => fromBase64Url(text(given, "text")),
  id: (given) => requireId(text(given, "text")),
  json: (given) => {
    const value = parseJsonObject(bytes(given, "bytes"));
    expect(parseJsonObject(printJson(value))).toEqual(value);
  },
  pad: (given) => {
    const padded = pad(new Uint8Array(number(given, "length")));
    expect(padded).toHaveLength(number(given, "padded"));
    expect(paddedLength(number(given, "length") + 1)).toBe(number(given, "padded"));
  },
  unpad: (given) => unpad(bytes(given, "bytes")),
  "sealed-length": (given) => {
    if (!isSealedLength(number(given, "length"))) throw new PaddingError("not a step");
  },
  open: async (given) => open(await sealingKey(bytes(given, "key")), utf8(text(given, "aad")), bytes(given, "sealed")),
  argon2id: ({ kdf, m, t, p }) => requireKdf({ kdf, m, t, p } as Parameters<typeof requireKdf>[0]),
  email: (given) => canonicalEmail(text(given, "typed")),
  passphrase: (given) =>
    requireSettablePassphrase((given.typed as string | undefined) ?? String.fromCharCode(...(given.units as number[]))),
  kit: (given) => expect(readKit(text(given, "typed"))).toEqual(bytes(given, "secret")),
  slot: async (given) => {
    requireGeneration(number(given, "highest_gen"), number(given, "gen"));
    const { slotKey } = await kitSecrets(bytes(given, "secret"));
    const slot = { account: text(given, "account"), id: text(given, "id"), gen: number(given, "gen") };
    return openSlot(slotKey, { ...slot, method: given.method as SlotMethod }, bytes(given, "sealed"));
  },
  "passkey-slot": async (given) => {
    const slot = { account: text(given, "account"), id: text(given, "id"), gen: number(given, "gen") };
    return openSlot(await passkeySlotKey(bytes(given, "prf")), { ...slot, method: "passkey" }, bytes(given, "sealed"));
  },
  "private-key": async (given) => {
    const keys = await deriveAccountKeys(bytes(given, "ak"));
    const stored = { keyId: text(given, "key_id"), gen: number(given, "gen"), sealed: bytes(given, "sealed") };
    return openIdentity(keys, text(given, "account"), stored, given.role as KeyRole);
  },
  previous: (given) =>
    openPrevious(bytes(given, "ak"), text(given, "account"), number(given, "gen"), bytes(given, "sealed")),
  body: (given) => openBody(bytes(given, "rk"), head(given), bytes(given, "body")),
  wrapped: async (given) =>
    unwrapRecordKey(await sealingKey(bytes(given, "record-wrap")), head(given), bytes(given, "wrapped")),
  proof: async (given) =>
    requireProof(await macKey(bytes(given, "record-proof")), head(given), bytes(given, "body"), bytes(given, "proof")),
  tombstone: async (given) => {
    const ended = { record: text(given, "record"), owner: text(given, "owner"), revision: number(given, "revision") };
    await requireTombstone(await macKey(bytes(given, "record-proof")), ended, bytes(given, "mac"));
  },
  memory: (given) => judgeArrival(given.seen as Seen, given.arrived as Seen & { base: string }),
  grant: async (given) => {
    const { record, owner, epoch } = head(given);
    const grant = {
      record,
      owner,
      epoch,
      grantee: text(given, "grantee"),
      attention: given.attention as Attention,
      sealed: bytes(given, "sealed"),
    };
    const pinned = given.pinned === null ? undefined : bytes(given, "pinned");
    return openGrant(await importIdentity(bytes(given, "private")), text(given, "account"), grant, pinned);
  },
  named: (given) =>
    refuseIf(
      compareOwnGrant(withReaders(given), text(given, "account"), text(given, "key_id"), number(given, "attention")),
    ),
  grants: (given) =>
    refuseIf(compareGrants(withReaders(given), given.shown as { grantee: string; attention: number }[])),
  counts: (given) => {
    const role = given.role as "patient" | "therapist";
    const from = { who: "contact", role, partyToAbout: given.party_to_about as boolean } as const;
    refuseIf(counts(text(given, "kind"), from) ? undefined : "source");
  },
  content: (given) => requireKind(given.content as RecordContent),
  "seal-to": async (given) => sealTo(await publicKey(bytes(given, "public")), utf8(""), newRecordKey()),
  tag_t: async (given) =>
    requireInviterTag(
      await invitationKeys(bytes(given, "K")),
      text(given, "invite"),
      party(given, "inviter"),
      bytes(given, "tag"),
    ),
  tag_p: async (given) =>
    judgeAnswer(
      await invitationKeys(bytes(given, "K")),
      text(given, "invite"),
      party(given, "inviter"),
      party(given, "invitee"),
      bytes(given, "tag"),
      given.pinned === null ? undefined : party(given, "pinned"),
    ),
  card: async (given) => {
    const role = given.role as "inviter" | "invitee";
    const named = { invite: text(given, "invite"), role, account: text(given, "account") };
    return openCard(await invitationKeys(bytes(given, "K")), named, bytes(given, "sealed"));
  },
  link: (given) => readInvitationLink(new URL(text(given, "link"))),
};

describe("what is altered is refused, and its right twin accepted", () => {
  test.each(cases)("$name: $expect", async (given) => {
    const attempt = CONSTRUCTIONS[given.construction];
    if (!attempt) throw new Error(`no construction ${given.construction}`);
    const outcome = (async () => attempt(given))();
    if (given.expect === "accepted") await outcome;
    else await expect(outcome).rejects.toBeInstanceOf(ProtocolError);
  });

  test("every construction has cases of both kinds", () => {
    const told = new Set(cases.map((given) => `${given.construction} ${given.expect}`));
    const expected = Object.keys(CONSTRUCTIONS).flatMap((name) => [`${name} accepted`, `${name} refused`]);
    expect([...told].sort()).toEqual(expected.sort());
  });
});
