import { ApiProblem, NoAnswer } from "../api/client";
import {
  EmailError,
  InvitationError,
  KitError,
  ParameterError,
  PassphraseError,
  ProtocolError,
  SealError,
} from "../protocol";
import { type Reason, SlotError, StoreError } from "./errors";

const REASONS: Readonly<Record<string, Reason>> = {
  "not-signed-in": "signed-out",
  "wrong-proof": "wrong-proof",
  "prove-again": "proof-too-old",
  "slow-down": "slow-down",
  "email-taken": "email-taken",
  "malformed-email": "email",
  "link-not-valid": "link-gone",
  "invitation-taken": "link-gone",
  "no-longer-shared": "no-longer-shared",
  "not-found": "unknown",
  "not-a-relation": "no-relation",
  stale: "changed-meanwhile",
  "wrong-state": "changed-meanwhile",
  "not-begun": "changed-meanwhile",
  "already-begun": "changed-meanwhile",
  "no-such-time": "time",
  "unknown-push-service": "push-service",
  "malformed-subscription": "push-service",
  "mail-off": "mail-off",
  "mailbox-refused": "mailbox-refused",
  "wrong-passkey": "wrong-passkey",
  "passkey-copied": "passkey-copied",
  "passkey-taken": "passkey-taken",
  "malformed-passkey": "passkey-unable",
  "passkeys-off": "passkey-site",
  "challenge-over": "challenge-over",
  "too-many-passkeys": "too-many-passkeys",
  "last-slot": "last-slot",
  "rotation-runs": "renewing",
};

/** What the store tells the screens instead of an error of the API or the protocol. */
export function asStoreError(error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  if (error instanceof NoAnswer) return new StoreError("offline");
  if (error instanceof ApiProblem) {
    const { retryAfter } = error;
    return new StoreError(REASONS[error.code] ?? "server", retryAfter === undefined ? {} : { retryAfter });
  }
  if (error instanceof PassphraseError) return new StoreError("passphrase", { detail: error.fault });
  if (error instanceof KitError) return new StoreError("kit", { detail: error.fault });
  if (error instanceof EmailError) return new StoreError("email");
  if (error instanceof ParameterError) return new StoreError("weak-parameters");
  if (error instanceof InvitationError) return new StoreError("forged");
  if (error instanceof SlotError || error instanceof SealError) return new StoreError("unopened");
  if (error instanceof ProtocolError) return new StoreError("server");
  throw error;
}
