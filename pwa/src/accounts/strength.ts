/** How hard a passphrase is to guess, estimated by zxcvbn and said without flattery. Loaded only when one is chosen. */

import { ZxcvbnFactory } from "@zxcvbn-ts/core";
import { adjacencyGraphs, dictionary } from "@zxcvbn-ts/language-common";
import englishWords from "../../../protocol/words/en.txt?raw";
import spanishWords from "../../../protocol/words/es.txt?raw";

export type Strength = "weak" | "fair" | "good" | "strong";

const lines = (text: string): string[] => text.split("\n").filter((line) => line !== "");

// The lists from which the app offers words are known to everyone, so a guesser has them, too.
const estimator = new ZxcvbnFactory({
  dictionary: { ...dictionary, "offered-en": lines(englishWords), "offered-es": lines(spanishWords) },
  graphs: adjacencyGraphs,
});

/* Powers of ten of guesses. With 64 MiB of Argon2id for each guess, a rented machine makes some thousands a second:
   10^9 is a day or two of one, 10^12 some years of one or weeks of many, 10^15 beyond what anyone pays for. */
const FAIR = 9;
const GOOD = 12;
const STRONG = 15;

/** The estimate for `passphrase`; `own` are words that a guesser would try first, such as the e-mail and the name. */
export function strengthOf(passphrase: string, own: readonly string[]): Strength {
  const { guessesLog10 } = estimator.check(passphrase, [...own]);
  if (guessesLog10 >= STRONG) return "strong";
  if (guessesLog10 >= GOOD) return "good";
  return guessesLog10 >= FAIR ? "fair" : "weak";
}
