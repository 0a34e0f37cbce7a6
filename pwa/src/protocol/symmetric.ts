import { type Bytes, concat, randomBytes, utf8 } from "./bytes";
import { KeyError, SealError } from "./errors";

const SUITE = 0x01;
const NONCE = 12;
const TAG = 16;

/** Length that {@link seal} adds, in bytes. */
export const SEAL_OVERHEAD = 1 + NONCE + TAG;

/** SHA-256. */
export async function hash(data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
}

/** A key for {@link hkdf} and {@link deriveKey}: it can't be exported, though what it derives can. Throws {@link KeyError} if empty. */
export async function derivationKey(secret: Bytes): Promise<CryptoKey> {
  if (secret.length === 0) throw new KeyError("an empty secret");
  return crypto.subtle.importKey("raw", secret, "HKDF", false, ["deriveBits", "deriveKey"]);
}

function hkdfParameters(info: Bytes): HkdfParams {
  return { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
}

/** HKDF-SHA-256 (RFC 5869), empty salt, 32 bytes. */
export async function hkdf(secret: CryptoKey, info: Bytes | string): Promise<Bytes> {
  const label = typeof info === "string" ? utf8(info) : info;
  return new Uint8Array(await crypto.subtle.deriveBits(hkdfParameters(label), secret, 256));
}

/** `hkdf` as a non-extractable AES-256-GCM key, whose bytes no script ever holds. */
export async function deriveSealingKey(secret: CryptoKey, info: Bytes | string): Promise<CryptoKey> {
  const label = typeof info === "string" ? utf8(info) : info;
  const target = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(hkdfParameters(label), secret, target, false, ["encrypt", "decrypt"]);
}

/** `hkdf` as a non-extractable HMAC-SHA-256 key of 32 bytes. */
export async function deriveMacKey(secret: CryptoKey, info: Bytes | string): Promise<CryptoKey> {
  const label = typeof info === "string" ? utf8(info) : info;
  // Without a length WebCrypto would take the block size of SHA-256, 64 bytes.
  const target = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(hkdfParameters(label), secret, target, false, ["sign", "verify"]);
}

/** 32 bytes as a non-extractable AES-256-GCM key. Throws {@link KeyError} at another length. */
export async function sealingKey(bytes: Bytes): Promise<CryptoKey> {
  if (bytes.length !== 32) throw new KeyError("a sealing key has 32 bytes");
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Bytes as a non-extractable HMAC-SHA-256 key. Throws {@link KeyError} if empty. */
export async function macKey(bytes: Bytes): Promise<CryptoKey> {
  if (bytes.length === 0) throw new KeyError("an empty mac key");
  return crypto.subtle.importKey("raw", bytes, { name: "HMAC", hash: "SHA-256" }, false, ["sign", "verify"]);
}

/** HMAC-SHA-256 (RFC 2104), 32 bytes. */
export async function mac(key: CryptoKey, data: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.sign("HMAC", key, data));
}

/** Whether `tag` is the mac of `data`, compared in constant time by WebCrypto. */
export async function verifyMac(key: CryptoKey, tag: Bytes, data: Bytes): Promise<boolean> {
  return crypto.subtle.verify("HMAC", key, tag, data);
}

/** `0x01 || nonce || AES-256-GCM(key, nonce, aad, text)` (NIST SP 800-38D), nonce random, tag last. */
export async function seal(key: CryptoKey, aad: Bytes, text: Bytes): Promise<Bytes> {
  const nonce = randomBytes(NONCE);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: aad }, key, text);
  return concat(Uint8Array.of(SUITE), nonce, new Uint8Array(sealed));
}

/** What {@link seal} was given. Throws {@link SealError} for another first byte, fewer than 29 bytes, another key or another `aad`. */
export async function open(key: CryptoKey, aad: Bytes, sealed: Bytes): Promise<Bytes> {
  if (sealed.length < SEAL_OVERHEAD || sealed[0] !== SUITE) throw new SealError("not sealed by this suite");
  const iv = sealed.subarray(1, 1 + NONCE);
  try {
    const text = await crypto.subtle.decrypt(
      { name: "AES-GCM", iv, additionalData: aad },
      key,
      sealed.subarray(1 + NONCE),
    );
    return new Uint8Array(text);
  } catch {
    throw new SealError("does not open with this key and context");
  }
}
