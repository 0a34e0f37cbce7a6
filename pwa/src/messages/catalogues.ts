/** The catalogues and how they are fetched, each only when it is needed; plain functions, since the first script has them. */

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

export const CATALOGUES: Record<Language, () => Promise<Messages>> = {
  en: async () => (await import("./en")).en,
  es: async () => (await import("./es")).es,
};

export const MORE: Record<Language, () => Promise<MoreMessages>> = {
  en: async () => (await import("./enMore")).enMore,
  es: async () => (await import("./esMore")).esMore,
};

export const preferred: readonly string[] = navigator.languages.length > 0 ? navigator.languages : [navigator.language];

/** The first of the browser's languages that has a catalogue, else English. */
export function browserLanguage(): Language {
  for (const tag of preferred) {
    const primary = tag.toLowerCase().split("-")[0];
    if (primary === "en" || primary === "es") return primary;
  }
  return "en";
}
