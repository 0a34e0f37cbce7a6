/** Search over everything that is open on this device. Nothing is asked of the server, which couldn't answer. */

import type { Entry } from "../store";

const MARKS = /\p{M}+/gu;
const PLAIN = /^\p{ASCII}*$/u;

/** Without case and accents: what is typed in haste finds what was written with care. */
export function fold(text: string): string {
  if (PLAIN.test(text)) return text.toLowerCase();
  return text.normalize("NFKD").replace(MARKS, "").toLowerCase();
}

/** The words of a search, folded; an entry is found when it has all of them, anywhere in a word. */
export const wordsOf = (search: string): string[] => fold(search).split(/\s+/u).filter(Boolean);

/** What of an entry is searched: its words and feelings, a change that wasn't sent, the answers to it. */
function searched(entry: Entry): string {
  const { text, feelings, unsentChange, comments } = entry;
  const also = unsentChange ? [unsentChange.text, ...unsentChange.feelings] : [];
  return [text, ...feelings, ...also, ...comments.map((comment) => comment.text)].join("\n");
}

/**
 * The folded words of all entries. Folding is the slow part; a text is folded once, and again only when it has changed,
 * so that each key of a search costs one pass over strings.
 */
export class SearchIndex {
  readonly #folded = new Map<string, { entry: Entry; readonly source: string; readonly words: string }>();

  #wordsOf(entry: Entry): string {
    const known = this.#folded.get(entry.id);
    // An entry is replaced when anything about it changes, never changed in place.
    if (known?.entry === entry) return known.words;
    const source = searched(entry);
    if (known?.source === source) {
      known.entry = entry;
      return known.words;
    }
    const words = fold(source);
    this.#folded.set(entry.id, { entry, source, words });
    return words;
  }

  /** The entries that have all words of a search, in their order. An empty search finds nothing. */
  find(entries: readonly Entry[], search: string): Entry[] {
    const wanted = wordsOf(search);
    if (wanted.length === 0) return [];
    return entries.filter((entry) => {
      const words = this.#wordsOf(entry);
      return wanted.every((word) => words.includes(word));
    });
  }

  /** Forgets all words. */
  clear(): void {
    this.#folded.clear();
  }

  /** Folds what isn't folded yet, a few at a time; `goOn` lets the page breathe, and says whether to go on. */
  async prepare(entries: readonly Entry[], goOn: () => Promise<boolean>): Promise<void> {
    const known = new Set(entries.map((entry) => entry.id));
    for (const id of this.#folded.keys()) if (!known.has(id)) this.#folded.delete(id);
    for (const [at, entry] of entries.entries()) {
      this.#wordsOf(entry);
      if (at % 20 === 19 && !(await goOn())) return;
    }
  }
}

/** Characters shown before the first word found. */
const LEAD = 60;
/** Characters around the first word found that are looked at letter by letter. */
const NEAR = 600;

/** The part of a text that a result shows, and where the words found stand in it. */
export interface Excerpt {
  readonly parts: readonly { readonly text: string; readonly found: boolean }[];
}

/**
 * Cuts a text around the first word found, to about `length` characters. Works on the text as written: a letter with an
 * accent stays one, and a long text isn't folded letter by letter.
 */
export function excerptOf(text: string, search: string, length: number): Excerpt {
  const wanted = wordsOf(search);
  const shown = textAround(text, wanted, length);
  const inside = placed(shown);
  const hits: [number, number][] = [];
  for (const word of wanted) {
    for (let at = inside.folded.indexOf(word); at >= 0; at = inside.folded.indexOf(word, at + word.length)) {
      hits.push([inside.placeOf(at), inside.placeOf(at + word.length)]);
    }
  }
  hits.sort((a, b) => a[0] - b[0]);
  const parts: { text: string; found: boolean }[] = [];
  let end = 0;
  for (const [from, to] of hits) {
    if (from < end) continue;
    if (from > end) parts.push({ text: shown.slice(end, from), found: false });
    parts.push({ text: shown.slice(from, to), found: true });
    end = to;
  }
  if (end < shown.length) parts.push({ text: shown.slice(end), found: false });
  if (!text.startsWith(shown)) parts.unshift({ text: "… ", found: false });
  return { parts };
}

/** The text from a little before the first word found. */
function textAround(text: string, wanted: readonly string[], length: number): string {
  const folded = fold(text);
  const starts = wanted.map((word) => folded.indexOf(word)).filter((at) => at >= 0);
  const first = starts.length > 0 ? Math.min(...starts) : 0;
  if (first <= LEAD) return text.slice(0, length);
  // Folding changes lengths a little: the word stands near the same share of the text.
  const near = Math.max(0, Math.round((first / folded.length) * text.length) - NEAR / 2);
  const window = placed(text.slice(near, near + NEAR));
  const inWindow = wanted.map((word) => window.folded.indexOf(word)).filter((at) => at >= 0);
  const at = near + (inWindow.length > 0 ? window.placeOf(Math.min(...inWindow)) : NEAR / 2);
  const cut = text.lastIndexOf(" ", Math.max(0, at - LEAD / 2)) + 1;
  return text.slice(cut, cut + length);
}

/** A text folded, and where in the text a place in the folded one is. */
function placed(text: string): { folded: string; placeOf: (at: number) => number } {
  if (PLAIN.test(text)) return { folded: text.toLowerCase(), placeOf: (at) => at };
  let folded = "";
  const places: number[] = [];
  let at = 0;
  for (const character of text) {
    const one = fold(character);
    for (let i = 0; i < one.length; i++) places.push(at);
    folded += one;
    at += character.length;
  }
  return { folded, placeOf: (place) => places[place] ?? text.length };
}
