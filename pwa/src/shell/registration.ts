import { connected } from "./connected";

/** Where the build puts the service worker. */
const WORKER = "/service-worker.js";

/** What is used of Trusted Types, where the browser has them. */
interface TrustedTypes {
  createPolicy(name: string, rules: { createScriptURL(url: string): string }): { createScriptURL(url: string): string };
}

/**
 * Registers the service worker, as soon as there is a connection for it; undefined where there can be none: a private window,
 * an address without TLS, a full disk. The app then works as a page does.
 */
export async function register(): Promise<ServiceWorkerRegistration | undefined> {
  if (!("serviceWorker" in navigator) || !import.meta.env.PROD) return undefined;
  const script = ownScript(WORKER);
  return await connected(async () => {
    try {
      return await navigator.serviceWorker.register(script, { scope: "/", updateViaCache: "none" });
    } catch (error) {
      // The script couldn't be fetched; anything else stays as it is.
      if (error instanceof TypeError) throw error;
      return undefined;
    }
  });
}

/** A script's address as the content security policy wants it: no other one passes. */
function ownScript(path: typeof WORKER): string {
  const { trustedTypes } = globalThis as { trustedTypes?: TrustedTypes };
  const policy = trustedTypes?.createPolicy("aftertide", {
    createScriptURL(url) {
      if (url !== WORKER) throw new TypeError("not a script of ours");
      return url;
    },
  });
  return policy?.createScriptURL(path) ?? path;
}
