/// <reference lib="webworker" />
import { post } from "./acting";
import { type ArrivedPush, type NoticeWorker, receive, tapped } from "./notices";
import { keysOf, serverKeyOf, subscribeWith } from "./subscribing";

/** When a browser gives a device another subscription by itself. */
interface SubscriptionChange extends ExtendableEvent {
  readonly oldSubscription?: PushSubscription | null;
  readonly newSubscription?: PushSubscription | null;
}

/** Takes pushes, taps on notices and changed subscriptions for a service worker; call it while the worker starts. */
export function takeNotices(worker: ServiceWorkerGlobalScope): void {
  const around: NoticeWorker = {
    show: (title, options) => worker.registration.showNotification(title, options),
    post,
    focus: async () => {
      const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
      const [front] = [...windows].sort((a, b) => Number(b.focused) - Number(a.focused));
      await front?.focus();
      return front !== undefined;
    },
    open: async (path) => {
      await worker.clients.openWindow(path);
    },
    language: worker.navigator.language,
    buttons: "maxActions" in Notification && Number(Notification.maxActions) > 0,
  };
  worker.addEventListener("push", (event) => {
    event.waitUntil(receive(event as ArrivedPush, around));
  });
  worker.addEventListener("notificationclick", (event) => {
    event.waitUntil(tapped(event.notification, event.action, around));
  });
  worker.addEventListener("pushsubscriptionchange", (event) => {
    const change: SubscriptionChange = event as ExtendableEvent;
    change.waitUntil(renew(worker, change));
  });
}

/** Tells the server what the device's subscription is now. Where that fails the app sees it at its next start. */
async function renew(worker: ServiceWorkerGlobalScope, change: SubscriptionChange): Promise<void> {
  const manager = worker.registration.pushManager;
  const subscription =
    change.newSubscription ?? (await subscribeWith(manager, await serverKey(change.oldSubscription ?? undefined)));
  await fetch("/api/push/subscription", {
    method: "PUT",
    body: JSON.stringify(keysOf(subscription)),
    headers: { "content-type": "application/json" },
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  });
}

async function serverKey(before: PushSubscription | undefined): Promise<string> {
  const known = before ? serverKeyOf(before) : "";
  if (known) return known;
  const answer = await fetch("/api/push/key", { credentials: "same-origin", cache: "no-store", redirect: "error" });
  const { key } = (await answer.json()) as { readonly key: string };
  return key;
}
