/** A browser's push subscription, as the app and its service worker make and send it. */
import { toBase64, toBase64Url } from "../protocol/bytes";

/** A subscription as the API takes it. */
export interface SubscriptionKeys {
  /** Where the browser's push service takes pushes for it. */
  readonly endpoint: string;
  /** The browser's key, a point on P-256, and its secret: standard base64. */
  readonly p256dh: string;
  readonly auth: string;
}

/** What of a subscription the server needs. Throws a TypeError for one without keys, which no push can be sealed to. */
export function keysOf(subscription: PushSubscription): SubscriptionKeys {
  const p256dh = subscription.getKey("p256dh");
  const auth = subscription.getKey("auth");
  if (!p256dh || !auth) throw new TypeError("a subscription without keys");
  return {
    endpoint: subscription.endpoint,
    p256dh: toBase64(new Uint8Array(p256dh)),
    auth: toBase64(new Uint8Array(auth)),
  };
}

/** The server's key that a subscription was made with, base64url; "" where the browser doesn't say. */
export function serverKeyOf(subscription: PushSubscription): string {
  const key = subscription.options.applicationServerKey;
  return key ? toBase64Url(new Uint8Array(key)) : "";
}

/** Subscribes with the server's key, base64url; every push is shown, which browsers ask for. */
export const subscribeWith = (manager: PushManager, key: string): Promise<PushSubscription> =>
  manager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
