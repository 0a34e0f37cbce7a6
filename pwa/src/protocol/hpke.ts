import type { CipherSuite } from "@hpke/core";
import { type Bytes, concat } from "./bytes";
import { KeyError, SealError } from "./errors";

const ENCAPSULATED = 32;
const TAG = 16;

let suite: Promise<CipherSuite> | undefined;

/** Loads the library, which a list of one's own entries doesn't need. Call it early; whatever needs it waits for it. */
export function loadHpke(): Promise<CipherSuite> {
  suite ??= import("@hpke/core").then(
    ({ Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 }) =>
      new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() }),
  );
  // A load that failed without network is tried again by the next call.
  suite.catch(() => {
    suite = undefined;
  });
  return suite;
}

/** 32 raw bytes as an X25519 public key. Throws {@link KeyError} at another length. */
export async function publicKey(bytes: Bytes): Promise<CryptoKey> {
  if (bytes.length !== 32) throw new KeyError("an X25519 key has 32 bytes");
  return crypto.subtle.importKey("raw", bytes, "X25519", true, []);
}

/** The 32 raw bytes of a public key. */
export async function publicKeyBytes(key: CryptoKey): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.exportKey("raw", key));
}

/**
 * HPKE (RFC 9180) base mode, single shot, empty `aad`: `enc || ciphertext`. Throws {@link KeyError} for a recipient key
 * of small order (an all-zero shared secret, which WebCrypto refuses).
 */
export async function sealTo(recipient: CryptoKey, info: Bytes, text: Bytes): Promise<Bytes> {
  return sealWith({ recipientPublicKey: recipient, info }, text);
}

/** As {@link sealTo} in auth mode: only who holds `sender` or the recipient's own private key can have made it. */
export async function sealFrom(sender: CryptoKeyPair, recipient: CryptoKey, info: Bytes, text: Bytes): Promise<Bytes> {
  return sealWith({ recipientPublicKey: recipient, senderKey: sender, info }, text);
}

async function sealWith(parameters: Parameters<CipherSuite["seal"]>[0], text: Bytes): Promise<Bytes> {
  const loaded = await loadHpke();
  try {
    const { enc, ct } = await loaded.seal(parameters, text);
    return concat(new Uint8Array(enc), new Uint8Array(ct));
  } catch {
    throw new KeyError("nothing can be sealed to this key");
  }
}

/**
 * Opens {@link sealTo}. Throws {@link SealError} for another key or `info`, fewer than 48 bytes, or an encapsulated key
 * of small order. Takes the pair, not the private key: the library would export a lone private key to find its public
 * part, and ours can't be exported.
 */
export async function openTo(recipient: CryptoKeyPair, info: Bytes, sealed: Bytes): Promise<Bytes> {
  return openWith({ recipientKey: recipient, info }, sealed);
}

/** Opens {@link sealFrom}. Throws {@link SealError} as {@link openTo} does, and when another key than `sender` sealed it. */
export async function openFrom(
  sender: CryptoKey,
  recipient: CryptoKeyPair,
  info: Bytes,
  sealed: Bytes,
): Promise<Bytes> {
  return openWith({ recipientKey: recipient, senderPublicKey: sender, info }, sealed);
}

async function openWith(parameters: Omit<Parameters<CipherSuite["open"]>[0], "enc">, sealed: Bytes): Promise<Bytes> {
  const loaded = await loadHpke();
  if (sealed.length < ENCAPSULATED + TAG) throw new SealError("too short to be sealed to a key");
  try {
    const enc = sealed.slice(0, ENCAPSULATED);
    return new Uint8Array(await loaded.open({ ...parameters, enc }, sealed.slice(ENCAPSULATED)));
  } catch {
    throw new SealError("does not open with this key and context");
  }
}
