/** Which language the app speaks, and the catalogue in it. Each catalogue is loaded only when it is needed. */

import type { en } from "./en";
import type { enMore } from "./enMore";

type Widened<T> = T extends string
  ? string
  : T extends (...values: infer V) => string
    ? (...values: V) => string
    : { readonly [K in keyof T]: Widened<T[K]> };

/** What the first screens say. English is the shape; every other catalogue `satisfies` it. */
export type Messages = Widened<typeof en>;
/** What the later screens say besides. */
export type MoreMessages = Widened<typeof enMore>;

/** The languages that have a catalogue (BCP 47). */
export const LANGUAGES = { en: "English", es: "Español" } as const;
export type Language = keyof typeof LANGUAGES;

const CATALOGUES: Record<Language, () => Promise<Messages>> = {
  en: async () => (await import("./en")).en,
  es: async () => (await import("./es")).es,
};

const MORE: Record<Language, () => Promise<MoreMessages>> = {
  en: async () => (await import("./enMore")).enMore,
  es: async () => (await import("./esMore")).esMore,
};

const preferred: readonly string[] = navigator.languages.length > 0 ? navigator.languages : [navigator.language];

/** The first of the browser's languages that has a catalogue, else English. */
export function browserLanguage(): Language {
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "en" || primary === "es") return primary;
  }
  return "en";
}

class Speech {
  #language = $state<Language>("en");
  #messages = $state.raw<Messages | null>(null);
  #more = $state.raw<MoreMessages | null>(null);

  get language(): Language {
    return this.#language;
  }

  /** The locale for dates and numbers: the browser's own variant of the language where it has one. */
  get locale(): string {
    return preferred.find((tag) => tag.toLowerCase().split("-")[0] === this.#language) ?? this.#language;
  }

  get messages(): Messages {
    if (!this.#messages) throw new Error("speak() must have been awaited before anything is shown");
    return this.#messages;
  }

  get more(): MoreMessages {
    if (!this.#more) throw new Error("fetchMore() must have been awaited before a later screen is shown");
    return this.#more;
  }

  /** Loads the catalogue, then switches every text at once. Throws what the import throws when it can't be fetched. */
  async speak(language: Language): Promise<void> {
    const [messages, more] = await Promise.all([CATALOGUES[language](), this.#more ? MORE[language]() : null]);
    this.#messages = messages;
    this.#more = more;
    this.#language = language;
  }

  /** Fetches what the later screens say before the language is spoken. Rejects with what the import throws. */
  async warm(language: Language): Promise<void> {
    await MORE[language]();
  }

  /** Loads what the later screens say; nothing the second time. Throws what the import throws. */
  async fetchMore(): Promise<void> {
    if (this.#more) return;
    const language = this.#language;
    const more = await MORE[language]();
    // The language may have changed meanwhile.
    if (language === this.#language) this.#more = more;
    else await this.fetchMore();
  }
}

export const speech = new Speech();

/** The catalogue in the language of the moment; reading it in a component follows a change of language. */
export const say = (): Messages => speech.messages;

/** The rest of the catalogue, for screens that come after the first. */
export const sayMore = (): MoreMessages => speech.more;
