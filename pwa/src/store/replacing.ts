/** What is rarely changed of an account: its passphrase, its kit, the language that it is written to in. */
import type { Api, Schemas } from "../api/client";
import { fromBase64 } from "../protocol";
import { newKitSlot, newPassphraseSlot, type Opener } from "./credentials";

/** The account as it is now, and what opens its key. */
interface Revealed {
  readonly me: Schemas["Me"];
  readonly opener: Opener;
}

/** Puts another passphrase in the place of the one there is. */
export async function putPassphrase(api: Api, { me, opener }: Revealed, passphrase: string): Promise<void> {
  const salt = fromBase64((await api.salt(me.email)).salt);
  await api.replaceSlot("passphrase", await newPassphraseSlot(opener, me, passphrase, salt));
}

/** Puts another kit in the place of the one there is, and gives it. */
export async function putKit(api: Api, { me, opener }: Revealed): Promise<string> {
  const { slot, kit } = await newKitSlot(opener, me);
  await api.replaceSlot("recovery", slot);
  return kit;
}

/** Mails and notices come in another language; which zone they go by changes only when somebody says so. */
export async function speak(api: Api, locale: string): Promise<void> {
  try {
    await api.setPreferences({ locale, time_zone: (await api.account()).time_zone });
  } catch {
    // Said again with the next change; the app itself speaks it already.
  }
}
