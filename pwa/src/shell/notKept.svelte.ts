import { NOT_KEPT } from "./addresses";

/** What another app shared couldn't be kept: said until somebody has read it. */
class NotKept {
  shown = $state(false);

  /** Takes what the service worker says out of the address bar. */
  take(): void {
    if (location.hash !== NOT_KEPT) return;
    history.replaceState(null, "", location.pathname);
    this.shown = true;
  }
}

export const notKept = new NotKept();
