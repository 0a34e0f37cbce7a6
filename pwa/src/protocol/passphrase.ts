import { type Bytes, utf8 } from "./bytes";
import { PassphraseError } from "./errors";

/** Characters (code points after NFKC) that a passphrase needs at least. */
export const SHORTEST_PASSPHRASE = 12;

/** UTF-8 of NFKC(passphrase), not trimmed: what Argon2id gets. Throws {@link PassphraseError} at a lone surrogate. */
export function passphraseBytes(passphrase: string): Bytes {
  if (!passphrase.isWellFormed()) throw new PassphraseError("surrogate");
  return utf8(passphrase.normalize("NFKC"));
}

async function unassigned(): Promise<[number, number][]> {
  const table = await import("../../../protocol/unicode14-unassigned.json");
  return table.default as [number, number][];
}

async function commonOnes(): Promise<Set<string>> {
  const list = await import("../../../protocol/common-passphrases.txt?raw");
  return new Set(list.default.split("\n").filter((line) => line !== ""));
}

/**
 * Throws {@link PassphraseError} when `passphrase` can't be set: a lone surrogate, a code point unassigned in Unicode 14
 * (normalization of those differs between runtimes, and the passphrase would open nothing elsewhere), fewer than
 * {@link SHORTEST_PASSPHRASE} characters, or one of the shipped list of common ones. Reads both tables on first use.
 */
export async function requireSettablePassphrase(passphrase: string): Promise<void> {
  if (!passphrase.isWellFormed()) throw new PassphraseError("surrogate");
  const ranges = await unassigned();
  for (const character of passphrase) {
    const code = character.codePointAt(0) ?? 0;
    if (ranges.some(([first, last]) => first <= code && code <= last)) throw new PassphraseError("unassigned");
  }
  const normal = passphrase.normalize("NFKC");
  if ([...normal].length < SHORTEST_PASSPHRASE) throw new PassphraseError("too-short");
  if ((await commonOnes()).has(normal.toLowerCase())) throw new PassphraseError("common");
}
