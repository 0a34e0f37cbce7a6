import {
  createCipheriv,
  createDecipheriv,
  createHmac,
  createSecretKey,
  hash as digestOf,
  hkdfSync,
  type KeyObject,
} from "node:crypto";
import type { Random } from "./random";

/**
 * WebCrypto for the simulation: what is random comes from the seed, and every promise is resolved before it is given,
 * so that a seed replays to the byte and an event ends with its microtasks. AES-GCM, HKDF, HMAC and SHA-256 are Node's
 * real ones. X25519 is not: a stand-in of the same shape, in which both sides find the same secret and anybody could.
 * The real one is tested with the protocol's vectors; here it would be most of the time.
 */
export function deterministicCrypto(): { crypto: Crypto; seed(random: Random): void } {
  let random: Random | undefined;
  const chance = (): Random => {
    if (!random) throw new Error("no seed yet");
    return random;
  };
  const crypto = {
    getRandomValues: <B extends Uint8Array>(bytes: B) => chance().fill(bytes),
    randomUUID: () => chance().id(),
    subtle: subtleFrom(chance),
  };
  return {
    // Only what the protocol and its HPKE library call is there.
    crypto: crypto as unknown as Crypto,
    seed: (next) => {
      random = next;
    },
  };
}

/** A key, with its bytes. */
class SimulatedKey {
  constructor(
    readonly algorithm: { readonly name: string },
    readonly type: KeyType,
    readonly extractable: boolean,
    readonly bytes: Uint8Array,
  ) {}

  #secret: KeyObject | undefined;

  /** The bytes as Node takes them in anew each time that it is given them: most keys are used often. */
  get secret(): KeyObject {
    this.#secret ??= createSecretKey(this.bytes);
    return this.#secret;
  }
}

type Key = SimulatedKey | CryptoKey;
type Parameters_ = string | { readonly name: string; readonly [more: string]: unknown };

const nameOf = (algorithm: Parameters_): string => (typeof algorithm === "string" ? algorithm : algorithm.name);
const secretOf = (key: Key): KeyObject => (key as SimulatedKey).secret;
const bytesOf = (key: Key): Uint8Array => (key as SimulatedKey).bytes;
const copied = (bytes: Uint8Array): ArrayBuffer => new Uint8Array(bytes).buffer;
const viewed = (data: BufferSource): Uint8Array =>
  data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength);

const TAG = 16;
const MASK = 0x5a;
const masked = (bytes: Uint8Array): Uint8Array => bytes.map((byte) => byte ^ MASK);
const isBasePoint = (bytes: Uint8Array): boolean => bytes[0] === 9 && bytes.subarray(1).every((byte) => byte === 0);

/** What two key pairs have in common, from either side: a public key is its private one, masked. */
function agreed(secret: Uint8Array, point: Uint8Array): Uint8Array {
  if (isBasePoint(point)) return masked(secret);
  const both = [secret, masked(point)].sort(Buffer.compare);
  return digestOf("sha256", Buffer.concat(both), "buffer");
}

function derived(algorithm: Parameters_, key: Key, bits: number): Uint8Array {
  const { info, salt, public: other } = algorithm as { info?: Uint8Array; salt?: Uint8Array; public?: Key };
  if (nameOf(algorithm) === "X25519") return agreed(bytesOf(key), other ? bytesOf(other) : new Uint8Array(32));
  const none = new Uint8Array();
  return new Uint8Array(hkdfSync("sha256", secretOf(key), salt ?? none, info ?? none, bits / 8));
}

function gcm(algorithm: Parameters_): { iv: Uint8Array; aad: Uint8Array } {
  const { iv, additionalData } = algorithm as unknown as { iv: BufferSource; additionalData?: BufferSource };
  return { iv: viewed(iv), aad: additionalData ? viewed(additionalData) : new Uint8Array() };
}

function subtleFrom(chance: () => Random): object {
  const done = <T>(value: T): Promise<T> => Promise.resolve(value);
  const signed = (key: Key, data: BufferSource): Buffer =>
    createHmac("sha256", secretOf(key)).update(viewed(data)).digest();
  return {
    digest: (_: string, data: BufferSource) => done(copied(digestOf("sha256", viewed(data), "buffer"))),
    importKey(format: string, data: BufferSource, algorithm: Parameters_, extractable: boolean) {
      const bytes = new Uint8Array(viewed(data));
      const name = nameOf(algorithm);
      const type = name !== "X25519" ? "secret" : format === "raw" ? "public" : "private";
      // PKCS #8 ends with the 32 bytes of the key (RFC 8410).
      return done(new SimulatedKey({ name }, type, extractable, format === "pkcs8" ? bytes.slice(-32) : bytes));
    },
    exportKey(_: string, key: Key) {
      return key.extractable ? done(copied(bytesOf(key))) : Promise.reject(new DOMException("", "InvalidAccessError"));
    },
    generateKey(algorithm: Parameters_, extractable: boolean) {
      const secret = chance().fill(new Uint8Array(32));
      const name = nameOf(algorithm);
      return done({
        privateKey: new SimulatedKey({ name }, "private", extractable, secret),
        publicKey: new SimulatedKey({ name }, "public", true, masked(secret)),
      });
    },
    deriveBits: (algorithm: Parameters_, key: Key, bits: number) => done(copied(derived(algorithm, key, bits))),
    deriveKey: (algorithm: Parameters_, key: Key, target: Parameters_, extractable: boolean) =>
      done(new SimulatedKey({ name: nameOf(target) }, "secret", extractable, derived(algorithm, key, 256))),
    encrypt(algorithm: Parameters_, key: Key, data: BufferSource) {
      const { iv, aad } = gcm(algorithm);
      const cipher = createCipheriv("aes-256-gcm", secretOf(key), iv).setAAD(aad);
      const text = cipher.update(viewed(data));
      return done(copied(Buffer.concat([text, cipher.final(), cipher.getAuthTag()])));
    },
    decrypt(algorithm: Parameters_, key: Key, data: BufferSource) {
      const { iv, aad } = gcm(algorithm);
      const sealed = viewed(data);
      try {
        const cipher = createDecipheriv("aes-256-gcm", secretOf(key), iv).setAAD(aad);
        cipher.setAuthTag(sealed.subarray(-TAG));
        return done(copied(Buffer.concat([cipher.update(sealed.subarray(0, -TAG)), cipher.final()])));
      } catch {
        return Promise.reject(new DOMException("", "OperationError"));
      }
    },
    sign: (_: Parameters_, key: Key, data: BufferSource) => done(copied(signed(key, data))),
    verify: (_: Parameters_, key: Key, tag: BufferSource, data: BufferSource) =>
      done(signed(key, data).equals(viewed(tag))),
  };
}
