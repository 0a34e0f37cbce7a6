import { settle, wordsAreLoose } from "./settling";
import { TAKE_OVER, type TakingOver } from "./takingOver";

const HOUR = 3_600_000; // ms

/**
 * A new version of the app: looked for, offered, and taken when somebody says so. Until then the page and its worker stay
 * those of the version before.
 */
class Updates {
  /** `loose`: words stand in a field that nothing keeps. */
  state = $state<"none" | "ready" | "taking" | "other-windows" | "loose">("none");
  #registration: ServiceWorkerRegistration | undefined;

  /** Follows a registration for as long as the page lives. */
  watch(registration: ServiceWorkerRegistration): void {
    this.#registration = registration;
    // Without one it is the first worker: it takes over a page that is of its own version.
    let controlled = navigator.serviceWorker.controller !== null;
    navigator.serviceWorker.addEventListener("controllerchange", () => {
      if (this.state === "taking") void this.#reload();
      else if (controlled) this.state = "ready";
      controlled = true;
    });
    if (registration.waiting && controlled) this.state = "ready";
    registration.addEventListener("updatefound", () => {
      const found = registration.installing;
      found?.addEventListener("statechange", () => {
        if (found.state === "installed" && registration.active) this.state = "ready";
      });
    });
    const look = (): void => {
      // Without network it fails, and there is another time.
      if (document.visibilityState === "visible" && navigator.onLine) registration.update().catch(() => undefined);
    };
    look();
    document.addEventListener("visibilitychange", look);
    setInterval(look, HOUR);
  }

  /** Keeps all words, then loads the page anew in the new version. Nothing happens while other windows are open. */
  async take(): Promise<void> {
    if (wordsAreLoose()) {
      this.state = "loose";
      return;
    }
    this.state = "taking";
    try {
      await settle();
    } catch {
      // Storage refuses, which stands above this already; the words are in the page only, so it stays.
      this.state = "ready";
      return;
    }
    const waiting = this.#registration?.waiting;
    // Another window took it meanwhile: only the page is of the version before.
    if (!waiting) await this.#reload();
    else if ((await ask(waiting)) === "other-windows") this.state = "other-windows";
  }

  async #reload(): Promise<void> {
    try {
      // What was typed while the worker took over.
      await settle();
    } catch {
      this.state = "ready";
      return;
    }
    location.reload();
  }
}

function ask(worker: ServiceWorker): Promise<TakingOver> {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = (event: MessageEvent<TakingOver>) => resolve(event.data);
    worker.postMessage(TAKE_OVER, [port2]);
  });
}

export const updates = new Updates();
