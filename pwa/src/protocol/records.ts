import { type Bytes, randomBytes, toBase64Url } from "./bytes";
import { ctx } from "./context";
import { KeyError, ProofError } from "./errors";
import { parseJsonObject, printJson, reparseJsonObject } from "./ijson";
import { type RecordContent, requireKind } from "./kinds";
import { pad, unpad } from "./padding";
import { hash, mac, open, seal, sealingKey, verifyMac } from "./symmetric";

/** What binds a body to its place. */
export interface RecordHead {
  /** Id of the record. */
  readonly record: string;
  /** Account that owns it. */
  readonly owner: string;
  /** Id of the record that this one is about, or `""`. */
  readonly about: string;
  readonly epoch: number;
  readonly revision: number;
  /** {@link baseOf} the body of the revision that it replaces, or `""`. */
  readonly base: string;
}

/** A record key (RK): 32 random bytes, one for each epoch. */
export function newRecordKey(): Bytes {
  return randomBytes(32);
}

function bodyContext(head: RecordHead): Bytes {
  return ctx("aftertide/1/record", head.record, head.owner, head.about, head.epoch, head.revision, head.base);
}

/** `base` of the revision that follows: b64u of the hash of the sealed body. */
export async function baseOf(body: Bytes): Promise<string> {
  return toBase64Url(await hash(body));
}

/** Seals content. Throws {@link KindError} when it isn't what its kind asks for, {@link JsonError} for what isn't I-JSON, {@link PaddingError} above 1 MiB. */
export async function sealBody(recordKey: Bytes, head: RecordHead, content: RecordContent): Promise<Bytes> {
  await requireKind(content);
  return seal(await sealingKey(recordKey), bodyContext(head), pad(printJson(content)));
}

/**
 * Opens a body. Throws {@link SealError} under any other head or key, {@link PaddingError}, {@link JsonError}, or
 * {@link KindError}. For an own record {@link requireProof} comes first: readers know the record key too.
 */
export async function openBody(recordKey: Bytes, head: RecordHead, body: Bytes): Promise<RecordContent> {
  return requireKind(parseJsonObject(await openText(recordKey, head, body)));
}

async function openText(recordKey: Bytes, head: RecordHead, body: Bytes): Promise<Bytes> {
  return unpad(await open(await sealingKey(recordKey), bodyContext(head), body));
}

/**
 * Opens again a body that {@link openBody} has accepted before, without looking at its tokens and asking the schema once
 * more: what a device holds can be shown before the schema is loaded. Throws as {@link openBody} does, but for {@link KindError}.
 */
export async function reopenBody(recordKey: Bytes, head: RecordHead, body: Bytes): Promise<RecordContent> {
  return reparseJsonObject(await openText(recordKey, head, body)) as RecordContent;
}

/** Seals the record key for its owner: `wrapped`. */
export async function wrapRecordKey(
  recordWrap: CryptoKey,
  head: Pick<RecordHead, "record" | "owner" | "epoch">,
  recordKey: Bytes,
): Promise<Bytes> {
  return seal(recordWrap, ctx("aftertide/1/record-key", head.record, head.owner, head.epoch), recordKey);
}

/** Opens `wrapped`. Throws {@link SealError} for another record, owner or epoch, {@link KeyError} unless it holds 32 bytes. */
export async function unwrapRecordKey(
  recordWrap: CryptoKey,
  head: Pick<RecordHead, "record" | "owner" | "epoch">,
  wrapped: Bytes,
): Promise<Bytes> {
  const key = await open(recordWrap, ctx("aftertide/1/record-key", head.record, head.owner, head.epoch), wrapped);
  if (key.length !== 32) throw new KeyError("a record key has 32 bytes");
  return key;
}

type Proven = Pick<RecordHead, "record" | "owner" | "epoch" | "revision">;

/** What a proof is a mac over; `bodyHash` is {@link baseOf} the body. */
export function proofContext(head: Proven, bodyHash: string): Bytes {
  return ctx("aftertide/1/record-proof", head.record, head.owner, head.epoch, head.revision, bodyHash);
}

/** The owner's proof on a revision. */
export async function prove(recordProof: CryptoKey, head: Proven, body: Bytes): Promise<Bytes> {
  return mac(recordProof, proofContext(head, await baseOf(body)));
}

/** Throws {@link ProofError} unless the owner made this revision. */
export async function requireProof(recordProof: CryptoKey, head: Proven, body: Bytes, proof: Bytes): Promise<void> {
  if (!(await verifyMac(recordProof, proof, proofContext(head, await baseOf(body))))) {
    throw new ProofError("a revision that its owner didn't make");
  }
}

type Ended = Pick<RecordHead, "record" | "owner" | "revision">;

/** The owner's tombstone; `revision` is the last one saved. */
export async function proveTombstone(recordProof: CryptoKey, ended: Ended): Promise<Bytes> {
  return mac(recordProof, ctx("aftertide/1/tombstone", ended.record, ended.owner, ended.revision));
}

/** Throws {@link ProofError} unless the owner deleted the record after this revision. */
export async function requireTombstone(recordProof: CryptoKey, ended: Ended, proof: Bytes): Promise<void> {
  if (!(await verifyMac(recordProof, proof, ctx("aftertide/1/tombstone", ended.record, ended.owner, ended.revision)))) {
    throw new ProofError("a deletion that its owner didn't ask for");
  }
}
