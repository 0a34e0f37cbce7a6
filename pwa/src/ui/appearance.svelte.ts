/** Light or dark: the system's choice unless the person has made one on this device. */

const KEY = "aftertide-appearance";
const CHOICES = ["system", "evening", "light", "dark"] as const;

/** `evening`: dark from 21:00 until morning, otherwise as the system has it. */
export type Appearance = (typeof CHOICES)[number];

const EVENING = 21; // o'clock, by the device
const MORNING = 6;
const LOOK_EVERY = 60_000; // ms

/** Whether it is dark by the clock. */
export const isEvening = (hour: number): boolean => hour >= EVENING || hour < MORNING;

class AppearanceChoice {
  #choice = $state<Appearance>("system");

  get choice(): Appearance {
    return this.#choice;
  }

  /** Applies what was chosen before; call before anything is shown, so that the page doesn't change colour. */
  start(): void {
    const kept = localStorage.getItem(KEY);
    this.#choice = CHOICES.find((choice) => choice === kept) ?? "system";
    this.#apply();
    setInterval(() => this.#apply(), LOOK_EVERY);
  }

  choose(choice: Appearance): void {
    localStorage.setItem(KEY, choice);
    this.#choice = choice;
    this.#apply();
  }

  #apply(): void {
    const root = document.documentElement;
    const evening = this.#choice === "evening" && isEvening(new Date().getHours());
    const theme = evening ? "dark" : this.#choice;
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    else delete root.dataset.theme;
  }
}

export const appearance = new AppearanceChoice();
