import type { Entry, SharedEntry } from "../../src/store/interface";
import type { Device, Page } from "./device";

/** Something that somebody typed: no two are alike. */
export interface Word {
  readonly text: string;
  readonly person: string;
  readonly page: Page;
  /** The entry that it was typed in, or below it. */
  readonly entry: string;
  readonly below: boolean;
  readonly at: number;
  /** The device has said that it is kept. From then on it must be found, unless there is an excuse. */
  kept: boolean;
  /** Why it may be gone: its person edited it away, discarded, deleted, or gave it up, or the only disk was lost. */
  readonly excuses: Set<string>;
}

/** What a person chose on a page about who reads an entry. */
export interface Tap {
  readonly kind: "share" | "take-back" | "send";
  readonly page: Page;
  readonly at: number;
}

export const wordsIn = (text: string): Set<string> => new Set(text.match(/\bw\d+\b/g));

/** What an entry shows to its owner. */
const shownIn = (entry: Entry): string =>
  [entry.text, entry.unsentChange?.text ?? "", ...entry.comments.map((comment) => comment.text)].join(" ");

/**
 * What was typed and promised, and who may have seen it. It knows nothing of revisions, merges or the server: only of
 * what a person did, was told, and was shown.
 */
export class Words {
  readonly all = new Map<string, Word>();
  readonly taps = new Map<string, Tap[]>();
  /** Words that a device showed as sent. */
  readonly sent = new Set<string>();
  /** Words that a restored server doesn't have any more, until a device that knows of it has given them back. */
  readonly #forgotten = new Set<string>();
  /** The server's, since it was restored. */
  #incarnation: string | undefined;
  /** Words that lie on a device: it showed them, or they were typed on it, since its disk was last empty. */
  readonly #held = new Map<Device, { typed: Set<string>; shown: Set<string> }>();

  type(person: string, page: Page, entry: string, at: number, below = false): string {
    const text = `w${this.all.size + 1}`;
    this.all.set(text, {
      text,
      person,
      page,
      entry,
      below,
      at,
      kept: false,
      excuses: new Set(page.device.givingUp ? ["given up"] : []),
    });
    this.#on(page.device).typed.add(text);
    return text;
  }

  /** A device said that everything of this text is kept. */
  keep(text: string): void {
    for (const word of wordsIn(text)) this.#of(word).kept = true;
  }

  excuse(words: Iterable<string>, why: string): void {
    for (const word of words) this.#of(word).excuses.add(why);
  }

  /** What was done wasn't, after all. */
  demand(why: string): void {
    for (const word of this.all.values()) word.excuses.delete(why);
  }

  /** A person chose something about an entry. */
  tap(entry: string, tap: Tap): void {
    this.taps.set(entry, [...(this.taps.get(entry) ?? []), tap]);
  }

  /** Learns what a page of a word's person shows. */
  look(page: Page): void {
    const { session, journal } = page.store;
    if (session.phase === "signed-out") this.#held.delete(page.device);
    if (session.phase !== "unlocked") return;
    const { shown } = this.#on(page.device);
    const returned = this.#returned(page.device);
    for (const entry of journal.entries) {
      for (const word of wordsIn(shownIn(entry))) shown.add(word);
      const isBack = returned(entry.id);
      for (const { text, where } of [entry, ...entry.comments]) if (where === "sent") this.#told(text, isBack);
    }
  }

  /** Whether a device has given back what a restored server had lost of an entry: it has compared all, and nothing waits. */
  #returned({ disk }: Device): (entry: string) => boolean {
    if (this.#forgotten.size === 0) return () => false;
    const [here] = disk.committed("here");
    const isCompared = here?.incarnation === this.#incarnation && !here?.comparing;
    const waiting = new Set(disk.committed("outbox").flatMap(({ record, about }) => [record, about]));
    return (entry) => isCompared && !waiting.has(entry);
  }

  /** What was only on this device is lost with it: thrown away, or given up. */
  lose(device: Device, why: string): void {
    this.#held.delete(device);
    for (const { text, page } of this.all.values()) {
      if (page.device === device && !this.sent.has(text) && !this.#isHeld(text)) this.excuse([text], why);
    }
  }

  /** The device was emptied, and nothing was given up. */
  empty(device: Device): void {
    this.#held.delete(device);
  }

  /** What the device showed may be gone; what was typed on it isn't. */
  loseRelaxed(device: Device): void {
    this.#on(device).shown.clear();
  }

  /** A device shows words as sent. One that hasn't heard of a restore says so of what is gone. */
  #told(text: string, isBack: boolean): void {
    for (const word of wordsIn(text)) {
      if (isBack) this.#forgotten.delete(word);
      if (!this.#forgotten.has(word)) this.sent.add(word);
    }
  }

  /**
   * The server has only what it had at a backup: what lay nowhere else is lost. Also what no page had shown as sent by then:
   * the server may have taken it a moment ago, and a page that hasn't heard of the restore goes on to say so.
   */
  restore(sentThen: ReadonlySet<string>, incarnation: string): void {
    this.#incarnation = incarnation;
    for (const word of this.all.keys()) {
      if (sentThen.has(word)) continue;
      if (!this.#isHeld(word)) this.excuse([word], "restore");
      this.sent.delete(word);
      this.#forgotten.add(word);
    }
  }

  /** Words that must be found wherever their person looks. */
  demanded(person: string): Word[] {
    return [...this.all.values()].filter((word) => word.person === person && word.kept && word.excuses.size === 0);
  }

  /** Throws where a reader sees a word that nobody has let them see. */
  requireLetSee(seen: SharedEntry): void {
    for (const text of wordsIn(seen.text)) {
      const word = this.#of(text);
      const taps = this.taps.get(seen.id) ?? [];
      if (!taps.some((tap) => lets(tap, word, taps))) throw new Error(`${text} of ${seen.id} was never shared`);
    }
  }

  #of(text: string): Word {
    const word = this.all.get(text);
    if (!word) throw new Error(`nobody typed ${text}`);
    return word;
  }

  #on(device: Device): { typed: Set<string>; shown: Set<string> } {
    const held = this.#held.get(device) ?? { typed: new Set(), shown: new Set() };
    this.#held.set(device, held);
    return held;
  }

  #isHeld(word: string): boolean {
    return [...this.#held.values()].some(({ typed, shown }) => typed.has(word) || shown.has(word));
  }
}

/**
 * Whether a choice lets a reader see a word: it came after the word, or another page made it which may not have known of
 * the word, unless its device took it back before the word was typed there.
 */
function lets(tap: Tap, word: Word, taps: readonly Tap[]): boolean {
  if (tap.kind === "take-back") return false;
  if (tap.at >= word.at) return true;
  if (tap.kind !== "share" || tap.page === word.page) return false;
  if (tap.page.device !== word.page.device) return true;
  return !taps.some(
    (other) =>
      other.kind === "take-back" && other.page.device === word.page.device && other.at > tap.at && other.at <= word.at,
  );
}
