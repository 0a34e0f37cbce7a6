import { type Bytes, randomBytes, toBase64Url } from "./bytes";
import { ctx } from "./context";
import { KeyError, ParameterError } from "./errors";
import { publicKey, publicKeyBytes } from "./hpke";
import { derivationKey, deriveMacKey, deriveSealingKey, hash, open, seal } from "./symmetric";

/** What an account key gives: three non-extractable keys. Their names are the protocol's. */
export interface AccountKeys {
  /** AES-GCM: seals record keys for their owner. */
  readonly recordWrap: CryptoKey;
  /** HMAC: proves that the owner made a revision. */
  readonly recordProof: CryptoKey;
  /** AES-GCM: seals private keys. Not kept on a device. */
  readonly privateKeys: CryptoKey;
}

/** An account's X25519 key pair on an unlocked device; the private key can only derive bits. */
export interface Identity {
  readonly keyPair: CryptoKeyPair;
  /** 32 raw bytes. */
  readonly publicKey: Bytes;
  /** b64u of the first 16 bytes of the hash of the public key. */
  readonly keyId: string;
}

/** Whether a key pair is the one in use, or was given up in a rotation and opens only what is older. */
export type KeyRole = "present" | "former";

/** What names a private key's role in its seal: else which one is in use would be the server's word. */
const SEALED_AS = { present: "aftertide/1/private-key", former: "aftertide/1/former-key" } as const;

/** A private key as the server keeps it. */
export interface SealedIdentity {
  readonly keyId: string;
  readonly gen: number;
  readonly sealed: Bytes;
}

/** 32 new random bytes: an account key (AK). Overwrite it as soon as the slots are sealed. */
export function newAccountKey(): Bytes {
  return randomBytes(32);
}

/** The keys that `ak` gives. Throws {@link KeyError} unless it has 32 bytes. */
export async function deriveAccountKeys(ak: Bytes): Promise<AccountKeys> {
  if (ak.length !== 32) throw new KeyError("an account key has 32 bytes");
  const root = await derivationKey(ak);
  const [recordWrap, recordProof, privateKeys] = await Promise.all([
    deriveSealingKey(root, "aftertide/1/record-wrap"),
    deriveMacKey(root, "aftertide/1/record-proof"),
    deriveSealingKey(root, "aftertide/1/private-keys"),
  ]);
  return { recordWrap, recordProof, privateKeys };
}

/** `key_id` of a public key's 32 raw bytes. */
export async function keyIdOf(bytes: Bytes): Promise<string> {
  return toBase64Url((await hash(bytes)).subarray(0, 16));
}

// RFC 8410: what precedes the 32 bytes of an X25519 private key in PKCS #8.
const PKCS8 = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 110, 4, 34, 4, 32);
const BASE_POINT = Uint8Array.from({ length: 32 }, (_, i) => (i === 0 ? 9 : 0));

/**
 * Raw private bytes as an identity. The public key is computed, X25519(private, 9), never taken from a server. Throws
 * {@link KeyError} unless there are 32 bytes.
 */
export async function importIdentity(raw: Bytes): Promise<Identity> {
  if (raw.length !== 32) throw new KeyError("an X25519 key has 32 bytes");
  const encoded = new Uint8Array([...PKCS8, ...raw]);
  const privateKey = await crypto.subtle.importKey("pkcs8", encoded, "X25519", false, ["deriveBits"]);
  encoded.fill(0);
  const base = { name: "X25519", public: await publicKey(BASE_POINT) };
  const bytes = new Uint8Array(await crypto.subtle.deriveBits(base, privateKey, 256));
  return {
    keyPair: { privateKey, publicKey: await publicKey(bytes) },
    publicKey: bytes,
    keyId: await keyIdOf(bytes),
  };
}

/** Seals 32 raw private bytes under `private-keys`. */
export async function sealPrivateKey(
  keys: AccountKeys,
  account: string,
  keyId: string,
  gen: number,
  role: KeyRole,
  raw: Bytes,
): Promise<Bytes> {
  return seal(keys.privateKeys, ctx(SEALED_AS[role], account, keyId, gen), raw);
}

/** A new identity, and its private part sealed for the server. */
export async function createIdentity(
  keys: AccountKeys,
  account: string,
  gen: number,
): Promise<{ identity: Identity; sealed: SealedIdentity }> {
  const made = (await crypto.subtle.generateKey("X25519", true, ["deriveBits"])) as CryptoKeyPair;
  const exported = new Uint8Array(await crypto.subtle.exportKey("pkcs8", made.privateKey));
  const raw = exported.slice(-32);
  const identity = await importIdentity(raw);
  const bytes = await publicKeyBytes(made.publicKey);
  if ((await keyIdOf(bytes)) !== identity.keyId) throw new KeyError("the runtime encodes private keys in another way");
  const sealed = await sealPrivateKey(keys, account, identity.keyId, gen, "present", raw);
  exported.fill(0);
  raw.fill(0);
  return { identity, sealed: { keyId: identity.keyId, gen, sealed } };
}

/**
 * Opens a private key from the server: 32 raw bytes, to be overwritten after use, and the identity they make. Throws
 * {@link SealError} when it was sealed for another account, id, generation or role, {@link KeyError} when the key inside
 * isn't the one that its `key_id` names.
 */
export async function openPrivateKey(
  keys: AccountKeys,
  account: string,
  stored: SealedIdentity,
  role: KeyRole,
): Promise<{ raw: Bytes; identity: Identity }> {
  const raw = await open(keys.privateKeys, ctx(SEALED_AS[role], account, stored.keyId, stored.gen), stored.sealed);
  const identity = await importIdentity(raw);
  if (identity.keyId !== stored.keyId) throw new KeyError("a private key under another key's id");
  return { raw, identity };
}

/** Opens a private key from the server, as {@link openPrivateKey}, and keeps no bytes of it. */
export async function openIdentity(
  keys: AccountKeys,
  account: string,
  stored: SealedIdentity,
  role: KeyRole,
): Promise<Identity> {
  const { raw, identity } = await openPrivateKey(keys, account, stored, role);
  raw.fill(0);
  return identity;
}

/** Throws {@link ParameterError} when the server shows an earlier generation of keys than this device has seen. */
export function requireGeneration(seen: number, gen: number): void {
  if (!Number.isSafeInteger(gen) || gen < 1 || gen < seen) throw new ParameterError("keys of an earlier generation");
}
