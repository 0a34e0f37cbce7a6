import type { Language } from "./messages/catalogues";
import { MORE } from "./messages/catalogues";
import type { Route } from "./ui/routes";

/** Where one comes in. */
export const ENTRANCES = {
  "sign-in": () => import("./accounts/SignInScreen.svelte"),
  join: () => import("./accounts/JoinScreen.svelte"),
  begin: () => import("./accounts/BeginScreen.svelte"),
};

export const isEntrance = (name: Route["name"]): name is keyof typeof ENTRANCES => name in ENTRANCES;

/**
 * Fetches an entrance and what it says before it is shown: beside the rest, not after it, which on a slow line is half a
 * second. What fails is asked for again, and its failure shown, when it is shown.
 */
export function fetchEntrance(name: keyof typeof ENTRANCES, language: Language): void {
  Promise.all([ENTRANCES[name](), MORE[language]()]).catch(() => undefined);
}
