/** The keyboard on the screen: whether it is up, and how much of the page it covers. */

import { on } from "svelte/events";

/** Browsers' own bars take less; no keyboard on a screen is lower. */
const LOWEST_KEYBOARD = 120; // px

class Keyboard {
  /** The part of the page, in CSS pixels, that lies under the keyboard where the page isn't made smaller for it (iOS). */
  covered = $state(0);
  up = $state(false);

  /** Follows the visual viewport until the returned function is called. */
  follow(): () => void {
    const seen = window.visualViewport;
    if (!seen) return () => {};
    let tallest = seen.height;
    const measure = (): void => {
      // A turned phone has another height to compare with.
      if (seen.width !== width) {
        width = seen.width;
        tallest = 0;
      }
      tallest = Math.max(tallest, seen.height);
      this.up = tallest - seen.height > LOWEST_KEYBOARD && seen.scale === 1;
      this.covered = this.up ? Math.max(0, window.innerHeight - seen.height - seen.offsetTop) : 0;
    };
    let width = seen.width;
    measure();
    const stop = [on(seen, "resize", measure), on(seen, "scroll", measure)];
    return () => {
      for (const end of stop) end();
    };
  }
}

export const keyboard = new Keyboard();
