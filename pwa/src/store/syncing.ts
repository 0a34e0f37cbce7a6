/** Exchanging with the server, as the screens know it. */
import type { FaultKind } from "./errors";

export interface Sync {
  readonly online: boolean;
  /** `paused`: signed out by the server, or locked with something to seal. */
  readonly state: "idle" | "working" | "offline" | "paused";
  /** Entries, comments and drafts on this device with words that the server doesn't have. Known while locked. */
  readonly unsent: number;
  /** Among what is unsent is more than who is to read what the server has: something would be lost with this device. */
  readonly losesWords: boolean;
  /** Last time that everything was fetched, milliseconds since 1970. */
  readonly lastPull: number | undefined;
  /** The server was restored from a backup since: tell the person that this device gave back what was lost. */
  readonly restored: boolean;
  /**
   * On a device that began with nothing: of when the journal is that it was shown (milliseconds since 1970), null where
   * that can't be told, until the person has seen it.
   */
  readonly journalAt: number | null | undefined;
  /** What the server showed and this device refused, newest first. Never empty silently: show them. */
  readonly faults: readonly Fault[];
  /** The person has seen a fault and wants it out of the way. */
  dismissFault(id: string): Promise<void>;
  /** So many own records were deleted elsewhere at once that nothing was forgotten yet: ask, then {@link Sync.applyDeletions}. */
  readonly heldDeletions: number;
  /** The person says that the deletions are theirs. */
  applyDeletions(): Promise<void>;
  /** Storage refuses to keep words: say so until it is over. */
  readonly storageFailed: boolean;
  /** Another window of an older release is in the way of opening the device's store: say so. */
  readonly blocked: boolean;
  /** Fetches and sends now, for "Try again". Never rejects. */
  now(): Promise<void>;
  dismissRestored(): void;
  dismissJournalAt(): void;
}

export interface Fault {
  readonly id: string;
  readonly kind: FaultKind;
  readonly record: string | undefined;
  readonly account: string | undefined;
  /** Milliseconds since 1970. */
  readonly at: number;
}
