import type { Language } from "../messages/catalogues";
import { speech } from "../messages/language.svelte";

const MANIFESTS: Record<Language, string> = { en: "/manifest.webmanifest", es: "/manifest.es.webmanifest" };

/** What the browser calls things as it installs the app follows the language on the screen. */
export function manifestFollowsLanguage(): void {
  const link = document.querySelector<HTMLLinkElement>("link[rel=manifest]");
  $effect.root(() => {
    $effect(() => {
      link?.setAttribute("href", MANIFESTS[speech.language]);
    });
  });
}
