import type { KitFault, PassphraseFault } from "../protocol";

/** Why something asked of the store didn't happen; the message catalogue has a sentence for each. */
export type Reason =
  /** No answer from the server. */
  | "offline"
  /** The server has a fault or answers what it shouldn't. */
  | "server"
  /** Too many attempts; `retryAfter` seconds. */
  | "slow-down"
  /** Unknown account, wrong passphrase or wrong kit: one answer. */
  | "wrong-proof"
  /** Prove again who this is. */
  | "proof-too-old"
  /** The server has ended the session. */
  | "signed-out"
  | "email"
  | "email-taken"
  /** `detail` is a {@link PassphraseFault}. */
  | "passphrase"
  /** `detail` is a {@link KitFault}. */
  | "kit"
  /** Not a link of ours. */
  | "link"
  /** Used, withdrawn, expired or unknown. */
  | "link-gone"
  /** Key or name of the invitation aren't the inviter's. */
  | "forged"
  /** Other Argon2id parameters, or keys of an earlier generation: refused. */
  | "weak-parameters"
  /** Needs the keys: unlock first. */
  | "locked"
  | "unknown"
  /** Sealed words that no key of this device opens; they are kept. */
  | "unopened"
  | "no-agreement"
  /** A reader has other keys than the pinned ones: reconnect first. */
  | "new-keys"
  | "no-reader"
  | "no-longer-shared"
  /** Not somebody one works with now. */
  | "no-relation"
  /** Another device, or the other side, has changed it meanwhile. */
  | "changed-meanwhile"
  /** No such date and time of day. */
  | "time"
  /** The browser gives no subscription to pushes, or one that this server can't send to. */
  | "push-service"
  /** This server sends no mail. */
  | "mail-off"
  /** The mail server doesn't answer, or not now. */
  | "mail-not-sent"
  /** The mail server says that the address takes no mail. */
  | "mailbox-refused"
  /** All keys are being renewed: until that is done no way in is added or changed. */
  | "renewing"
  /** Words on this device that the server doesn't have. */
  | "unsent-words"
  /** The server was restored: what it has lost may be on this device, whose keys are needed to give it back. */
  | "restored"
  /** The device's storage refuses: full, private mode, or broken. */
  | "storage"
  | PasskeyReason;

/** Why a passkey wasn't made, or didn't help. */
export type PasskeyReason =
  /** The person stopped it, it took too long, or the device has none for this site: browsers don't say which. */
  | "passkey-cancelled"
  /** The device has one for this account already. */
  | "passkey-taken"
  /** The device can't make or use one that checks who it is. */
  | "passkey-unable"
  /** Passkeys don't work at this address. */
  | "passkey-site"
  /** No account here has it. */
  | "wrong-passkey"
  /** It counts backwards: somebody may have a copy. */
  | "passkey-copied"
  /** It signs in, and doesn't open the key. */
  | "passkey-opens-nothing"
  /** Longer than five minutes. */
  | "challenge-over"
  /** As many as there may be. */
  | "too-many-passkeys"
  /** Nothing else would open the account. */
  | "last-slot";

/** What every method of the store rejects with. */
export class StoreError extends Error {
  override readonly name = "StoreError";

  constructor(
    readonly reason: Reason,
    readonly more: { readonly detail?: PassphraseFault | KitFault; readonly retryAfter?: number } = {},
  ) {
    super(reason);
  }

  /** What is wrong with a passphrase or kit. */
  get detail(): PassphraseFault | KitFault | undefined {
    return this.more.detail;
  }

  /** Seconds to wait. */
  get retryAfter(): number | undefined {
    return this.more.retryAfter;
  }
}

/**
 * What was to open a key slot isn't that slot's. A fault of its own: whatever else doesn't open afterwards says nothing of
 * what somebody typed.
 */
export class SlotError extends Error {
  override readonly name = "SlotError";
}

/** Passes by that storage refuses, where nobody awaits what was tried: `storageFailed` shows it. Throws anything else. */
export function unlessStorage(error: unknown): void {
  if (!(error instanceof StoreError && error.reason === "storage")) throw error;
}

/** What the server showed and the device refused. */
export type FaultKind =
  /** An own record without the owner's proof. */
  | "unproven"
  /** An older state, another body under one revision, or one that doesn't follow. */
  | "rollback"
  /** A body or key that doesn't open. */
  | "unopened"
  /** A body that isn't what its kind asks for. */
  | "malformed"
  /** A grant from no contact, to someone else, or of an own record. */
  | "grant"
  /** A record that doesn't count from whom it came. */
  | "source"
  /** The server shows a reader whom the owner didn't name, or hides one. */
  | "readers"
  /** Attention differs between server and body. */
  | "attention"
  /** A deletion without the owner's proof. */
  | "tombstone"
  /** The account's ledger lists it, and the server has shown this new device nothing of it. */
  | "withheld"
  /** The server names another key for a contact than the pinned one. */
  | "key-changed"
  /** Two different keys pinned for one account, or another right answer to an invitation. */
  | "second-answer"
  /** An answer to an invitation whose tag isn't right. */
  | "forged-answer"
  /** Key slots that can't take the place of those here: one missing that is never removed, another under a known id, no slot at all. */
  | "slots"
  /** The server has the account under keys from before they were renewed: nothing is taken or sent. */
  | "older-keys"
  /** Many deletions at once: none was applied, the person is asked. */
  | "deletion-wave"
  /** Deleted on one device while it was changed on another: the changed words are kept, as an entry of its own. */
  | "kept-after-deletion"
  /** Deleted, and back with other words since the server was restored: it stays, shared with nobody. */
  | "back-after-deletion"
  /** The server doesn't let this be shared (the relation has ended); the words went out unshared. */
  | "share-refused";
