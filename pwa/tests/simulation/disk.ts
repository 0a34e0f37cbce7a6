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
} from "../../src/store/database";
import { StoreError } from "../../src/store/errors";

/** Lets somebody else choose when each thing that the disk has to do is done. Things named first needn't come first. */
export type Later = (what: string, run: () => void) => void;

type Rows = ReadonlyMap<StoreName, ReadonlyMap<string, unknown>>;

/** One transaction: it waits for those before it, works, waits for its commit, and is over. */
interface Turn {
  readonly page: DiskPage;
  readonly stores: readonly StoreName[];
  readonly writes: boolean;
  /** All of it is known to the disk: it may be committed without its page. */
  handedOver: boolean;
  /** Nothing is in its way: it begins when somebody lets it. */
  called: boolean;
  working: boolean;
  over: boolean;
  readonly begin: () => void;
}

const plain = (): Rows => new Map(STORES.map((store) => [store, new Map()]));

/** Copies a row as IndexedDB would; keys are passed on, as their bytes can't be had. */
function copy<T>(value: T): T {
  if (Array.isArray(value)) return value.map(copy) as T;
  if (value instanceof Uint8Array) return value.slice() as T;
  if (value === null || typeof value !== "object" || Object.getPrototypeOf(value) !== Object.prototype) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, copy(inner)])) as T;
}

/**
 * A device's disk in memory, with the faults that browsers and batteries have: a commit takes until it comes, a page
 * ends between a write and its commit, an empty battery takes back what wasn't committed strictly, and a full disk
 * refuses. Shared by all pages of a device. `tests/store/databases.test.ts` holds it to the same text as IndexedDB.
 */
export class Disk {
  /** Refuses all that is written. */
  full = false;
  #rows: Rows = plain();
  /** What an empty battery leaves. */
  #safe: Rows = this.#rows;
  readonly #turns: Turn[] = [];

  constructor(
    private readonly later: Later,
    /** Whether what a page had handed over when it ended is committed nonetheless. */
    private readonly survives: () => boolean,
  ) {}

  /** The disk as a page of the device has it. */
  open(listeners: Listeners): DiskPage {
    return new DiskPage(this, listeners);
  }

  /** What is committed. */
  committed<S extends StoreName>(store: S): Stores[S]["value"][] {
    return [...(this.#rows.get(store)?.values() ?? [])].map(copy) as Stores[S]["value"][];
  }

  /** Everything that is committed, and the way to put it on another disk. */
  image(): (disk: Disk) => void {
    const rows = this.#rows;
    return (disk) => {
      disk.#rows = rows;
      disk.#safe = rows;
    };
  }

  /** A page ends: what it hadn't handed over is dropped. */
  end(page: DiskPage): void {
    for (const turn of this.#turns) {
      if (turn.page === page && !(turn.handedOver && this.survives())) turn.over = true;
    }
    this.#advance();
  }

  /** The battery is empty: all pages end, and what was committed `relaxed` since the last strict commit is gone. */
  loseRelaxed(): void {
    for (const turn of this.#turns) turn.over = true;
    this.#rows = this.#safe;
    this.#advance();
  }

  /** The browser throws everything away. */
  loseAll(): void {
    this.#safe = plain();
    this.loseRelaxed();
  }

  /** Whether a transaction awaits something that isn't the disk's: a browser would have committed it without the rest. */
  get stuck(): boolean {
    return this.#turns.some((turn) => turn.working && !turn.over && !turn.handedOver);
  }

  /** @internal For the pages. */
  read<T>(page: DiskPage, store: StoreName, take: (rows: ReadonlyMap<string, unknown>) => T): Promise<T> {
    return new Promise((resolve) => {
      const turn = this.#ask(page, [store], false, () => {
        turn.over = true;
        resolve(copy(take(this.#rows.get(store) ?? new Map())));
        this.#advance();
      });
      this.#advance();
    });
  }

  /** @internal For the pages. */
  write<S extends StoreName, T>(
    page: DiskPage,
    stores: readonly S[],
    durability: Durability,
    work: (transaction: Transaction<S>) => Promise<T>,
    atOnce: boolean,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const fail = (error: unknown): void => {
        if (turn.over) return;
        turn.over = true;
        if (!page.ended) {
          if (!(error instanceof StoreError)) page.listeners.onFailure(true);
          reject(error instanceof StoreError ? error : new StoreError("storage"));
        }
        this.#advance();
      };
      const commit = (next: Rows, result: T): void => {
        if (turn.over) return;
        if (this.full && next.size > 0) {
          fail(new Error("the disk is full"));
          return;
        }
        turn.over = true;
        this.#rows = new Map([...this.#rows, ...next]);
        if (durability === "strict") this.#safe = this.#rows;
        if (!page.ended) {
          page.listeners.onWrite(stores);
          page.listeners.onFailure(false);
          resolve(result);
        }
        this.#advance();
      };
      const turn = this.#ask(page, stores, true, () => {
        const next = new Map<StoreName, Map<string, unknown>>();
        work(this.#transaction<S>(stores, next)).then((result) => {
          turn.handedOver = true;
          if (!turn.over) this.later(`commits ${stores.join()} ${durability}`, () => commit(next, result));
        }, fail);
      });
      turn.handedOver = atOnce;
      this.#advance();
    });
  }

  #ask(page: DiskPage, stores: readonly StoreName[], writes: boolean, begin: () => void): Turn {
    const turn: Turn = { page, stores, writes, handedOver: false, called: false, working: false, over: false, begin };
    this.#turns.push(turn);
    return turn;
  }

  /** Lets begin what waits for nothing that was asked for before. */
  #advance(): void {
    for (let at = this.#turns.length - 1; at >= 0; at--) if (this.#turns[at]?.over) this.#turns.splice(at, 1);
    this.#turns.forEach((turn, at) => {
      if (turn.called || this.#turns.slice(0, at).some((before) => isInTheWay(before, turn))) return;
      turn.called = true;
      this.later(turn.writes ? `begins ${turn.stores.join()}` : `reads ${turn.stores.join()}`, () => {
        if (turn.over) return;
        turn.working = true;
        turn.begin();
      });
    });
  }

  #transaction<S extends StoreName>(
    stores: readonly StoreName[],
    next: Map<StoreName, Map<string, unknown>>,
  ): Transaction<S> {
    const rows = (store: StoreName): ReadonlyMap<string, unknown> => {
      if (!stores.includes(store)) throw new Error("a store that the transaction didn't name");
      return next.get(store) ?? this.#rows.get(store) ?? new Map();
    };
    const changed = (store: StoreName): Map<string, unknown> => {
      const own = next.get(store) ?? new Map(rows(store));
      next.set(store, own);
      return own;
    };
    return {
      get: async (store, key) => copy(rows(store).get(key)) as never,
      all: async (store) => inOrder(rows(store)).map(copy) as never,
      put: async (store, value, ...key) => {
        changed(store).set(key[0] ?? keyOf(store, value), copy(value));
      },
      delete: async (store, key) => void changed(store).delete(key),
      clear: async (store) => changed(store).clear(),
    };
  }
}

