/** Light or dark: the system's choice unless the person has made one on this device. */

const KEY = "aftertide-appearance";

export type Appearance = "system" | "light" | "dark";

function remembered(): Appearance {
  const kept = localStorage.getItem(KEY);
  return kept === "light" || kept === "dark" ? kept : "system";
}

class AppearanceChoice {
  #choice = $state<Appearance>("system");

  get choice(): Appearance {
    return this.#choice;
  }

  /** Applies what was chosen before; call before anything is shown, so that the page doesn't change colour. */
  start(): void {
    this.#apply(remembered());
  }

  choose(choice: Appearance): void {
    if (choice === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, choice);
    this.#apply(choice);
  }

  #apply(choice: Appearance): void {
    this.#choice = choice;
    if (choice === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = choice;
  }
}

export const appearance = new AppearanceChoice();
