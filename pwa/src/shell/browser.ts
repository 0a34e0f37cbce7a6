/** What kind of browser this is, where nothing better tells. */

/** Whether this is the app on the home screen, and not a page in a browser. */
export const isInstalled = (): boolean =>
  matchMedia("(display-mode: standalone)").matches || ("standalone" in navigator && navigator.standalone === true);

/** An iPhone or iPad; the latter calls itself a Mac. */
export const isIos = (): boolean =>
  /iPhone|iPad|iPod/.test(navigator.userAgent) ||
  (navigator.userAgent.includes("Macintosh") && navigator.maxTouchPoints > 1);

/** All browsers on iOS are Safari inside, and clear what a page keeps by Safari's rule. */
export const isSafari = (): boolean => navigator.vendor.startsWith("Apple");
