/** Does what needs a connection; where it fails, again each time a connection or the page comes back. Never rejects. */
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
      if (document.visibilityState !== "visible") return;
      heard.abort();
      resolve();
    };
    addEventListener("online", look, { signal: heard.signal });
    document.addEventListener("visibilitychange", look, { signal: heard.signal });
  });
}
