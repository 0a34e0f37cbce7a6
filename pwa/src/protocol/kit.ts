import { type Bytes, randomBytes } from "./bytes";
import { KeyError, KitError } from "./errors";

/** Crockford's base 32, then the five symbols that only a check symbol takes (crockford.com/base32.html). */
const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U";
const SECRET = 20;
const LENGTH = 32;

function toNumber(bytes: Bytes): bigint {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function symbol(value: bigint): string {
  return SYMBOLS.charAt(Number(value));
}

/** 20 random bytes: the secret of a recovery slot. */
export function newKitSecret(): Bytes {
  return randomBytes(SECRET);
}

/** The kit as people see it: 32 symbols and a check symbol in groups of four. Throws {@link KeyError} for other than 20 bytes. */
export function printKit(secret: Bytes): string {
  if (secret.length !== SECRET) throw new KeyError("a kit holds 20 bytes");
  const number = toNumber(secret);
  let symbols = "";
  for (let shift = 155n; shift >= 0n; shift -= 5n) symbols += symbol((number >> shift) & 31n);
  return (symbols + symbol(number % 37n)).replace(/.{4}(?!$)/g, "$&-");
}

/**
 * The secret of a typed kit, read without regard to case, white space and hyphens; I and L as 1, O as 0. Throws
 * {@link KitError} with what is wrong: its length, a symbol, or the check symbol.
 */
export function readKit(typed: string): Bytes {
  // A-Z only: what else becomes a capital of these (ı, ſ) is another letter.
  const capitals = typed.replace(/[a-z]/g, (letter) => letter.toUpperCase());
  const symbols = capitals.replace(/[\s-]/g, "").replace(/[IL]/g, "1").replaceAll("O", "0");
  if (symbols.length !== LENGTH + 1) throw new KitError("length");
  const values = Array.from(symbols, (character) => SYMBOLS.indexOf(character));
  const check = values.pop() ?? -1;
  if (check < 0 || values.some((value) => value < 0 || value > 31)) throw new KitError("symbol");
  const number = values.reduce((sum, value) => (sum << 5n) | BigInt(value), 0n);
  if (number % 37n !== BigInt(check)) throw new KitError("check");
  return Uint8Array.from({ length: SECRET }, (_, i) => Number((number >> BigInt(8 * (SECRET - 1 - i))) & 255n));
}
