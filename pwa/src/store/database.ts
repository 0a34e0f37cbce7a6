/**
 * What a device keeps, in IndexedDB. Words lie here sealed only: record bodies as the server has them, drafts and
 * pending changes sealed to the own public key. Keys are non-extractable `CryptoKey`s, which no script can read.
 * Await nothing but the database inside a transaction: awaiting WebCrypto ends it.
 */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import type { Schemas } from "../api/client";
import type { Attention, Bytes, Identity, Role, Seen } from "../protocol";
import { type FaultKind, StoreError } from "./errors";

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
  readonly identities: readonly Schemas["Identity"][];
  readonly settingsRecord: string | undefined;
  readonly cursor: number;
  readonly incarnation: string | undefined;
  /** After a restore: everything held is being compared with what the server has. */
  readonly comparing: boolean;
  readonly complete: boolean;
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
  /** Of an own record: accounts that earlier revisions named as readers. What they wrote about it stays. */
  readonly formerReaders: readonly string[];
  /** Its owner deleted it, proved, and it is still shown: many deletions at once are asked about first. */
  readonly ended: boolean;
}

/** What is remembered of a record, also when it is no longer here. */
export interface Remembered extends Seen {
  readonly id: string;
  /** Its owner deleted it, proved. */
  readonly ended: boolean;
}

export interface StoredDraft {
  /** The record that it becomes or changes. */
  readonly id: string;
  readonly changes: boolean;
  /** Fields of an entry, sealed. */
  readonly sealed: Bytes;
  /** What it started from, sealed; with a change only. */
  readonly base: Bytes | undefined;
  readonly baseRevision: number;
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
  /** The content inside, sealed to the own key: what follows merges from it. */
  readonly content: Bytes | undefined;
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
  /** Readers wanted; undefined: as they are. */
  readonly readers: readonly { readonly account: string; readonly attention: Attention }[] | undefined;
  readonly at: number;
  /** Not before, milliseconds since 1970: a deletion can be undone until then. */
  readonly notBefore: number;
  readonly attempt: Attempt | undefined;
  /** Our server's answer to what can't go out; the words stay. */
  readonly refused: string | undefined;
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

interface Schema extends DBSchema {
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
  care: { key: "practices" | "relations" | "invitations"; value: unknown };
}

export type StoreName =
  | "here"
  | "keys"
  | "records"
  | "remembered"
  | "drafts"
  | "outbox"
  | "marks"
  | "faults"
  | "link"
  | "care";
const STORES: readonly StoreName[] = [
  "here",
  "keys",
  "records",
  "remembered",
  "drafts",
  "outbox",
  "marks",
  "faults",
  "link",
  "care",
];
const KEYED: Partial<Record<StoreName, string>> = {
  records: "id",
  remembered: "id",
  drafts: "id",
  outbox: "record",
  marks: "record",
  faults: "id",
};

/** Which words people typed: these must survive an empty battery. */
export type Durability = "strict" | "relaxed";

function stored(error: unknown): StoreError {
  return error instanceof StoreError ? error : new StoreError("storage");
}

/** The device's store. Every method rejects with a {@link StoreError} `storage` when the browser refuses. */
export class Database {
  #connection: Promise<IDBPDatabase<Schema>> | undefined;

  constructor(
    readonly name: string,
    /** Told when storage begins or ceases to fail. */
    private readonly onFailure: (failed: boolean) => void = () => undefined,
    /** Told after each transaction that changed something, for the other pages of this device. */
    private readonly onWrite: (stores: readonly StoreName[]) => void = () => undefined,
  ) {}

  #open(): Promise<IDBPDatabase<Schema>> {
    this.#connection ??= openDB<Schema>(this.name, 1, {
      upgrade(database) {
        for (const store of STORES) {
          const keyPath = KEYED[store];
          // The stores differ in their key paths only; the schema above gives each its types.
          (database as IDBPDatabase).createObjectStore(store, keyPath ? { keyPath } : undefined);
        }
      },
      // Another page with a newer release waits for this one to let go.
      blocking: () => this.close(),
      // iOS kills connections in the background; the next call opens a new one.
      terminated: () => {
        this.#connection = undefined;
      },
    });
    return this.#connection;
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    void connection?.then((database) => database.close()).catch(() => undefined);
  }

  async #guarded<T>(work: (database: IDBPDatabase<Schema>) => Promise<T>): Promise<T> {
    try {
      const done = await work(await this.#open());
      this.onFailure(false);
      return done;
    } catch (error) {
      if (!(error instanceof StoreError)) {
        this.#connection = undefined;
        this.onFailure(true);
      }
      throw stored(error);
    }
  }

  get<S extends StoreName>(store: S, key: Schema[S]["key"]): Promise<Schema[S]["value"] | undefined> {
    return this.#guarded((database) => database.get(store, key));
  }

  all<S extends StoreName>(store: S): Promise<Schema[S]["value"][]> {
    return this.#guarded((database) => database.getAll(store));
  }

  /**
   * Reads and writes in one transaction, and resolves once it has committed (`complete`; with `strict` durability once
   * the disk has it). `work` must await nothing but what the transaction's stores give.
   */
  write<S extends StoreName, T>(
    stores: S[],
    durability: Durability,
    work: (transaction: Transaction<S>) => Promise<T>,
  ): Promise<T> {
    return this.#guarded(async (database) => {
      const transaction = database.transaction(stores, "readwrite", { durability });
      const committed = transaction.done;
      committed.catch(() => undefined);
      try {
        const result = await work({
          get: (store, key) => transaction.objectStore(store).get(key),
          all: (store) => transaction.objectStore(store).getAll(),
          put: async (store, value, ...key) => {
            await transaction.objectStore(store).put(value, ...key);
          },
          delete: (store, key) => transaction.objectStore(store).delete(key),
          clear: (store) => transaction.objectStore(store).clear(),
        });
        await committed;
        this.onWrite(stores);
        return result;
      } catch (error) {
        try {
          transaction.abort();
        } catch {
          // It has ended already.
        }
        throw error;
      }
    });
  }

  /** Forgets everything on this device. */
  erase(): Promise<void> {
    return this.write([...STORES], "strict", async (transaction) => {
      for (const store of STORES) await transaction.clear(store);
    });
  }
}

/** The stores of one running transaction. */
export interface Transaction<S extends StoreName> {
  get<N extends S>(store: N, key: Schema[N]["key"]): Promise<Schema[N]["value"] | undefined>;
  all<N extends S>(store: N): Promise<Schema[N]["value"][]>;
  put<N extends S>(
    store: N,
    value: Schema[N]["value"],
    ...key: N extends KeyedStore ? [] : [Schema[N]["key"]]
  ): Promise<void>;
  delete<N extends S>(store: N, key: Schema[N]["key"]): Promise<void>;
  clear(store: S): Promise<void>;
}

type KeyedStore = "records" | "remembered" | "drafts" | "outbox" | "marks" | "faults";
