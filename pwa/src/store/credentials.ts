/** From what somebody types to the keys of their account. The account key itself lives only inside these functions. */
import type { Schemas } from "../api/client";
import {
  type AccountKeys,
  type Bytes,
  createIdentity,
  deriveAccountKeys,
  equalBytes,
  fromBase64,
  type Identity,
  KDF,
  KeyError,
  kitSecrets,
  newAccountKey,
  newId,
  openIdentity,
  openSlot,
  ParameterError,
  passphraseSecrets,
  requireKdf,
  SealError,
  type SlotSecrets,
  sealSlot,
  type TypedMethod,
  toBase64,
} from "../protocol";
import { newKitSecret, printKit, readKit } from "../protocol/kit";
import { openPrevious, sealPrevious } from "../protocol/rotation";
import type { Keys } from "./database";
import { SlotError } from "./errors";
import type { Typed } from "./waysIn";

/** Which slot of an account is opened: the one of what was typed, or the one of a passkey. */
export type Way = { readonly method: TypedMethod } | { readonly method: "passkey"; readonly credential: string };

/** What opens a slot, and which. */
export interface Opener {
  readonly way: Way;
  /** Non-extractable. */
  readonly slotKey: CryptoKey;
}

/** What a typed passphrase or kit gives. Throws {@link KitError}, {@link PassphraseError}; half a second for a passphrase. */
export async function secretsOf(typed: Typed, email: string, salt: Bytes): Promise<SlotSecrets> {
  return typed.method === "passphrase"
    ? passphraseSecrets(typed.passphrase, email, salt)
    : kitSecrets(readKit(typed.kit));
}

/** The slot of a way in. Throws {@link ParameterError} without one, or for other Argon2id parameters than suite 1's. */
function slotOf(slots: readonly Schemas["Slot"][], way: Way): Schemas["Slot"] {
  const slot = slots.find(
    ({ method, credential }) =>
      method === way.method && (way.method !== "passkey" || (credential ?? "") === way.credential),
  );
  if (!slot) throw new ParameterError("no slot of this way in");
  if (way.method === "passphrase") {
    if (!slot.params) throw new ParameterError("a passphrase slot without parameters");
    requireKdf(slot.params);
  }
  return slot;
}

/** Throws {@link SlotError} when what opens isn't the slot's. */
async function accountKeyIn(slotKey: CryptoKey, account: string, slot: Schemas["Slot"]): Promise<Bytes> {
  const head = { account, id: slot.id, method: slot.method, gen: slot.gen };
  try {
    return await openSlot(slotKey, head, fromBase64(slot.sealed));
  } catch (error) {
    throw error instanceof SealError ? new SlotError("what opens isn't the slot's") : error;
  }
}

/** Opens the keys of an account through one of its slots. Throws {@link SlotError} when what opens isn't the slot's. */
export async function openKeys(
  { way, slotKey }: Opener,
  account: {
    readonly id: string;
    readonly gen: number;
    slots: readonly Schemas["Slot"][];
    identities: readonly Schemas["Identity"][];
  },
): Promise<Keys> {
  const slot = slotOf(account.slots, way);
  if (slot.gen !== account.gen) throw new ParameterError("a slot of another generation");
  const ak = await accountKeyIn(slotKey, account.id, slot);
  const keys = await deriveAccountKeys(ak);
  ak.fill(0);
  const identities = await openIdentities(keys, account.id, account.identities);
  return { recordWrap: keys.recordWrap, recordProof: keys.recordProof, gen: account.gen, identities };
}

