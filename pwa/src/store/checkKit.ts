import { openKeys, secretsOf } from "./credentials";
import type { Here } from "./database";
import { SlotError, StoreError } from "./errors";
import { asStoreError } from "./problems";

/** Whether what was typed opens the kit's slot on this device. Rejects with `kit`, and with `wrong-proof` where it doesn't. */
export async function checkKit(here: Here, typed: string): Promise<void> {
  try {
    const { slotKey } = await secretsOf({ method: "recovery", kit: typed }, here.email, new Uint8Array());
    await openKeys({ way: { method: "recovery" }, slotKey }, { ...here, id: here.account });
  } catch (error) {
    throw error instanceof SlotError ? new StoreError("wrong-proof") : asStoreError(error);
  }
}
