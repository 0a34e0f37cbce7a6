/**
 * What a device keeps. Words lie here sealed only: record bodies as the server has them, drafts and pending
 * changes sealed to the own public key. Keys are non-extractable `CryptoKey`s, which no script can read.
 *
 * Rows outlive releases: fields and stores are only ever added, and what an older release left out is read as undefined
 * (`tests/store/older-stores.test.ts`).
 */
import type { Schemas } from "../api/client";
import type { Attention, Bytes, Identity, Role, Seen } from "../protocol";
import type { FaultKind } from "./errors";

/** The account on this device; known while locked. */
export interface Here {
  readonly account: string;
  readonly email: string;
  readonly role: Role;
  /** Highest generation of keys seen: a lower one is refused. */
  readonly gen: number;
  /** Own public key, to which drafts are sealed. */
  readonly publicKey: CryptoKey;
  /** The sealed slots and private keys, so that unlocking needs no network. */
  readonly slots: readonly Schemas["Slot"][];
  /** The server's tag of these slots, and what its feed said when they were asked for. */
  readonly slotsTag?: string | undefined;
  readonly access?: number | undefined;
  /** Ids of the devices that this one has heard of, and those that are news to its person. */
  readonly knownDevices?: readonly string[] | undefined;
  readonly newDevices?: readonly Schemas["Device"][] | undefined;
  readonly identities: readonly Schemas["Identity"][];
  readonly settingsRecord: string | undefined;
  readonly ledgerRecord?: string | undefined;
  /** How old the journal is that this device was first shown, by its ledger: milliseconds since 1970; null: no ledger came. */
  readonly journalAt?: number | null | undefined;
  readonly cursor: number;
  /** The account's change counter as of the last save that was answered: a server that counts less was restored. */
  readonly counter?: number | undefined;
  readonly incarnation: string | undefined;
  /** After a restore: everything held is being compared with what the server has. */
  readonly comparing: boolean;
  readonly complete: boolean;
  /** A rotation to this generation may have begun on this device. */
  readonly renewing?: number | undefined;
  /** The keys are new: what lies here of own records opens again once it has come anew. */
  readonly stale?: boolean | undefined;
  readonly lastPull: number | undefined;
  readonly restored: boolean;
  readonly expired: boolean;
  readonly kitUnconfirmed: boolean;
  readonly hiddenAt: number | undefined;
}

/** The keys of an unlocked device. */
export interface Keys {
  readonly recordWrap: CryptoKey;
  readonly recordProof: CryptoKey;
  /** Of which generation they are; until 0.2 that was the one of `here`. */
  readonly gen?: number;
  /** The current one first; former ones open old drafts and grants. */
  readonly identities: readonly Identity[];
}

/** One revision, sealed, as the server gave it. */
export interface Version {
  readonly epoch: number;
  readonly revision: number;
  readonly base: string;
  /** b64u of the hash of `body`. */
  readonly hash: string;
  readonly body: Bytes;
  readonly savedAt: string;
  /** With an own record. */
  readonly wrapped: Bytes | undefined;
  /** With somebody else's. */
  readonly grant: { readonly epoch: number; readonly attention: Attention; readonly sealed: Bytes } | undefined;
}

/** What a reader did, by the server's word. */
export interface Reading {
  readonly readAt: string | undefined;
  readonly readRevision: number | undefined;
  readonly reviewedAt: string | undefined;
  readonly reviewedRevision: number | undefined;
}

export interface StoredRecord {
  readonly id: string;
  readonly owner: string;
  readonly about: string;
  /** The newest revision that this device accepts. */
  readonly accepted: Version | undefined;
  /** Somebody else's, not yet judged: its owner may become a contact with a record that comes later. */
  readonly waiting: Version | undefined;
  /** Of an own record: who has a grant, by the server's word. */
  readonly readers: readonly ({ readonly account: string; readonly attention: number } & Reading)[];
  /** Of somebody else's: what this account did with it. */
  readonly reading: Reading | undefined;
  /** Of an own record: whom earlier revisions named as readers. What they wrote about those stays. Until 0.1 accounts alone. */
  readonly formerReaders: readonly (FormerReader | string)[];
  /** Its owner deleted it, proved, and it is still shown: many deletions at once are asked about first. */
  readonly ended: boolean;
}

