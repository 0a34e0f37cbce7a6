import { type Bytes, utf8 } from "./bytes";
import { EncodingError } from "./errors";

const PLAIN = /^[ !#-[\]-~]*$/;

/**
 * `ctx(a, b, ...)`: the UTF-8 of a compact JSON array, which binds sealed bytes to their place. Throws
 * {@link EncodingError} for anything but strings of U+0020 to U+007E without `"` and `\`, and integers 0 to 2^53 - 1,
 * so that both clients print every accepted argument alike.
 */
export function ctx(...values: (string | number)[]): Bytes {
  for (const value of values) {
    const accepted =
      typeof value === "string"
        ? PLAIN.test(value)
        : typeof value === "number" && Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0);
    if (!accepted) throw new EncodingError("not an argument that ctx takes");
  }
  return utf8(JSON.stringify(values));
}
