import type { Identity } from "./account";
import type { Bytes } from "./bytes";
import { ctx } from "./context";
import { openTo, sealTo } from "./hpke";

/**
 * Seals what somebody is writing to their own public key (HPKE base mode), so that writing never waits for unlocking
 * and nothing typed lies open on the device. `account` and `draft` are ids; `key` is the own public key.
 */
export async function sealDraft(key: CryptoKey, account: string, draft: string, text: Bytes): Promise<Bytes> {
  return sealTo(key, ctx("aftertide/1/draft", account, draft), text);
}

/** Opens {@link sealDraft}. Throws {@link SealError} for another account, draft or key. */
export async function openDraft(identity: Identity, account: string, draft: string, sealed: Bytes): Promise<Bytes> {
  return openTo(identity.keyPair, ctx("aftertide/1/draft", account, draft), sealed);
}