function isInTheWay(before: Turn, turn: Turn): boolean {
  return (before.writes || turn.writes) && before.stores.some((store) => turn.stores.includes(store));
}

function keyOf(store: StoreName, value: unknown): string {
  const key = store in KEYED ? (value as Record<string, unknown>)[KEYED[store as KeyedStore]] : undefined;
  if (typeof key !== "string") throw new Error("a row without its key");
  return key;
}

function inOrder(rows: ReadonlyMap<string, unknown>): unknown[] {
  return [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** The disk as one page has it. Once the page has ended nothing is answered any more. */
export class DiskPage implements Database {
  #ended = false;

  constructor(
    private readonly disk: Disk,
    readonly listeners: Listeners,
  ) {}

  get ended(): boolean {
    return this.#ended;
  }

  get<S extends StoreName>(store: S, key: Stores[S]["key"]): Promise<Stores[S]["value"] | undefined> {
    return this.disk.read(this, store, (rows) => rows.get(key)) as Promise<Stores[S]["value"] | undefined>;
  }

  all<S extends StoreName>(store: S): Promise<Stores[S]["value"][]> {
    return this.disk.read(this, store, inOrder) as Promise<Stores[S]["value"][]>;
  }

  write<S extends StoreName, T>(
    stores: S[],
    durability: Durability,
    work: (transaction: Transaction<S>) => Promise<T>,
  ): Promise<T> {
    return this.disk.write(this, stores, durability, work, false);
  }

  keep<S extends KeyedStore>(store: S, row: Stores[S]["value"]): Promise<void> {
    const typed = copy(row);
    return this.disk.write<KeyedStore, void>(
      this,
      [store],
      "strict",
      // Each keyed store takes its row without a key.
      (transaction) => (transaction.put as (store: KeyedStore, row: unknown) => Promise<void>)(store, typed),
      true,
    );
  }

  erase(): Promise<void> {
    return this.write([...STORES], "strict", async (transaction) => {
      for (const store of STORES) await transaction.clear(store);
    });
  }

  close(): void {
    // The next call goes on: there is nothing to let go of.
  }

  /** The page is gone, whatever it was doing. */
  end(): void {
    this.#ended = true;
    this.disk.end(this);
  }
}
