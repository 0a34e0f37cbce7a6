import { EncodingError } from "./errors";

const LISTS = {
  en: () => import("../../../protocol/words/en.txt?raw"),
  es: () => import("../../../protocol/words/es.txt?raw"),
};

/** A language that has a list of words. */
export type WordLanguage = keyof typeof LISTS;

const WORDS = 7_776;

function randomBelow(limit: number): number {
  // The values above the last whole multiple would make the first words a little likelier.
  const end = 2 ** 32 - (2 ** 32 % limit);
  for (;;) {
    const [value = end] = crypto.getRandomValues(new Uint32Array(1));
    if (value < end) return value % limit;
  }
}

/** Five words from a list of 7,776, 64 bits of chance, separated by spaces: a passphrase to offer. */
export async function fiveWords(language: WordLanguage): Promise<string> {
  const list = (await LISTS[language]()).default.split("\n").filter((line) => line !== "");
  if (list.length !== WORDS) throw new EncodingError("a word list of another length");
  return Array.from({ length: 5 }, () => list[randomBelow(WORDS)]).join(" ");
}
