import { type Identity, keyIdOf } from "./account";
import type { Bytes } from "./bytes";
import { ctx } from "./context";
import { GrantError, KeyError } from "./errors";
import { openFrom, publicKey, sealFrom } from "./hpke";
import type { Attention, RecordContent } from "./kinds";

/** A record key sealed for one reader. */
export interface Grant {
  readonly record: string;
  readonly owner: string;
  readonly grantee: string;
  readonly epoch: number;
  readonly attention: Attention;
  readonly sealed: Bytes;
}

/** Whom a grant names, beside the record. */
export interface GrantHead extends Omit<Grant, "sealed"> {}

function grantContext(head: GrantHead, senderKeyId: string, granteeKeyId: string): Bytes {
  return ctx(
    "aftertide/1/grant",
    head.record,
    head.owner,
    senderKeyId,
    head.grantee,
    granteeKeyId,
    head.epoch,
    head.attention,
  );
}

/** Seals a record key from the owner's identity to the grantee's pinned key (32 bytes). */
export async function sealGrant(
  identity: Identity,
  head: GrantHead,
  pinnedKey: Bytes,
  recordKey: Bytes,
): Promise<Grant> {
  const info = grantContext(head, identity.keyId, await keyIdOf(pinnedKey));
  const sealed = await sealFrom(identity.keyPair, await publicKey(pinnedKey), info, recordKey);
  return { ...head, sealed };
}

/**
 * The record key in a grant to `account`. `pinnedKey` is the key pinned for the grant's owner (undefined for no
 * contact), never one that a server names. Throws {@link GrantError} for a grant to someone else, of an own record, or
 * from no contact; {@link SealError} when another key sealed it or any of its fields was changed.
 */
export async function openGrant(
  identity: Identity,
  account: string,
  grant: Grant,
  pinnedKey: Bytes | undefined,
): Promise<Bytes> {
  if (grant.grantee !== account) throw new GrantError("a grant to someone else");
  if (grant.owner === account) throw new GrantError("a grant of an own record");
  if (!pinnedKey) throw new GrantError("a grant from no contact");
  const info = grantContext(grant, await keyIdOf(pinnedKey), identity.keyId);
  const key = await openFrom(await publicKey(pinnedKey), identity.keyPair, info, grant.sealed);
  if (key.length !== 32) throw new KeyError("a record key has 32 bytes");
  return key;
}

/** How the grants that a server shows differ from the readers that the owner named. */
export type GrantFault = "readers" | "attention";

/**
 * What is wrong with the grants that the server shows for an own record, if anything: a reader whom the body's `readers`
 * doesn't name, or another attention. One less is no fault: the server closes grants when a relation ends or the record
 * that this one is about is taken back.
 */
export function compareGrants(
  content: RecordContent,
  shown: readonly { grantee: string; attention: number }[],
): GrantFault | undefined {
  const named = new Map(content.readers.map((reader) => [reader.account, reader.attention]));
  if (shown.some((grant) => !named.has(grant.grantee))) return "readers";
  return shown.some((grant) => named.get(grant.grantee) !== grant.attention) ? "attention" : undefined;
}

/**
 * The same from a reader's side: whether the owner named this account with this key, and asked what the server says.
 */
export function compareOwnGrant(
  content: RecordContent,
  account: string,
  keyId: string,
  attention: number,
): GrantFault | undefined {
  const named = content.readers.find((reader) => reader.account === account && reader.key_id === keyId);
  if (!named) return "readers";
  return named.attention === attention ? undefined : "attention";
}
