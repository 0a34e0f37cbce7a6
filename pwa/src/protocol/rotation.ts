/** Rotation: a new account key that opens the former one, and what was sealed and proved under that, made anew. */
import { type AccountKeys, openPrivateKey, type SealedIdentity, sealPrivateKey } from "./account";
import type { Bytes } from "./bytes";
import { ctx } from "./context";
import { KeyError, ProtocolError, SealError } from "./errors";
import {
  proofContext,
  proveTombstone,
  type RecordHead,
  requireTombstone,
  unwrapRecordKey,
  wrapRecordKey,
} from "./records";
import { derivationKey, deriveSealingKey, mac, open, seal, verifyMac } from "./symmetric";

async function previousKey(ak: Bytes): Promise<CryptoKey> {
  return deriveSealingKey(await derivationKey(ak), "aftertide/1/previous");
}

const previousContext = (account: string, gen: number): Bytes => ctx("aftertide/1/previous", account, gen);

/** Seals the account key so far under the new one; `gen` is the new one's. */
export async function sealPrevious(next: Bytes, account: string, gen: number, former: Bytes): Promise<Bytes> {
  return seal(await previousKey(next), previousContext(account, gen), former);
}

/** The account key so far: overwrite it after use. Throws {@link SealError} for another account, generation or key. */
export async function openPrevious(next: Bytes, account: string, gen: number, sealed: Bytes): Promise<Bytes> {
  const former = await open(await previousKey(next), previousContext(account, gen), sealed);
  if (former.length !== 32) throw new KeyError("an account key has 32 bytes");
  return former;
}

/** What doesn't open or isn't proved under the former keys stays as it is: it didn't count before and doesn't afterwards. */
async function unlessForeign(as: Bytes, made: () => Promise<Bytes>): Promise<Bytes> {
  try {
    return await made();
  } catch (error) {
    if (error instanceof ProtocolError) return as;
    throw error;
  }
}

/** A record key sealed under the new keys. */
export function renewWrap(
  former: AccountKeys,
  next: AccountKeys,
  head: Pick<RecordHead, "record" | "owner" | "epoch">,
  wrapped: Bytes,
): Promise<Bytes> {
  return unlessForeign(wrapped, async () => {
    const key = await unwrapRecordKey(former.recordWrap, head, wrapped);
    const renewed = await wrapRecordKey(next.recordWrap, head, key);
    key.fill(0);
    return renewed;
  });
}

/** A revision proved with the new keys, if the former ones proved it. Its body isn't needed: a proof is over its hash (b64u). */
export async function renewProof(
  former: AccountKeys,
  next: AccountKeys,
  head: Pick<RecordHead, "record" | "owner" | "epoch" | "revision">,
  bodyHash: string,
  proof: Bytes,
): Promise<Bytes> {
  const context = proofContext(head, bodyHash);
  return (await verifyMac(former.recordProof, proof, context)) ? mac(next.recordProof, context) : proof;
}

/** A deletion proved with the new keys, if the former ones proved it. */
export function renewTombstone(
  former: AccountKeys,
  next: AccountKeys,
  ended: Pick<RecordHead, "record" | "owner" | "revision">,
  proof: Bytes,
): Promise<Bytes> {
  return unlessForeign(proof, async () => {
    await requireTombstone(former.recordProof, ended, proof);
    return proveTombstone(next.recordProof, ended);
  });
}

/** A private key, the present one or a former, sealed as a former one under the new keys, of generation `gen`. */
export function renewIdentity(
  former: AccountKeys,
  next: AccountKeys,
  account: string,
  stored: SealedIdentity,
  gen: number,
): Promise<Bytes> {
  return unlessForeign(stored.sealed, async () => {
    const { raw } = await openPrivateKey(former, account, stored, "former").catch((error: unknown) => {
      if (!(error instanceof SealError)) throw error;
      return openPrivateKey(former, account, stored, "present");
    });
    const renewed = await sealPrivateKey(next, account, stored.keyId, gen, "former", raw);
    raw.fill(0);
    return renewed;
  });
}
