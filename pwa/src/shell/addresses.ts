/** Addresses that the service worker and the pages agree on. */

/** Where the manifests let other apps send text to (Web Share Target). */
export const SHARE = "/share";

/** At the end of an address: what another app shared couldn't be kept. No server sees a fragment. */
export const NOT_KEPT = "#not-kept";
