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

const STANDARD = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const URL_SAFE = /^(?:[A-Za-z0-9_-]{4})*(?:[A-Za-z0-9_-]{2,3})?$/;

function binaryString(bytes: Uint8Array): string {
  let text = "";
  // A call takes a limited number of arguments, so long bodies go in parts.
  for (let at = 0; at < bytes.length; at += 0x2000) text += String.fromCharCode(...bytes.subarray(at, at + 0x2000));
  return text;
}

/** Standard base64 with padding (RFC 4648 section 4), as the API and sealed JSON hold bytes. */
export function toBase64(bytes: Uint8Array): string {
  return btoa(binaryString(bytes));
}

/**
 * The bytes of standard base64. Throws {@link EncodingError} for foreign characters, white space, missing or wrong
 * padding, and spare bits that aren't zero: one value has one spelling.
 */
export function fromBase64(text: string): Bytes {
  if (!STANDARD.test(text)) throw new EncodingError("not standard base64 with padding");
  const bytes = Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  if (toBase64(bytes) !== text) throw new EncodingError("base64 with spare bits");
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
