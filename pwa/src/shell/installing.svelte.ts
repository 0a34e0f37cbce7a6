import { isInstalled, isIos } from "./browser";
import { shell } from "./shell.svelte";
import { storage } from "./storage.svelte";

class Installing {
  #installed = $state(isInstalled());

  /** How it can be put on the home screen here: by the browser's own question, by hand, or not. */
  get way(): "prompt" | "ios" | "none" {
    if (this.#installed) return "none";
    if (shell.prompt) return "prompt";
    return isIos() ? "ios" : "none";
  }

  /** Hears when the browser has installed it. */
  watch(): void {
    addEventListener("appinstalled", () => {
      this.#installed = true;
      shell.prompt = null;
      void storage.keep();
    });
  }

  /** Shows the browser's question. It can be shown once; the browser offers it anew another time. */
  async ask(): Promise<void> {
    const { prompt } = shell;
    shell.prompt = null;
    await prompt?.prompt();
  }
}

export const installing = new Installing();
