/** What screens see of starting over with somebody who lost every way in. */
import type { Attention } from "../protocol";

export interface Reconnecting {
  /** A therapist's: what can be given back to each account that stands in a former patient's place. */
  readonly toGiveBack: readonly GivingBack[];
  /**
   * Gives back what the former account had shared and this device still opens: records of one's own, for the new account,
   * each once whoever begins again. `seen`: the therapist has seen or spoken to the person since. Rejects with `unknown`,
   * `locked`, `storage`.
   */
  giveBack(account: string, seen: true): Promise<void>;
  /** A patient's: what therapists have given back, by therapist. */
  readonly givenBack: readonly GivenBack[];
  /** Looks at what was taken in and deleted since: call it before `givenBack` is shown. */
  look(): Promise<void>;
  /** Takes what a therapist gave back into one's journal, readers none, each entry once. Rejects with `locked`, `storage`. */
  takeIn(therapist: string): Promise<void>;
  /** A patient's: entries that were shared with the former account of a therapist and aren't yet with the one in its place. */
  readonly toShareAnew: readonly SharingAnew[];
  /**
   * Shares entries with the account in a former therapist's place, each as it was shared before, and no longer with the
   * former one. Rejects with `no-agreement`, `no-relation`, `locked`, `storage`.
   */
  shareAnew(account: string, entries: readonly string[]): Promise<void>;
}

export interface GivingBack {
  /** The account to give to, and its name. */
  readonly account: string;
  readonly name: string;
  /** What the former account had shared and this device still opens. */
  readonly entries: number;
  /** How many of them are made, and how many of those wait to be sent. */
  readonly made: number;
  readonly unsent: number;
}

export interface GivenBack {
  readonly therapist: string;
  readonly name: string;
  readonly entries: number;
  /** How many aren't taken in yet. */
  readonly left: number;
}

export interface SharingAnew {
  readonly account: string;
  readonly name: string;
  readonly former: string;
  /** Something is shared with this account already: whoever left the rest out meant it. */
  readonly isBegun: boolean;
  /** Newest first. */
  readonly entries: readonly {
    readonly id: string;
    readonly written: string;
    readonly text: string;
    readonly attention: Attention;
  }[];
}