/** Who read an own record. */
export interface FormerReader {
  readonly account: string;
  /** The revision before the first that doesn't name them any more. */
  readonly until: number;
}

/** What is remembered of a record, also when it is no longer here. */
export interface Remembered extends Seen {
  readonly id: string;
  /** Its owner deleted it, proved. */
  readonly ended: boolean;
  /** What it said then, as a mac, where this device could read it: to know it again after a restore. */
  readonly words?: Bytes | undefined;
  /** Known from a ledger only: this device was never shown it. */
  readonly listed?: boolean;
  /** The server forgot the deletion in a restore: asked for again when another device gives the record back. */
  readonly lost?: boolean;
}

/** What one page is typing into one record: the words of an entry, or an answer below one. */
export interface StoredDraft {
  /** The page's own: two pages never write over each other's words. */
  readonly id: string;
  /** The record that it becomes or changes; until 0.1 that was `id`. */
  readonly record?: string;
  /** The entry that it answers; undefined for the words of an entry itself. */
  readonly about?: string | undefined;
  readonly changes: boolean;
  /** Fields of an entry, or an answer's `{text}`, sealed. */
  readonly sealed: Bytes;
  /** What of the server's it changes, sealed; with a change only. */
  readonly base: Bytes | undefined;
  readonly baseRevision: number;
  /** The record of the change kept to oneself that it changes; undefined where that is the entry itself. */
  readonly kept?: string | undefined;
  /** What was open when the page began, sealed. */
  readonly from?: Bytes | undefined;
  readonly at: number;
}

/** Bytes that are sealed for the server: every retry sends exactly these. */
export interface Attempt {
  readonly request: string;
  /** Which `version` of the change is inside. */
  readonly version: string;
  readonly path: string;
  readonly body: string;
  /** The revision it makes; undefined for a tombstone. */
  readonly result: StoredRecord | undefined;
  /** What the person had written when it was sealed, sealed to the own key: what they write since goes on from there. */
  readonly content: Bytes | undefined;
  /** What is inside says more than that: it was merged. */
  readonly merged?: boolean;
  /** Who is to read it isn't inside: a reader's keys have changed. */
  readonly alone?: boolean;
  readonly revision: number;
}

/** What the device means to save. At most one for each record; an edit replaces what isn't sealed yet. */
export interface PendingChange {
  readonly record: string;
  readonly about: string;
  readonly action: "save" | "delete";
  /** Of this row; the next release may have another. */
  readonly format: 1;
  /** New with each edit. */
  readonly version: string;
  /** Content wanted, without `readers`, sealed; undefined: as it is. */
  readonly content: Bytes | undefined;
  /** The content that the person started from, sealed; undefined for a new record. */
  readonly base: Bytes | undefined;
  readonly baseRevision: number;
  /** Of a deletion: the hash of what the person saw, where that is what the server had. A restored server counts anew. */
  readonly baseHash?: string | undefined;
  /** Readers wanted; undefined: as they are. */
  readonly readers: readonly { readonly account: string; readonly attention: Attention }[] | undefined;
  /** Given back after a restore, on top of the version with this hash ("" for none): on another's only readers of both stay. */
  readonly givenBack?: string | undefined;
  readonly at: number;
  /** Not before, milliseconds since 1970: a deletion can be undone until then. */
  readonly notBefore: number;
  readonly attempt: Attempt | undefined;
  /** Our server's answer to what can't go out; the words stay. */
  readonly refused: string | undefined;
  /** With a deletion: what was being typed as far as the person saw it, which goes with it. */
  readonly drafts?: readonly Pick<StoredDraft, "id" | "at">[] | undefined;
}

/** "Read" and "reviewed" that the server doesn't have yet. */
export interface Mark {
  readonly record: string;
  readonly read: number | undefined;
  /** A revision, null to take the mark off, undefined for no change. */
  readonly reviewed: number | null | undefined;
}

