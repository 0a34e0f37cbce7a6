/** What a device checks of everything that arrives, before a person sees it (docs/protocol.md: Records, Sharing). */
import type { Schemas } from "../api/client";
import {
  type Attention,
  type Bytes,
  baseOf,
  compareGrants,
  compareOwnGrant,
  EncodingError,
  fromBase64,
  GrantError,
  JsonError,
  judgeArrival,
  KindError,
  openBody,
  openGrant,
  PaddingError,
  ProofError,
  ProtocolError,
  type RecordContent,
  type RecordHead,
  RollbackError,
  requireProof,
  type Seen,
  toBase64Url,
  unwrapRecordKey,
} from "../protocol";
import type { FormerReader, Keys, Reading, StoredRecord, Version } from "./database";
import type { FaultKind } from "./errors";

/** A record that is open in memory. */
export interface Opened {
  readonly row: StoredRecord;
  readonly version: Version;
  readonly content: RecordContent;
  readonly own: boolean;
}

/** Which fault a refusal is. Throws what isn't a refusal of the protocol. */
export function faultOf(error: unknown): FaultKind {
  if (error instanceof ProofError) return "unproven";
  if (error instanceof RollbackError) return "rollback";
  if (error instanceof GrantError) return "grant";
  if (error instanceof KindError || error instanceof JsonError || error instanceof PaddingError) return "malformed";
  if (error instanceof ProtocolError) return "unopened";
  throw error;
}

type View = Schemas["RecordView"];

function readingOf(view: Schemas["GrantView"] | Schemas["ReaderView"]): Reading {
  return {
    readAt: view.read ?? undefined,
    readRevision: view.read_revision ?? undefined,
    reviewedAt: view.reviewed ?? undefined,
    reviewedRevision: view.reviewed_revision ?? undefined,
  };
}

/** A record as the server shows it, with the revision that arrives still apart. */
export interface Arrival {
  readonly row: Omit<StoredRecord, "accepted" | "waiting">;
  readonly version: Version;
  readonly proof: Bytes;
}

function requireAttention(value: number): Attention {
  if (value !== 0 && value !== 1 && value !== 2) throw new EncodingError("no such attention");
  return value;
}

/** Reads a record from the wire. Throws {@link EncodingError} for bytes in another form. */
export async function readArrival(view: View): Promise<Arrival> {
  const body = fromBase64(view.body);
  const grant = view.grant && {
    epoch: view.grant.epoch,
    attention: requireAttention(view.grant.attention),
    sealed: fromBase64(view.grant.sealed),
  };
  return {
    row: {
      id: view.id,
      owner: view.owner,
      about: view.about ?? "",
      readers: view.readers.map((reader) => ({
        account: reader.account,
        attention: reader.attention,
        ...readingOf(reader),
      })),
      reading: view.grant ? readingOf(view.grant) : undefined,
      formerReaders: [],
      ended: false,
    },
    version: {
      epoch: view.epoch,
      revision: view.revision,
      base: view.base ? toBase64Url(fromBase64(view.base)) : "",
      hash: await baseOf(body),
      body,
      savedAt: view.saved,
      wrapped: view.wrapped ? fromBase64(view.wrapped) : undefined,
      grant: grant ?? undefined,
    },
    proof: fromBase64(view.proof),
  };
}

/** What a body of this version is bound to. */
export function headOf(row: Pick<StoredRecord, "id" | "owner" | "about">, version: Version): RecordHead {
  return {
    record: row.id,
    owner: row.owner,
    about: row.about,
    epoch: version.epoch,
    revision: version.revision,
    base: version.base,
  };
}

/** The record key of an own version. Throws {@link SealError} when the wrap is for another record, owner or epoch. */
export async function ownRecordKey(
  keys: Keys,
  row: Pick<StoredRecord, "id" | "owner" | "about">,
  version: Version,
): Promise<Bytes> {
  if (!version.wrapped) throw new EncodingError("an own record without its key");
  return unwrapRecordKey(keys.recordWrap, headOf(row, version), version.wrapped);
}

/** How a body is opened: with the schema's check, or again what passed it before. */
export type Opener = typeof openBody;

/** Opens a version of an own record. */
export async function openOwn(
  keys: Keys,
  row: Pick<StoredRecord, "id" | "owner" | "about">,
  version: Version,
  opener: Opener = openBody,
): Promise<RecordContent> {
  return opener(await ownRecordKey(keys, row, version), headOf(row, version), version.body);
}

