/** What screens see of the ways in: a part of {@link ./interface}. Passkeys are fetched with {@link Aftertide.passkeys} when first needed. */
import type { Schemas } from "../api/client";

/** What somebody typed to show who they are. */
export type Typed =
  | { readonly method: "passphrase"; readonly passphrase: string }
  | { readonly method: "recovery"; readonly kit: string };

/** How somebody shows afresh who they are: by what they typed, or by a passkey, for which the browser asks them. */
export type Shown = Typed | { readonly method: "passkey" };

/** One passkey of one's own. */
export type Passkey = Schemas["PasskeyView"];

/**
 * What became of a passkey being made. `opens`: it is there and can open the journal. `once-more`: it is there, and has to
 * be used once before it can; say so, then call {@link PasskeyInMaking.touch}. `cannot-open`: it signs in, and that is all.
 */
export type MakingStage = "opens" | "once-more" | "cannot-open";

/** A passkey on its way: on this device already, and of use once it is kept. Each method that asks the person is called on a press. */
export interface PasskeyInMaking {
  /** It was made and isn't given up. */
  readonly there: boolean;
  /** Asks the device to make it, once; what is there already is told again. Rejects with a passkey reason, `offline`, `slow-down`; nothing is half-made then. */
  make(): Promise<MakingStage>;
  /** Uses it once, so that it can open. Rejects with a passkey reason; it can be called again. */
  touch(): Promise<MakingStage>;
  /** Tells the device that nobody needs it, where the browser can; one still being made is given up once it is. Never rejects. */
  giveUp(): Promise<void>;
}

/** A passkey to be added to the account that is here. */
export interface NewPasskey extends PasskeyInMaking {
  /** Adds it, with its key slot where it can open. Rejects with `passkey-taken`, `challenge-over`, `proof-too-old`, `offline`. */
  keep(name: string): Promise<void>;
}

export interface Passkeys {
  /** One's own, oldest first. Rejects with `offline`. */
  list(): Promise<readonly Passkey[]>;
  /** Rejects with `offline`. */
  rename(id: string, name: string): Promise<void>;
  /** Needs a proof not older than five minutes: rejects with `proof-too-old`, then call `session.prove`. Rejects with `last-slot`, too. */
  remove(id: string): Promise<void>;
  /** Shows who one is, opens the key with it, and begins to make one more. Rejects like `session.prove`. */
  begin(shown: Shown): Promise<NewPasskey>;
}

/** A signed-in device. */
export interface Device {
  readonly id: string;
  readonly label: string;
  readonly created: string;
  /** To the hour. */
  readonly seen: string;
  readonly current: boolean;
  /** By which way it was signed in; null where nobody knows. */
  readonly method: "passphrase" | "recovery" | "passkey" | null;
  /** What the passkey is called; null where it has been removed. */
  readonly passkey: string | null;
}

/** Minutes out of sight after which a device locks itself; 0 is at once. */
export const LOCK_AFTER = [0, 1, 5, 15, 60, 720] as const;
export type LockAfter = (typeof LOCK_AFTER)[number];

/** Hears how many records of how many are sealed under new keys. */
export type Told = (done: number, all: number) => void;

/** New keys that are ready to take the place of those that somebody may have. */
export interface NewKeys {
  /** The new kit: to be kept before `start`, for then the old one opens nothing any more. */
  readonly kit: string;
  /**
   * Renews the account's keys. Rejects with `proof-too-old` before anything was changed: call `session.prove`, then it again.
   * Rejects with `offline` where it was cut off: calling it again goes on, as does {@link Rotation.goOn}, or signing in elsewhere.
   */
  start(told: Told): Promise<void>;
  /** They are no longer in sight: used, or not to be used. */
  drop(): void;
}

/** Renewing all keys: a phone was lost, or somebody may know the passphrase. */
export interface Rotation {
  /** Makes new keys under a new passphrase; nothing is changed yet. Rejects like `session.prove`, and with `passphrase`. */
  prepare(shown: Shown, passphrase: string): Promise<NewKeys>;
  /** Goes on where it was cut off, with the new passphrase or kit. False where it had never begun: nothing was changed then. */
  goOn(shown: Typed, told: Told): Promise<boolean>;
}

/** The recovery kit after it was made. What is known of it lies in the sealed settings, so that all devices agree; nothing of the kit does. */
export interface Kit {
  /** Whether somebody has it, as far as anybody has said. */
  readonly kept: boolean;
  /** From when on to ask for it, milliseconds since 1970 by this device's clock; undefined where nobody knows since when there is one. */
  readonly again: number | undefined;
  /** It was put off until the first dosing session is near. */
  readonly beforeDosing: boolean;
  /** The kit just made was kept and checked: it is asked for again in two weeks. Rejects with `locked`, `storage`. */
  wasKept(): Promise<void>;
  /** The kit just made is forgotten: one is made and kept before the first dosing session, or in two weeks. Rejects with `locked`, `storage`. */
  putOff(): Promise<void>;
  /** Whether what was typed is the account's kit: it opens its slot on this device, with no network. Rejects with `kit`, `wrong-proof`, `offline`. */
  check(typed: string): Promise<void>;
  /** It is still there: it is asked for again in half a year. Rejects with `locked`, `storage`. */
  have(): Promise<void>;
  /** It is asked for again in a week. Rejects with `locked`, `storage`. */
  later(): Promise<void>;
}
