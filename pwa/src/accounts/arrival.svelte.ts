/** How a person came to this page by a link that carries a secret after `#`. */

import { routeOf } from "../ui/routes";
import { type Readiness, readiness } from "./readiness";

/** Whole fragments, so that nothing else passes for one. */
const TOKEN = { notice: /^#([\w-]{43})$/, mail: /^#confirm=([\w-]{43})$/ };

class Arrival {
  /** The whole link, secret included, once it has been taken out of the address bar. Held in memory only. */
  link = $state.raw<URL | null>(null);
  readiness = $state<Readiness>("ready");
  /** What a notice's page or a mail's link carried: 43 characters that stand for one reminder or one address. */
  token = $state.raw<string | null>(null);

  /**
   * Where this browser can keep a journal, takes the secret of a join or begin link and clears it from the address bar
   * and the history before anything else runs. Where it can't, the address keeps it: it has to be opened elsewhere.
   */
  async take(): Promise<void> {
    const { name } = routeOf(location.pathname);
    if (name === "notice" || name === "mail") {
      const token = TOKEN[name].exec(location.hash)?.[1];
      if (location.hash.length > 1) history.replaceState(null, "", location.pathname);
      // Without one the address was only tidied, by this page itself.
      if (token) this.token = token;
      return;
    }
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
