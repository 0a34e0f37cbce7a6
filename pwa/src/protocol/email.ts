import { EmailError } from "./errors";

const LONGEST = 254;
const CANONICAL = /^[!#-?A-[\]-~]+@[!#-?A-[\]-~]+$/;

/**
 * The one form of an e-mail address that is stored, hashed and sent: printable ASCII without `"` and `\`, spaces and
 * tabs cut off at both ends, A-Z lower-cased, one `@`, at most 254 characters. Throws {@link EmailError} for anything else, an international domain that
 * isn't written as `xn--` among it.
 */
export function canonicalEmail(typed: string): string {
  const email = typed.replace(/^[ \t]+|[ \t]+$/g, "").replace(/[A-Z]/g, (letter) => letter.toLowerCase());
  if (email.length > LONGEST || !CANONICAL.test(email)) throw new EmailError("not an e-mail address");
  return email;
}