/** Opens a version of somebody else's record with the key pinned for its owner, under any of the own identities. */
export async function openShared(
  keys: Keys,
  account: string,
  row: Pick<StoredRecord, "id" | "owner" | "about">,
  version: Version,
  pinned: Bytes | undefined,
  opener: Opener = openBody,
): Promise<{ content: RecordContent; keyId: string }> {
  const { grant } = version;
  if (!grant || grant.epoch !== version.epoch) throw new GrantError("a record without a grant of its epoch");
  let failure: unknown = new GrantError("no key of this device opens it");
  for (const identity of keys.identities) {
    try {
      const head = { record: row.id, owner: row.owner, grantee: account, ...grant };
      const key = await openGrant(identity, account, head, pinned);
      return { content: await opener(key, headOf(row, version), version.body), keyId: identity.keyId };
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Who reads a record, and who did. */
export interface ReadBy {
  readonly readers: readonly { readonly account: string }[];
  readonly formerReaders: StoredRecord["formerReaders"];
}

/** Who read a record before, now that `before` is replaced by `content`, its revision `revision`. */
export function formerReadersOf(
  before: ReadBy | undefined,
  content: RecordContent,
  revision: number,
): readonly FormerReader[] {
  if (!before) return [];
  const gone = before.readers.map(({ account }) => ({ account, until: revision - 1 }));
  const former = latest([...before.formerReaders, ...gone]);
  return former.filter(({ account }) => !content.readers.some((reader) => reader.account === account));
}

/** Each account once, with the last revision that it read. */
export function latest(former: StoredRecord["formerReaders"]): FormerReader[] {
  const until = new Map<string, number>();
  for (const one of former) {
    const { account, until: last } = typeof one === "string" ? { account: one, until: Number.MAX_SAFE_INTEGER } : one;
    until.set(account, Math.max(last, until.get(account) ?? 0));
  }
  return [...until].map(([account, last]) => ({ account, until: last }));
}

/** Who read which earlier revisions of an own record, as far as the server keeps them and the owner proved them. */
export async function readersInHistory(
  keys: Keys,
  row: Pick<StoredRecord, "id" | "owner" | "about">,
  history: readonly Schemas["RevisionView"][],
): Promise<FormerReader[]> {
  const readers: FormerReader[] = [];
  for (const past of history) {
    const none = { readers: [], grant: null };
    const about = row.about || null;
    const arrival = await readArrival({ ...past, ...none, id: row.id, owner: row.owner, about });
    const judged = await judgeOwn(keys, arrival, undefined);
    if (!judged.accepted) continue;
    for (const { account } of judged.content.readers) readers.push({ account, until: past.revision });
  }
  return readers;
}

/** What judging gives: an accepted revision, or why it isn't; `note` is a fault to show beside an accepted one. */
export type Judgement =
  | {
      readonly accepted: true;
      readonly fresh: boolean;
      readonly content: RecordContent;
      readonly note: FaultKind | undefined;
    }
  | { readonly accepted: false; readonly fault: FaultKind };

/** Judges a revision of an own record: proven, following what was seen, opening, with the readers that it names. */
export async function judgeOwn(keys: Keys, arrival: Arrival, seen: Seen | undefined): Promise<Judgement> {
  const { row, version, proof } = arrival;
  try {
    const head = headOf(row, version);
    await requireProof(keys.recordProof, head, version.body, proof);
    const fresh = judgeArrival(seen, version) === "new";
    const content = await openOwn(keys, row, version);
    const shown = row.readers.map((reader) => ({ grantee: reader.account, attention: reader.attention }));
    return { accepted: true, fresh, content, note: compareGrants(content, shown) };
  } catch (error) {
    return { accepted: false, fault: faultOf(error) };
  }
}

/** Judges a revision that somebody shares: from a contact, by their pinned key, naming this account and its attention. */
export async function judgeShared(
  keys: Keys,
  account: string,
  row: Pick<StoredRecord, "id" | "owner" | "about">,
  version: Version,
  seen: Seen | undefined,
  pinned: Bytes | undefined,
): Promise<Judgement> {
  try {
    const { content, keyId } = await openShared(keys, account, row, version, pinned);
    const fresh = judgeArrival(seen, version) === "new";
    return {
      accepted: true,
      fresh,
      content,
      note: compareOwnGrant(content, account, keyId, version.grant?.attention ?? -1),
    };
  } catch (error) {
    return { accepted: false, fault: faultOf(error) };
  }
}