async function openIdentities(
  keys: AccountKeys,
  account: string,
  stored: readonly Schemas["Identity"][],
): Promise<Identity[]> {
  const present: Identity[] = [];
  const former: Identity[] = [];
  for (const { key_id, gen, private_sealed, current = true } of stored) {
    const sealed = { keyId: key_id, gen, sealed: fromBase64(private_sealed) };
    if (current) present.push(await openIdentity(keys, account, sealed, "present"));
    else former.push(await openIdentity(keys, account, sealed, "former"));
  }
  if (present.length !== 1) throw new KeyError("not one present key of the account");
  return [...present, ...former];
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

/** A passkey's slot for an account key; it counts, since it has been opened once. */
async function passkeySlot(
  slotKey: CryptoKey,
  account: string,
  gen: number,
  ak: Bytes,
): Promise<Schemas["PasskeySlot"]> {
  const head = { account, id: newId(), method: "passkey", gen } as const;
  const sealed = await sealSlot(slotKey, head, ak);
  const opened = await openSlot(slotKey, head, sealed);
  const same = equalBytes(opened, ak);
  opened.fill(0);
  if (!same) throw new KeyError("a slot that opens something else");
  return { id: head.id, gen, sealed: toBase64(sealed) };
}

/** A new identity, and what the server is to have of it. */
async function newIdentity(
  keys: AccountKeys,
  account: string,
  gen: number,
): Promise<{ identity: Identity; sent: Schemas["Identity"] }> {
  const { identity, sealed } = await createIdentity(keys, account, gen);
  const sent = {
    key_id: identity.keyId,
    public_key: toBase64(identity.publicKey),
    private_sealed: toBase64(sealed.sealed),
    gen,
    current: true,
  };
  return { identity, sent };
}

/** A new account's keys: what goes to the server, what stays, and the kit to show. */
export interface NewKeys {
  readonly account: string;
  readonly slots: Schemas["NewSlot"][];
  readonly passkey: Schemas["PasskeySlot"] | undefined;
  readonly identity: Schemas["Identity"];
  readonly keys: Keys;
  readonly kit: string;
}

/** What opens a new account besides its kit: a passphrase, a passkey's slot key, or both. */
export interface FirstWays {
  readonly passphrase?: { readonly text: string; readonly email: string; readonly salt: Bytes } | undefined;
  readonly passkey?: CryptoKey | undefined;
}

/** Makes an account key, its slots and an identity. */
export async function makeAccount(account: string, { passphrase, passkey }: FirstWays): Promise<NewKeys> {
  const gen = 1;
  const ak = newAccountKey();
  const keys = await deriveAccountKeys(ak);
  const slots: Schemas["NewSlot"][] = [];
  if (passphrase) {
    slots.push(await passphraseSlot(passphrase.text, passphrase.email, passphrase.salt, account, gen, ak));
  }
  const byPasskey = passkey && (await passkeySlot(passkey, account, gen, ak));
  const { slot, kit } = await recoverySlot(account, gen, ak);
  ak.fill(0);
  const { identity, sent } = await newIdentity(keys, account, gen);
  return {
    account,
    slots: [...slots, slot],
    passkey: byPasskey,
    identity: sent,
    keys: { recordWrap: keys.recordWrap, recordProof: keys.recordProof, gen, identities: [identity] },
    kit,
  };
}

/** An account as its own devices see it, as far as its slots go. */
interface WithSlots {
  readonly id: string;
  readonly email: string;
  readonly gen: number;
  readonly slots: readonly Schemas["Slot"][];
}

async function withAccountKey<T>(opener: Opener, account: WithSlots, work: (ak: Bytes) => Promise<T>): Promise<T> {
  const ak = await accountKeyIn(opener.slotKey, account.id, slotOf(account.slots, opener.way));
  try {
    return await work(ak);
  } finally {
    ak.fill(0);
  }
}

/** The keys so far and those to come. */
export interface BothKeys {
  readonly former: AccountKeys;
  readonly next: AccountKeys;
}

/** New keys for an account, from a slot that is opened afresh: what the server is to have, and the kit to show. */
export function makeNewKeys(
  opener: Opener,
  account: WithSlots,
  passphrase: string,
  salt: Bytes,
): Promise<BothKeys & { readonly sent: Schemas["NewKeys"]; readonly kit: string }> {
  return withAccountKey(opener, account, async (ak) => {
    const gen = account.gen + 1;
    const newAk = newAccountKey();
    const [former, next] = [await deriveAccountKeys(ak), await deriveAccountKeys(newAk)];
    const byPassphrase = await passphraseSlot(passphrase, account.email, salt, account.id, gen, newAk);
    const { slot, kit } = await recoverySlot(account.id, gen, newAk);
    const previous = toBase64(await sealPrevious(newAk, account.id, gen, ak));
    newAk.fill(0);
    const identity = await newIdentity(next, account.id, gen);
    return { former, next, sent: { gen, slots: [byPassphrase, slot], previous, identity: identity.sent }, kit };
  });
}

/** Opens the keys of a rotation that has begun, and those so far, through one of its slots. Throws {@link SlotError}. */
export async function openKeysToCome(
  opener: Opener,
  account: string,
  { gen, slots, previous }: Schemas["KeysToCome"],
): Promise<BothKeys> {
  return withAccountKey(opener, { id: account, email: "", gen, slots }, async (newAk) => {
    const ak = await openPrevious(newAk, account, gen, fromBase64(previous));
    const keys = { former: await deriveAccountKeys(ak), next: await deriveAccountKeys(newAk) };
    ak.fill(0);
    return keys;
  });
}

/** A slot for another passphrase, from one that is opened afresh. */
export function newPassphraseSlot(
  opener: Opener,
  account: WithSlots,
  passphrase: string,
  salt: Bytes,
): Promise<Schemas["NewSlot"]> {
  return withAccountKey(opener, account, (ak) =>
    passphraseSlot(passphrase, account.email, salt, account.id, account.gen, ak),
  );
}

/** A slot for another kit, from one that is opened afresh, and that kit. */
export function newKitSlot(opener: Opener, account: WithSlots): Promise<{ slot: Schemas["NewSlot"]; kit: string }> {
  return withAccountKey(opener, account, (ak) => recoverySlot(account.id, account.gen, ak));
}

/** A slot for a passkey, from one that is opened afresh. */
export function newPasskeySlot(
  opener: Opener,
  account: WithSlots,
  slotKey: CryptoKey,
): Promise<Schemas["PasskeySlot"]> {
  return withAccountKey(opener, account, (ak) => passkeySlot(slotKey, account.id, account.gen, ak));
}
