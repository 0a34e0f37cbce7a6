/** Why something didn't happen, in words. */

import { type PasskeyReason, type Reason, StoreError } from "../store";
import { say, sayMore, speech } from "./language.svelte";
import { counted } from "./plurals";

/** A sentence for whatever the store rejected with; anything else says that nothing has changed. */
export function inWords(error: unknown): string {
  const words = say().reasons;
  if (!(error instanceof StoreError)) return words.other;
  if (error.reason === "passphrase") return passphraseFault(error.detail) ?? words.passphrase;
  if (error.reason === "slow-down") {
    const minutes = Math.max(1, Math.ceil((error.retryAfter ?? 60) / 60));
    return `${words["slow-down"]} ${counted(speech.locale, minutes, words.wait)}`;
  }
  const { reason } = error;
  return reason in words ? words[reason as keyof typeof words & Reason] : passkeyReason(reason);
}

/** Passkeys are used on later screens only, which have their words. */
function passkeyReason(reason: Reason): string {
  const words = sayMore().passkeys.reasons;
  return words[reason as PasskeyReason];
}

/** What is wrong with a passphrase that can't be set; undefined when nothing is. */
export function passphraseFault(fault: StoreError["detail"]): string | undefined {
  const words = sayMore().passphrase;
  switch (fault) {
    case "too-short":
      return words.rule;
    case "common":
      return words.common;
    case "unassigned":
    case "surrogate":
      return words.unusable;
    default:
      return undefined;
  }
}
