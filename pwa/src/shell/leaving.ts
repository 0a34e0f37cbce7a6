/** Nothing to read in the app switcher, or for who looks when the page comes back, where the device locks as soon as it is left. */
import { aftertide } from "../store";

/** Blanks the page when it goes out of sight; before anything else that is done then, since the picture is taken at once. */
export function blankWhenLeft(): void {
  const { dataset } = document.documentElement;
  const look = (): void => {
    if (document.visibilityState === "visible") delete dataset.left;
    else if (aftertide.session.lockAfter === 0) dataset.left = "";
  };
  document.addEventListener("visibilitychange", look);
  addEventListener("pageshow", look);
  addEventListener("pagehide", () => {
    if (aftertide.session.lockAfter === 0) dataset.left = "";
  });
}
