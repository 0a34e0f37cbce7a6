import type { Schemas } from "../api/client";
import type { Database, Here, Keys } from "./database";
import { StoreError } from "./errors";

/**
 * Keeps who is here, with their keys. Where the keys are new ones, what was sealed for the server under the former goes, to
 * be sealed anew from the words that stay.
 */
export async function moveIn(
  database: Database,
  me: Schemas["Me"],
  keys: Keys,
  kitUnconfirmed: boolean,
): Promise<void> {
  const [identity] = keys.identities;
  if (!identity) throw new StoreError("locked");
  await database.write(["here", "keys", "outbox"], "strict", async (transaction) => {
    // What lies here now, not what a page remembers: another one may have emptied the device.
    const before = await transaction.get("here", "here");
    const renewed = before !== undefined && before.gen < me.gen;
    const here: Here = {
      account: me.id,
      email: me.email,
      role: me.role,
      gen: me.gen,
      publicKey: identity.keyPair.publicKey,
      slots: me.slots,
      identities: me.identities,
      settingsRecord: me.settings_record ?? before?.settingsRecord,
      ledgerRecord: me.ledger_record ?? before?.ledgerRecord,
      journalAt: before?.journalAt,
      cursor: before?.cursor ?? 0,
      counter: before?.counter,
      incarnation: before?.incarnation,
      knownDevices: before?.knownDevices,
      newDevices: before?.newDevices,
      comparing: before?.comparing ?? false,
      complete: before?.complete ?? false,
      stale: renewed || before?.stale,
      lastPull: before?.lastPull,
      restored: before?.restored ?? false,
      expired: false,
      kitUnconfirmed,
      hiddenAt: undefined,
    };
    await transaction.put("here", here, "here");
    await transaction.put("keys", keys, "here");
    if (!renewed) return;
    for (const change of await transaction.all("outbox")) {
      if (change.attempt) await transaction.put("outbox", { ...change, attempt: undefined });
    }
  });
}
