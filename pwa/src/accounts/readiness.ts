/** What joining needs from the browser, tested before the invitation's secret is taken from the address. */

export type Readiness = "ready" | "in-app" | "unfit";

const IN_APP =
  /FBAN|FBAV|FB_IAB|Instagram|Line\/|MicroMessenger|Snapchat|TikTok|musical_ly|LinkedInApp|Twitter|GSA\/|; wv\)/;

/** Whether a journal can be kept here: storage that opens, workers, and X25519 in WebCrypto. Never throws. */
export async function readiness(): Promise<Readiness> {
  const fit = typeof Worker === "function" && (await storageOpens()) && (await keysCanBeMade());
  if (fit) return "ready";
  return IN_APP.test(navigator.userAgent) ? "in-app" : "unfit";
}

async function keysCanBeMade(): Promise<boolean> {
  try {
    await crypto.subtle.generateKey({ name: "X25519" }, false, ["deriveBits"]);
    return true;
  } catch {
    // No secure context, or a browser without X25519: either way no key of ours can be made here.
    return false;
  }
}

function storageOpens(): Promise<boolean> {
  const name = "aftertide-readiness";
  return new Promise((resolve) => {
    try {
      const request = indexedDB.open(name);
      request.onerror = () => resolve(false);
      request.onsuccess = () => {
        request.result.close();
        indexedDB.deleteDatabase(name);
        resolve(true);
      };
    } catch {
      // Some private windows throw instead of answering.
      resolve(false);
    }
  });
}
