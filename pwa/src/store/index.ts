import { pageStore } from "./aftertide";
import type { Aftertide } from "./interface";

export { writtenAt } from "./contents";
export { type PasskeyReason, type Reason, StoreError } from "./errors";
export type * from "./interface";
export { LOCK_AFTER } from "./waysIn";

/** The store of this page: see {@link ./interface} for what screens use. Call `aftertide.start()` before the first screen. */
export const aftertide: Aftertide = pageStore();
