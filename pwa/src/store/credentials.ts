/** From what somebody types to the keys of their account. The account key itself lives only inside these functions. */
import type { Schemas } from "../api/client";
import {
  type AccountKeys,
  type Bytes,
  createIdentity,
  deriveAccountKeys,
  fromBase64,
  type Identity,
  KDF,
  KeyError,
  kitSecrets,
  newAccountKey,
  newId,
  newKitSecret,
  openIdentity,
  openSlot,
  ParameterError,
  passphraseSecrets,
  printKit,
  readKit,
  requireKdf,
  type SlotMethod,
  type SlotSecrets,
  sealSlot,
  toBase64,
} from "../protocol";
import type { Keys } from "./database";

/** What somebody typed to show who they are. */
export type Typed =
  | { readonly method: "passphrase"; readonly passphrase: string }
  | { readonly method: "recovery"; readonly kit: string };

/** What a typed passphrase or kit gives. Throws {@link KitError}, {@link PassphraseError}; half a second for a passphrase. */
export async function secretsOf(typed: Typed, email: string, salt: Bytes): Promise<SlotSecrets> {
  return typed.method === "passphrase"
    ? passphraseSecrets(typed.passphrase, email, salt)
    : kitSecrets(readKit(typed.kit));
}

/** The slot of a method. Throws {@link ParameterError} without one, or for other Argon2id parameters than suite 1's. */
export function slotOf(slots: readonly Schemas["Slot"][], method: SlotMethod): Schemas["Slot"] {
  const slot = slots.find((other) => other.method === method);
  if (!slot) throw new ParameterError("no slot of this method");
  if (method === "passphrase") {
    if (!slot.params) throw new ParameterError("a passphrase slot without parameters");
    requireKdf(slot.params);
  }
  return slot;
}

async function accountKeyIn(secrets: SlotSecrets, account: string, slot: Schemas["Slot"]): Promise<Bytes> {
  const head = { account, id: slot.id, method: slot.method, gen: slot.gen };
  return openSlot(secrets.slotKey, head, fromBase64(slot.sealed));
}

/** Opens the keys of an account through one of its slots. Throws {@link SealError} when the secret isn't the slot's. */
export async function openKeys(
  secrets: SlotSecrets,
  method: SlotMethod,
  account: {
    readonly id: string;
    readonly gen: number;
    slots: readonly Schemas["Slot"][];
    identities: readonly Schemas["Identity"][];
  },
): Promise<Keys> {
  const slot = slotOf(account.slots, method);
  if (slot.gen !== account.gen) throw new ParameterError("a slot of another generation");
  const ak = await accountKeyIn(secrets, account.id, slot);
  const keys = await deriveAccountKeys(ak);
  ak.fill(0);
  const identities = await openIdentities(keys, account.id, account.identities);
  return { recordWrap: keys.recordWrap, recordProof: keys.recordProof, identities };
}

async function openIdentities(
  keys: AccountKeys,
  account: string,
  stored: readonly Schemas["Identity"][],
): Promise<Identity[]> {
  const ordered = [...stored].sort((a, b) => Number(b.current ?? true) - Number(a.current ?? true));
  const identities: Identity[] = [];
  for (const { key_id, gen, private_sealed } of ordered) {
    identities.push(await openIdentity(keys, account, { keyId: key_id, gen, sealed: fromBase64(private_sealed) }));
  }
  if (identities.length === 0) throw new KeyError("an account without a key");
  return identities;
}

/** A passphrase slot for an account key. */
async function passphraseSlot(
  passphrase: string,
  email: string,
  salt: Bytes,
  account: string,
  gen: number,
  ak: Bytes,
): Promise<Schemas["NewSlot"]> {
  const secrets = await passphraseSecrets(passphrase, email, salt);
  const id = newId();
  const sealed = await sealSlot(secrets.slotKey, { account, id, method: "passphrase", gen }, ak);
  const params = { ...KDF, salt: toBase64(salt) } as Schemas["Argon2idParams"];
  return { id, method: "passphrase", params, gen, sealed: toBase64(sealed), auth: toBase64(secrets.auth) };
}

/** A recovery slot for an account key, and the kit that opens it. */
async function recoverySlot(
  account: string,
  gen: number,
  ak: Bytes,
): Promise<{ slot: Schemas["NewSlot"]; kit: string }> {
  const secret = newKitSecret();
  const secrets = await kitSecrets(secret);
  const id = newId();
  const sealed = await sealSlot(secrets.slotKey, { account, id, method: "recovery", gen }, ak);
  const kit = printKit(secret);
  secret.fill(0);
  const auth = toBase64(secrets.auth);
  return { slot: { id, method: "recovery", params: null, gen, sealed: toBase64(sealed), auth }, kit };
}

/** A new account's keys: what goes to the server, what stays, and the kit to show. */
export interface NewKeys {
  readonly account: string;
  readonly slots: Schemas["NewSlot"][];
  readonly identity: Schemas["Identity"];
  readonly keys: Keys;
  readonly kit: string;
}

/** Makes an account key, two slots and an identity. */
export async function makeAccount(email: string, passphrase: string, salt: Bytes): Promise<NewKeys> {
  const account = newId();
  const gen = 1;
  const ak = newAccountKey();
  const keys = await deriveAccountKeys(ak);
  const byPassphrase = await passphraseSlot(passphrase, email, salt, account, gen, ak);
  const { slot, kit } = await recoverySlot(account, gen, ak);
  ak.fill(0);
  const { identity, sealed } = await createIdentity(keys, account, gen);
  return {
    account,
    slots: [byPassphrase, slot],
    identity: {
      key_id: identity.keyId,
      public_key: toBase64(identity.publicKey),
      private_sealed: toBase64(sealed.sealed),
      gen,
      current: true,
    },
    keys: { recordWrap: keys.recordWrap, recordProof: keys.recordProof, identities: [identity] },
    kit,
  };
}

/** A new slot from one that is opened afresh: another passphrase, or another kit. */
export async function renewSlot(
  secrets: SlotSecrets,
  opened: SlotMethod,
  account: {
    readonly id: string;
    readonly email: string;
    readonly gen: number;
    readonly slots: readonly Schemas["Slot"][];
  },
  wanted: { readonly passphrase: string; readonly salt: Bytes } | "kit",
): Promise<{ slot: Schemas["NewSlot"]; kit: string | undefined }> {
  const ak = await accountKeyIn(secrets, account.id, slotOf(account.slots, opened));
  try {
    if (wanted === "kit") return await recoverySlot(account.id, account.gen, ak);
    const { passphrase, salt } = wanted;
    const slot = await passphraseSlot(passphrase, account.email, salt, account.id, account.gen, ak);
    return { slot, kit: undefined };
  } finally {
    ak.fill(0);
  }
}
