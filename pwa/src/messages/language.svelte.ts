/** Which language the app speaks, and the catalogue in it. */

import { CATALOGUES, type Language, type Messages, MORE, type MoreMessages, preferred } from "./catalogues";

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
