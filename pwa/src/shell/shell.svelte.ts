/** What the first script knows of the shell: the rest is loaded once the first screen is there. */

import type { Component } from "svelte";

/** The browser's own offer to install (Chromium; `BeforeInstallPromptEvent`). */
export interface InstallPrompt extends Event {
  prompt(): Promise<{ readonly outcome: "accepted" | "dismissed" }>;
}

class Shell {
  /** What stands above every screen for the shell, once it is loaded. */
  Notices = $state.raw<Component | null>(null);
  /** Kept until somebody wants it: the browser offers it once, and early. */
  prompt = $state.raw<InstallPrompt | null>(null);

  /** Call it before anything is loaded later. */
  watch(): void {
    addEventListener("beforeinstallprompt", (event) => {
      event.preventDefault();
      this.prompt = event as InstallPrompt;
    });
  }
}

export const shell = new Shell();
