/** Where words are, in words: on this phone, or sent. */

import { say } from "../messages/language.svelte";
import { aftertide, type Where } from "../store";
import { isPhone } from "../store/device";

/** "On this phone", "Sent"; says when it goes out while there is no connection. */
export function whereabouts(where: Where): string {
  const words = say().where;
  if (where === "sent") return words.sent;
  if (aftertide.sync.online) return isPhone() ? words.onPhone : words.onDevice;
  return isPhone() ? words.onPhoneWaiting : words.onDeviceWaiting;
}

/** Why an entry can't go out as it is; `refused` is the store's word for it. */
export const whyNotSent = (refused: string): string =>
  refused === "too-large" ? say().where.tooLarge : say().where.refused;

/** Where words are while they are typed: nothing is sent before one is done. */
export const kept = (): string => (isPhone() ? say().where.onPhone : say().where.onDevice);
