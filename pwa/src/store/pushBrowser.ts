import { keysOf, type SubscriptionKeys, serverKeyOf, subscribeWith } from "../reminders/subscribing";
import { isInstalled, isIos } from "../shell/browser";

/** A subscription that this browser has, with the server's key that it was made with. */
export interface HeldSubscription extends SubscriptionKeys {
  readonly serverKey: string;
}

/** What reminders need of the browser; tests bring their own. */
export interface PushBrowser {
  /** Whether pushes can be taken here at all. */
  ability(): Promise<"able" | "install-first" | "unable">;
  permission(): NotificationPermission;
  /** Has the browser ask the person. */
  ask(): Promise<NotificationPermission>;
  held(): Promise<HeldSubscription | undefined>;
  /** Subscribes with the server's key, base64url. Rejects with what the browser rejects with. */
  subscribe(serverKey: string): Promise<HeldSubscription>;
  /** Ends the browser's subscription, if there is one. */
  unsubscribe(): Promise<void>;
}

/** The browser of this page. */
export function pushBrowser(): PushBrowser {
  const manager = async (): Promise<PushManager | undefined> => {
    const registration = await navigator.serviceWorker?.getRegistration();
    // One whose worker is still on its way can't subscribe; `ready` waits for it.
    return registration ? (await navigator.serviceWorker.ready).pushManager : undefined;
  };
  const withKey = (subscription: PushSubscription): HeldSubscription => ({
    ...keysOf(subscription),
    serverKey: serverKeyOf(subscription),
  });
  return {
    async ability() {
      if (isIos() && !isInstalled()) return "install-first";
      return "Notification" in globalThis && (await manager()) ? "able" : "unable";
    },
    permission: () => Notification.permission,
    ask: () => Notification.requestPermission(),
    async held() {
      const subscription = await (await manager())?.getSubscription();
      return subscription ? withKey(subscription) : undefined;
    },
    async subscribe(serverKey) {
      const found = await manager();
      if (!found) throw new DOMException("no service worker", "InvalidStateError");
      return withKey(await subscribeWith(found, serverKey));
    },
    async unsubscribe() {
      await (await (await manager())?.getSubscription())?.unsubscribe();
    },
  };
}
