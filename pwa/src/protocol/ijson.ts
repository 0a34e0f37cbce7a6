import { type Bytes, fromUtf8, utf8 } from "./bytes";
import { EncodingError, JsonError } from "./errors";

/** A value of I-JSON (RFC 7493). */
export type Json = null | boolean | number | string | Json[] | JsonObject;
/** An object of I-JSON. */
export type JsonObject = { [name: string]: Json };

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?|[{}[\]:,]|true|false|null/g;

function checkNumber(value: number): void {
  if (!Number.isFinite(value)) throw new JsonError("a number out of range");
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) throw new JsonError("an integer beyond 2^53 - 1");
}

/** Walks the tokens of `text`, which JSON.parse has accepted: it keeps the last of duplicate names and hides them. */
function checkTokens(text: string): void {
  const scopes: (Set<string> | null)[] = [];
  let last: string | undefined;
  for (const [token] of text.matchAll(TOKEN)) {
    const first = token.charAt(0);
    if (first === "{") scopes.push(new Set());
    else if (first === "[") scopes.push(null);
    else if (first === "}" || first === "]") scopes.pop();
    else if (first === '"') {
      last = JSON.parse(token) as string;
      if (!last.isWellFormed()) throw new JsonError("a lone surrogate");
    } else if (first === ":") {
      const names = scopes.at(-1);
      if (names && last !== undefined) {
        if (names.has(last)) throw new JsonError("a duplicate name");
        names.add(last);
      }
    } else if (first === "-" || (first >= "0" && first <= "9")) checkNumber(Number(token));
  }
}

function parsed(bytes: Uint8Array): { text: string; value: Json } {
  try {
    const text = fromUtf8(bytes);
    return { text, value: JSON.parse(text) as Json };
  } catch {
    throw new JsonError("not JSON");
  }
}

function requireObject(value: Json): JsonObject {
  if (value === null || typeof value !== "object" || Array.isArray(value)) throw new JsonError("not an object");
  return value;
}

/**
 * Parses I-JSON. Throws {@link JsonError} for bytes that are no UTF-8 or no JSON, duplicate names, lone surrogates (also
 * escaped ones), numbers that overflow, and integers beyond 2^53 - 1.
 */
export function parseJson(bytes: Uint8Array): Json {
  const { text, value } = parsed(bytes);
  checkTokens(text);
  return value;
}

/** As {@link parseJson}, and throws {@link JsonError} for anything but an object. */
export function parseJsonObject(bytes: Uint8Array): JsonObject {
  return requireObject(parseJson(bytes));
}

/** Parses again what {@link parseJsonObject} has accepted before: a fifth of the time, since no token is looked at. */
export function reparseJsonObject(bytes: Uint8Array): JsonObject {
  return requireObject(parsed(bytes).value);
}

function checkValue(value: Json): void {
  if (typeof value === "number") checkNumber(value);
  else if (Array.isArray(value)) for (const item of value) checkValue(item);
  else if (value !== null && typeof value === "object") for (const item of Object.values(value)) checkValue(item);
}

/**
 * UTF-8 of compact JSON. Throws {@link JsonError} for what {@link parseJson} would refuse, checked before anything is
 * sealed: `JSON.stringify` alone writes NaN as null and lone surrogates as escapes.
 */
export function printJson(value: Json): Bytes {
  checkValue(value);
  const text = JSON.stringify(value);
  try {
    const bytes = utf8(text);
    checkTokens(text);
    return bytes;
  } catch (error) {
    if (error instanceof EncodingError) throw new JsonError(error.message);
    throw error;
  }
}
