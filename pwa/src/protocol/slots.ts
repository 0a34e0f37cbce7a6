import { type Bytes, toBase64Url, utf8 } from "./bytes";
import { ctx } from "./context";
import { KeyError, ParameterError } from "./errors";
import { passphraseBytes } from "./passphrase";
import { derivationKey, deriveSealingKey, hash, hkdf, open, seal } from "./symmetric";

/** How a slot is opened: by what is typed, or by a passkey. */
export type TypedMethod = "passphrase" | "recovery";
export type SlotMethod = TypedMethod | "passkey";

/** Which slot: bound to what it seals. */
export interface SlotHead {
  readonly account: string;
  readonly id: string;
  readonly method: SlotMethod;
  readonly gen: number;
}

/** What a passphrase or a kit gives. */
export interface SlotSecrets {
  /** Opens the slot; non-extractable. */
  readonly slotKey: CryptoKey;
  /** Shown to the server as proof of who this is; 32 bytes. */
  readonly auth: Bytes;
}

/** Parameters of Argon2id as a passphrase slot states them: memory in KiB, passes, lanes. */
export interface KdfParameters {
  readonly kdf: string;
  readonly m: number;
  readonly t: number;
  readonly p: number;
}

/** The one parameter set of suite 1 (RFC 9106): what {@link passphraseSecrets} uses. */
export const KDF: KdfParameters = { kdf: "argon2id", m: 65_536, t: 3, p: 1 };

/**
 * Throws {@link ParameterError} for any other parameters: lower ones would make a stolen `auth` cheap to guess, higher
 * ones stop a phone.
 */
export function requireKdf(said: KdfParameters): void {
  if (said.kdf !== KDF.kdf || said.m !== KDF.m || said.t !== KDF.t || said.p !== KDF.p) {
    throw new ParameterError("not the parameters of suite 1");
  }
}

async function secretsFrom(secret: Bytes): Promise<SlotSecrets> {
  const root = await derivationKey(secret);
  const [slotKey, auth] = await Promise.all([
    deriveSealingKey(root, "aftertide/1/slot"),
    hkdf(root, "aftertide/1/auth"),
  ]);
  return { slotKey, auth };
}

/**
 * What a passphrase gives, for an e-mail in its canonical form and the 16 bytes of salt that the server answers for it.
 * Takes about half a second and 64 MiB. Throws {@link KeyError} for a salt of another length.
 */
export async function passphraseSecrets(passphrase: string, email: string, salt: Bytes): Promise<SlotSecrets> {
  if (salt.length !== 16) throw new KeyError("a salt has 16 bytes");
  const { stretch } = await import("./argon2");
  const bound = await hash(ctx("aftertide/1/salt", email, toBase64Url(salt)));
  const root = await stretch(passphraseBytes(passphrase), bound, KDF);
  const secrets = await secretsFrom(root);
  root.fill(0);
  return secrets;
}

/** What the 20 bytes of a recovery kit give. Throws {@link KeyError} for another length. */
export async function kitSecrets(secret: Bytes): Promise<SlotSecrets> {
  if (secret.length !== 20) throw new KeyError("a kit holds 20 bytes");
  return secretsFrom(secret);
}

/** What a passkey's PRF extension (Web Authentication Level 3) is evaluated for; 32 bytes. */
export async function prfInput(): Promise<Bytes> {
  return hash(utf8("aftertide/1/prf"));
}

/**
 * The key of a passkey's slot, from its PRF output for {@link prfInput}: overwrite that after use. Throws
 * {@link KeyError} unless there are 32 bytes. What shows who this is isn't derived: it is the passkey's signature.
 */
export async function passkeySlotKey(prf: Bytes): Promise<CryptoKey> {
  if (prf.length !== 32) throw new KeyError("a PRF output has 32 bytes");
  return deriveSealingKey(await derivationKey(prf), "aftertide/1/slot");
}

function slotContext(head: SlotHead): Bytes {
  return ctx("aftertide/1/slot", head.account, head.id, head.method, head.gen);
}

/** Seals the account key in a slot. */
export async function sealSlot(slotKey: CryptoKey, head: SlotHead, ak: Bytes): Promise<Bytes> {
  return seal(slotKey, slotContext(head), ak);
}

/** The account key in a slot: overwrite it after use. Throws {@link SealError} for another key, account, id, method or generation. */
export async function openSlot(slotKey: CryptoKey, head: SlotHead, sealed: Bytes): Promise<Bytes> {
  const ak = await open(slotKey, slotContext(head), sealed);
  if (ak.length !== 32) throw new KeyError("an account key has 32 bytes");
  return ak;
}
