import { EncodingError } from "./errors";

/** Bytes that WebCrypto takes and IndexedDB keeps. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** UTF-8 of `text`. Throws {@link EncodingError} at a lone surrogate, which UTF-8 cannot hold. */
export function utf8(text: string): Bytes {
  if (!text.isWellFormed()) throw new EncodingError("text holds a lone surrogate");
  return encoder.encode(text);
}

/** The text of UTF-8 bytes, a byte order mark kept as a character. Throws {@link EncodingError} where they are no UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw new EncodingError("not UTF-8");
  }
}

const URL_SAFE = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/;

const SYMBOLS = encoder.encode("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/");
const PADDING = "=".charCodeAt(0);
const FOREIGN = 64;
const VALUES = new Uint8Array(128).fill(FOREIGN);
for (const [value, symbol] of SYMBOLS.entries()) VALUES[symbol] = value;

/** Standard base64 with padding (RFC 4648 section 4), as the API and sealed JSON hold bytes. */
export function toBase64(bytes: Uint8Array): string {
  const symbols = new Uint8Array(4 * Math.ceil(bytes.length / 3));
  for (let from = 0, to = 0; from < bytes.length; from += 3, to += 4) {
    const three = ((bytes[from] ?? 0) << 16) | ((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0);
    symbols[to] = SYMBOLS[three >> 18] ?? 0;
    symbols[to + 1] = SYMBOLS[(three >> 12) & 63] ?? 0;
    symbols[to + 2] = SYMBOLS[(three >> 6) & 63] ?? 0;
    symbols[to + 3] = SYMBOLS[three & 63] ?? 0;
  }
  symbols.fill(PADDING, symbols.length - ((3 - (bytes.length % 3)) % 3));
  return decoder.decode(symbols);
}

/**
 * The bytes of standard base64. Throws {@link EncodingError} for foreign characters, white space, missing or wrong
 * padding, and spare bits that aren't zero: one value has one spelling.
 */
export function fromBase64(text: string): Bytes {
  if (text.length % 4 !== 0) throw new EncodingError("base64 without its padding");
  const padded = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const symbols = text.length - padded;
  const bytes = new Uint8Array((text.length / 4) * 3 - padded);
  let bits = 0;
  let foreign = 0;
  for (let at = 0, to = 0; at < symbols; at++) {
    const value = VALUES[text.charCodeAt(at)] ?? FOREIGN;
    foreign |= value;
    bits = (bits << 6) | value;
    // Each symbol but the first of four completes a byte; 0, 2 and 4 bits of it are left over.
    if (at % 4 !== 0) bytes[to++] = bits >> (6 - 2 * (at % 4));
  }
  if (foreign >= FOREIGN) throw new EncodingError("characters that are not of standard base64");
  if ((bits & ((1 << (2 * padded)) - 1)) !== 0) throw new EncodingError("base64 with spare bits");
  return bytes;
}

/** base64url without padding (RFC 4648 section 5): the `b64u` of the protocol. */
export function toBase64Url(bytes: Uint8Array): string {
  return toBase64(bytes).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** The bytes of base64url without padding. Throws {@link EncodingError} as {@link fromBase64} does, and for padding. */
export function fromBase64Url(text: string): Bytes {
  if (!URL_SAFE.test(text)) throw new EncodingError("not base64url without padding");
  const standard = text.replaceAll("-", "+").replaceAll("_", "/");
  return fromBase64(standard.padEnd(Math.ceil(standard.length / 4) * 4, "="));
}

/** One after the other. */
export function concat(...parts: Uint8Array[]): Bytes {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Whether two values are equal, in a time that depends on their length alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** `count` bytes from the system's generator. */
export function randomBytes(count: number): Bytes {
  return crypto.getRandomValues(new Uint8Array(count));
}

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** A new random id (UUIDv4, lower case). */
export function newId(): string {
  return crypto.randomUUID();
}

/** Gives `id` back when it is an id in the protocol's form; throws {@link EncodingError} otherwise. */
export function requireId(id: string): string {
  if (!ID.test(id)) throw new EncodingError("not an id");
  return id;
}
