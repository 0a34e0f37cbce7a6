/** What a page says to the worker that waits. */
export const TAKE_OVER = "take over";
/** What the worker answers. */
export type TakingOver = "now" | "other-windows";

/** Takes over if the window that asks is the only one: the others show the build before. */
export async function takeOver(worker: ServiceWorkerGlobalScope, asker: MessagePort | undefined): Promise<void> {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const answer: TakingOver = windows.length > 1 ? "other-windows" : "now";
  asker?.postMessage(answer);
  if (answer === "now") await worker.skipWaiting();
}
