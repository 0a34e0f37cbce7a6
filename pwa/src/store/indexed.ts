/** The device's store in a browser: IndexedDB, through `idb`. */
import { type DBSchema, type IDBPDatabase, openDB } from "idb";
import {
  type Database,
  type Durability,
  KEYED,
  type KeyedStore,
  type Listeners,
  STORES,
  type StoreName,
  type Stores,
  type Transaction,
} from "./database";
import { StoreError } from "./errors";

/**
 * Raised with each new store. A page of an older release lets go when a newer one wants to add a store, and goes on in
 * what that one has made: everything it knows is still there.
 */
const VERSION = 1;

interface Schema extends DBSchema, Stores {}
type Connection = IDBPDatabase<Schema>;

function upgrade(database: Connection): void {
  for (const store of STORES) {
    if (database.objectStoreNames.contains(store)) continue;
    const keyPath = store in KEYED ? KEYED[store as KeyedStore] : undefined;
    // The stores differ in their key paths only; the schema above gives each its types.
    (database as IDBPDatabase).createObjectStore(store, keyPath ? { keyPath } : undefined);
  }
}

/** Whether the browser has taken the connection away: nothing was begun, and a new one may serve. */
const isCut = (error: unknown): boolean => error instanceof DOMException && error.name === "InvalidStateError";
/** Whether a newer release has changed the store's form. */
const isNewer = (error: unknown): boolean => error instanceof DOMException && error.name === "VersionError";

const NOBODY: Listeners = { onFailure: () => undefined, onWrite: () => undefined, onBlocked: () => undefined };

export class IndexedDatabase implements Database {
  #connection: Promise<Connection> | undefined;

  constructor(
    readonly name: string,
    private readonly listeners: Listeners = NOBODY,
  ) {}

  #open(): Promise<Connection> {
    this.#connection ??= this.#connect();
    return this.#connection;
  }

  async #connect(): Promise<Connection> {
    const callbacks = {
      // Another page with a newer release waits for this one to let go.
      blocking: () => this.close(),
      blocked: () => this.listeners.onBlocked(true),
      // iOS kills connections in the background; the next call opens a new one.
      terminated: () => {
        this.#connection = undefined;
      },
    };
    try {
      return await openDB<Schema>(this.name, VERSION, { ...callbacks, upgrade });
    } catch (error) {
      if (!isNewer(error)) throw error;
      return await openDB<Schema>(this.name, undefined, callbacks);
    } finally {
      this.listeners.onBlocked(false);
    }
  }

  close(): void {
    const connection = this.#connection;
    this.#connection = undefined;
    void connection?.then((database) => database.close()).catch(() => undefined);
  }

  /** Does `work`; where the connection turns out to be cut before anything has begun, once more with a new one. */
  async #guarded<T>(work: (database: Connection) => Promise<T>): Promise<T> {
    try {
      const done = await this.#attempt(work);
      this.listeners.onFailure(false);
      return done;
    } catch (error) {
      if (error instanceof StoreError) throw error;
      this.#connection = undefined;
      this.listeners.onFailure(true);
      throw new StoreError("storage");
    }
  }

  async #attempt<T>(work: (database: Connection) => Promise<T>): Promise<T> {
    const database = await this.#open();
    try {
      return await work(database);
    } catch (error) {
      if (!isCut(error)) throw error;
      this.#connection = undefined;
      return work(await this.#open());
    }
  }

  get<S extends StoreName>(store: S, key: Stores[S]["key"]): Promise<Stores[S]["value"] | undefined> {
    return this.#guarded((database) => database.get(store, key));
  }

  all<S extends StoreName>(store: S): Promise<Stores[S]["value"][]> {
    return this.#guarded((database) => database.getAll(store));
  }

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
        // Only `complete` counts: a request that succeeded may still be rolled back, by a full disk for one.
        await committed;
        this.listeners.onWrite(stores);
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

  keep<S extends KeyedStore>(store: S, row: Stores[S]["value"]): Promise<void> {
    return this.#guarded(async (database) => {
      const transaction = database.transaction([store], "readwrite", { durability: "strict" });
      const put = transaction.objectStore(store).put(row);
      // Not awaited before the commit: from here on the browser needs nothing more of this page.
      transaction.commit();
      await Promise.all([put, transaction.done]);
      this.listeners.onWrite([store]);
    });
  }

  erase(): Promise<void> {
    return this.write([...STORES], "strict", async (transaction) => {
      for (const store of STORES) await transaction.clear(store);
    });
  }
}
