/** How a person came to this page by a link that carries a secret after `#`. */

import { routeOf } from "../ui/routes";
import { type Readiness, readiness } from "./readiness";

class Arrival {
  /** The whole link, secret included, once it has been taken out of the address bar. Held in memory only. */
  link = $state.raw<URL | null>(null);
  readiness = $state<Readiness>("ready");

  /**
   * Where this browser can keep a journal, takes the secret of a join or begin link and clears it from the address bar
   * and the history before anything else runs. Where it can't, the address keeps it: it has to be opened elsewhere.
   */
  async take(): Promise<void> {
    const { name } = routeOf(location.pathname);
    if (name !== "join" && name !== "begin") return;
    this.readiness = await readiness();
    if (this.readiness !== "ready" || location.hash.length < 2) return;
    const link = new URL(location.href);
    history.replaceState(null, "", location.pathname);
    this.link = link;
  }

  /** Takes a link that is opened while the page is already there: only its fragment changes then. */
  watch(): void {
    addEventListener("hashchange", () => void this.take());
  }
}

export const arrival = new Arrival();
