/** The address bar as state: reads the path, changes it through the history API, takes over links within the app. */

import { pathOf, type Route, routeOf } from "./routes";

class Router {
  #path = $state(location.pathname);
  /** Where the person is now. */
  readonly route: Route = $derived(routeOf(this.#path));
  /** How many steps within the app lie behind; zero means that "back" would leave it. */
  #depth = 0;

  /** Listens to the browser's own back and forward and to clicks on links; call once, when the app starts. */
  start(): void {
    addEventListener("popstate", () => {
      this.#depth = Math.max(0, this.#depth - 1);
      this.#path = location.pathname;
    });
    document.addEventListener("click", (event) => this.#follow(event));
  }

  /**
   * Goes to a place. With `replace`, "back" doesn't return to where the person was; with `still` the address changes
   * around what stays on the screen.
   */
  go(route: Route, options: { replace?: boolean; still?: boolean } = {}): void {
    const path = pathOf(route);
    if (options.replace) history.replaceState(null, "", path);
    else if (path !== location.pathname) {
      history.pushState(null, "", path);
      this.#depth += 1;
    }
    this.#path = path;
    if (!options.still) scrollTo(0, 0);
  }

  /** One step back within the app; to `otherwise` when the person came here from outside. */
  back(otherwise: Route): void {
    if (this.#depth > 0) history.back();
    else this.go(otherwise, { replace: true });
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = event.target instanceof Element ? event.target.closest("a") : null;
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    const route = routeOf(link.pathname);
    if (route.name === "not-found") return;
    event.preventDefault();
    this.go(route);
  }
}

export const router = new Router();