export interface StoredFault {
  readonly id: string;
  readonly kind: FaultKind;
  readonly record: string | undefined;
  readonly account: string | undefined;
  readonly at: number;
}

/** An opened invitation or first link, kept for an hour under a key that can't be exported. */
export interface StoredLink {
  readonly by: "first-link" | "invitation";
  readonly invite: string;
  readonly key: CryptoKey;
  readonly sealed: Bytes;
  readonly at: number;
}

/** The stores of a device, each with its keys and rows. */
export interface Stores {
  here: { key: "here"; value: Here };
  keys: { key: "here"; value: Keys };
  records: { key: string; value: StoredRecord };
  remembered: { key: string; value: Remembered };
  drafts: { key: string; value: StoredDraft };
  outbox: { key: string; value: PendingChange };
  marks: { key: string; value: Mark };
  faults: { key: string; value: StoredFault };
  link: { key: "here"; value: StoredLink };
  /** Lists that the server has in plain, kept for opening without network. */
  care: {
    key: "practices" | "relations" | "closed" | "invitations" | "appointments" | "answers" | "step-hours";
    value: unknown;
  };
}

export type StoreName = keyof Stores;

/** The stores whose rows carry their own key, and in which field. */
export const KEYED = {
  records: "id",
  remembered: "id",
  drafts: "id",
  outbox: "record",
  marks: "record",
  faults: "id",
} as const satisfies Partial<Record<StoreName, string>>;
export type KeyedStore = keyof typeof KEYED;

export const STORES: readonly StoreName[] = [...(Object.keys(KEYED) as KeyedStore[]), "here", "keys", "link", "care"];

/** Which words people typed: these must survive an empty battery. */
export type Durability = "strict" | "relaxed";

/** What is told to whoever holds a device's store. */
export interface Listeners {
  /** Storage begins or ceases to fail. */
  onFailure(failed: boolean): void;
  /** A transaction that changed something has committed: for the other pages of this device. */
  onWrite(stores: readonly StoreName[]): void;
  /** Begins or ceases to wait for another page that holds an older form of the store. */
  onBlocked(blocked: boolean): void;
}

/**
 * The device's store. Every method rejects with a {@link StoreError} `storage` when the device refuses, and then has
 * changed nothing. `tests/store/databases.test.ts` holds each implementation to this text.
 */
export interface Database {
  get<S extends StoreName>(store: S, key: Stores[S]["key"]): Promise<Stores[S]["value"] | undefined>;
  all<S extends StoreName>(store: S): Promise<Stores[S]["value"][]>;
  /**
   * Reads and writes in one transaction, and resolves once it has committed (with `strict` durability once the disk has
   * it). `work` must await nothing but what the transaction's stores give. Transactions that share a store run one after
   * the other, in the order in which they were asked for.
   */
  write<S extends StoreName, T>(
    stores: S[],
    durability: Durability,
    work: (transaction: Transaction<S>) => Promise<T>,
  ): Promise<T>;
  /**
   * Puts one row, strictly: what somebody has just typed. All of it is handed over at once, so that it is kept even when
   * the page ends before this resolves.
   */
  keep<S extends KeyedStore>(store: S, row: Stores[S]["value"]): Promise<void>;
  /** Forgets everything on this device. */
  erase(): Promise<void>;
  /** Lets go of it; the next call opens it anew. */
  close(): void;
}

/** The stores of one running transaction. */
export interface Transaction<S extends StoreName> {
  get<N extends S>(store: N, key: Stores[N]["key"]): Promise<Stores[N]["value"] | undefined>;
  all<N extends S>(store: N): Promise<Stores[N]["value"][]>;
  put<N extends S>(
    store: N,
    value: Stores[N]["value"],
    ...key: N extends KeyedStore ? [] : [Stores[N]["key"]]
  ): Promise<void>;
  delete<N extends S>(store: N, key: Stores[N]["key"]): Promise<void>;
  clear(store: S): Promise<void>;
}
