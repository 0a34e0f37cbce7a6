/** A server that is gone is tried again after this long: no event tells that it is back. */
const LATER = 10_000; // ms

/**
 * Does what needs a connection; where it fails, again each time a connection or the page comes back, and every ten seconds
 * while both are there. Never rejects.
 */
export async function connected<T>(what: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await what();
    } catch {
      await comesBack();
    }
  }
}

function comesBack(): Promise<void> {
  return new Promise((resolve) => {
    const heard = new AbortController();
    const look = (): void => {
      if (document.visibilityState !== "visible" || !navigator.onLine) return;
      heard.abort();
      clearInterval(timer);
      resolve();
    };
    const timer = setInterval(look, LATER);
    addEventListener("online", look, { signal: heard.signal });
    document.addEventListener("visibilitychange", look, { signal: heard.signal });
  });
}
