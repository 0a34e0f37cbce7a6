/** How somebody is looking at the journal: what they search, list or calendar, how far. Kept while they look at an entry. */

import { shortDay } from "../messages/dates";
import { say, speech } from "../messages/language.svelte";
import { counted } from "../messages/plurals";
import type { Entry } from "../store";
import type { Excerpt, SearchIndex } from "./search";

/** Entries drawn together with the screen they are on: the others follow with the next frame, so that none takes long. */
const FIRST = 2;
/** Entries drawn next, and with each key of a search: as many as a phone shows, so that nothing is kept waiting. */
const SEEN = 6;
/** Entries drawn with each step from there. */
const STEP = 20;
/** Milliseconds after the list in which nobody has begun to search. */
const SOON = 500;

class Looking {
  search = $state("");
  inCalendar = $state(false);
  /** How many entries of the list are drawn. */
  listed = $state(FIRST);
  /** How many results are drawn. */
  drawn = $state(SEEN);
  /** The month shown in the calendar, YYYY-MM, and the day chosen in it. */
  month = $state<string | undefined>();
  day = $state<string | undefined>();
  /** Fetched once the list is there. */
  #code = $state.raw<typeof import("./search") | undefined>();
  #index = $state.raw<SearchIndex | undefined>();
  #preparing = 0;

  /** Whether the search's code is here. */
  get canSearch(): boolean {
    return this.#index !== undefined;
  }

  searchFor(search: string): void {
    this.search = search;
    this.drawn = SEEN;
    // It may not have come: without a connection, before the app is kept on the device.
    if (!this.canSearch) void this.#load();
  }

  toggleCalendar(): void {
    this.inCalendar = !this.inCalendar;
    this.search = "";
    this.listed = SEEN;
  }

  drawMore(): void {
    if (this.search.trim()) this.drawn += SEEN;
    else this.listed += this.listed < SEEN ? SEEN : STEP;
  }

  find(entries: readonly Entry[]): Entry[] {
    return this.#index?.find(entries, this.search) ?? [];
  }

  /** The part of a text around what is searched for; undefined while nothing is. */
  excerpt(text: string, search: string, length: number): Excerpt | undefined {
    return search ? this.#code?.excerptOf(text, search, length) : undefined;
  }

  /** Gets the search ready while nothing else is to be done; gives the way to stop. */
  prepare(entries: readonly Entry[]): () => void {
    const mine = ++this.#preparing;
    const goOn = (): Promise<boolean> =>
      new Promise((resolve) => setTimeout(() => resolve(mine === this.#preparing), 0));
    const soon = new Promise((resolve) => setTimeout(resolve, SOON));
    void Promise.all([this.#load(), soon]).then(async ([code]) => {
      await this.#index?.prepare(entries, goOn);
      if (code && (await goOn())) this.#rehearse(entries, code);
    });
    return () => {
      this.#preparing++;
    };
  }

  /** Fetches the search's code, if it isn't here; undefined where it can't be had now. */
  async #load(): Promise<typeof import("./search") | undefined> {
    try {
      this.#code ??= await import("./search");
      this.#index ??= new this.#code.SearchIndex();
    } catch {
      return undefined;
    }
    return this.#code;
  }

  /** Does once what each key of a search does: its code is cold until then, and the first key would be kept waiting. */
  #rehearse(entries: readonly Entry[], code: typeof import("./search")): void {
    for (const { text, written, zone } of entries.slice(0, SEEN)) {
      const [word = ""] = code.wordsOf(text);
      this.#index?.find(entries.slice(0, SEEN), word);
      code.excerptOf(text, word, SEEN);
      shortDay(written, zone);
    }
    counted(speech.locale, 0, say().journal.found);
  }

  /** Forgets what was looked for and all words folded for it: with the keys. */
  forget(): void {
    this.#preparing++;
    this.search = "";
    this.inCalendar = false;
    this.listed = FIRST;
    this.month = undefined;
    this.day = undefined;
    this.#index?.clear();
  }
}

export const looking = new Looking();
