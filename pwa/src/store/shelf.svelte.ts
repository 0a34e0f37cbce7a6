import {
  type Bytes,
  counts,
  equalBytes,
  type JsonObject,
  ProtocolError,
  printJson,
  type RecordContent,
  reopenBody,
  sealDraft,
} from "../protocol";
import {
  type Database,
  type Here,
  type Keys,
  type PendingChange,
  STORES,
  type StoredDraft,
  type StoredFault,
  type StoredRecord,
} from "./database";
import type { Environment } from "./environment";
import { type FaultKind, StoreError } from "./errors";
import { type Opened, openOwn } from "./judging";
import {
  isParty,
  type OpenedChange,
  type OpenedDraft,
  type OwnRecord,
  openAll,
  openTyped,
  ownRecords,
  type Pin,
  pinsOf,
  revisionNamed,
} from "./opening";

/** Where words lie that the server doesn't have. */
const WORDS = ["outbox", "drafts"] as const;

/** A row that doesn't open stays as it is. */
function unlessClosed(error: unknown): undefined {
  if (!(error instanceof ProtocolError)) throw error;
}

/**
 * What is open in memory of what the device keeps: the reactive state behind all lists. Maps are replaced, never
 * changed in place. Locked, it holds nothing but what lies in plain.
 */
export class Shelf {
  phase = $state<"starting" | "signed-out" | "locked" | "unlocked">("starting");
  here = $state.raw<Here | undefined>(undefined);
  records = $state.raw<ReadonlyMap<string, Opened>>(new Map());
  outbox = $state.raw<ReadonlyMap<string, OpenedChange>>(new Map());
  drafts = $state.raw<ReadonlyMap<string, OpenedDraft>>(new Map());
  /** Pending changes and drafts on this device, countable while locked. */
  counted = $state.raw<{ outbox: ReadonlyMap<string, PendingChange>; drafts: readonly StoredDraft[] }>({
    outbox: new Map(),
    drafts: [],
  });
  faults = $state.raw<readonly StoredFault[]>([]);
  storageFailed = $state(false);
  /** Another page holds an older form of the device's store: this one waits for it to let go. */
  blocked = $state(false);
  /** Contacts of whom the server names another key than the pinned one: nothing new is sealed to those. */
  changedKeys = $state.raw<ReadonlySet<string>>(new Set());
  /** Somebody else's records that are not judged yet, or refused. */
  waiting = new Map<string, StoredRecord>();

  keys: Keys | undefined;
  /** Up to which place in the feed this page has the records in memory. */
  fetched = 0;
  /** How often something was put into memory. */
  #placed = 0;
  readonly #onClose: (() => void)[] = [];

  /** Own records by id, as they will be once all pending changes are out; what waits to be deleted isn't among them. */
  readonly own: ReadonlyMap<string, OwnRecord> = $derived.by(() => ownRecords(this.records, this.outbox));
  readonly pins: ReadonlyMap<string, Pin> = $derived.by(() => pinsOf(this.own.values()));

  constructor(
    readonly database: Database,
    private readonly environment: Environment,
  ) {}

  /** Milliseconds since 1970. */
  now(): number {
    return this.environment.now();
  }

  /** Calls back after so many milliseconds; gives the way to take that back. */
  readonly after: Environment["after"] = (milliseconds, work) => this.environment.after(milliseconds, work);

  /** Lets the page draw and answer before more is done. */
  readonly breathe = (): Promise<void> => this.environment.breathe();

  /** The account here; throws {@link StoreError} `signed-out`. */
  requireHere(): Here {
    if (!this.here) throw new StoreError("signed-out");
    return this.here;
  }

  /** The keys; throws {@link StoreError} `locked`. */
  requireKeys(): Keys {
    if (!this.keys) throw new StoreError(this.here ? "locked" : "signed-out");
    return this.keys;
  }

  /** The keys that are here are `gen`'s, and those of the account newer: asks for a sign-in, unless one has come meanwhile. */
  async expire(gen: number): Promise<void> {
    await this.updateHere({ expired: true }, (here) => here.gen <= gen);
  }

  /** Changes what is known of the account here, on the device and in memory, if it is still as it has to be for that; gives whether it was. */
  async updateHere(changed: Partial<Here>, applies: (here: Here) => boolean = () => true): Promise<boolean> {
    let applied = false;
    const here = await this.database.write(["here"], "relaxed", async (transaction) => {
      const current = await transaction.get("here", "here");
      applied = current !== undefined && applies(current);
      if (!current || !applied) return current;
      const next = { ...current, ...changed };
      await transaction.put("here", next, "here");
      return next;
    });
    // Another page has signed out, or put newer keys there: whoever goes on here must learn it.
    if (here && here.gen === (this.here?.gen ?? here.gen)) this.here = here;
    else if (here || this.here) await this.load();
    return applied;
  }

  /**
   * Keeps the keys of the account here. Rejects with `signed-out` where another page has signed out meanwhile, and with
   * `changed-meanwhile` where one has put newer keys in the place of these.
   */
  async keepKeys(keys: Keys): Promise<void> {
    await this.database.write(["here", "keys"], "relaxed", async (transaction) => {
      const here = await transaction.get("here", "here");
      if (!here) throw new StoreError("signed-out");
      if (here.gen !== (keys.gen ?? here.gen)) throw new StoreError("changed-meanwhile");
      await transaction.put("here", { ...here, hiddenAt: undefined }, "here");
      await transaction.put("keys", keys, "here");
    });
  }

  /**
   * Reads everything anew from the device and opens it: at the start, after unlocking, and when another page wrote. What
   * the first screen doesn't need waits until that is `shown`.
   */
  async load(shown?: Promise<void>): Promise<void> {
    // What this page puts into memory while it reads is newer than what it has read: then it reads once more.
    while (!(await this.#tryLoad(this.#placed, shown)));
  }

  async #tryLoad(placed: number, shown: Promise<void> | undefined): Promise<boolean> {
    const { database } = this;
    const [here, found, records, outbox, drafts, faults] = await Promise.all([
      database.get("here", "here"),
      database.get("keys", "here"),
      database.all("records"),
      database.all("outbox"),
      database.all("drafts"),
      database.all("faults"),
    ]);
    // Read while another page put newer ones there: it says so when it is done, and then all is read anew.
    const keys = found && here && (found.gen ?? here.gen) === here.gen ? found : undefined;
    const broken: string[] = [];
    const pending = new Map(outbox.map((change) => [change.record, change]));
    if (here?.role === "patient" && keys && this.phase === "starting" && drafts.length + outbox.length === 0) {
      // The own journal first: what others share, or what waits to be sent, needs more code.
      const own = records.filter((row) => row.owner === here.account);
      const first = await openAll(
        { keys, account: here.account },
        { records: own, outbox: [], drafts: [] },
        this.records,
        [],
        this.breathe,
      );
      if (this.#placed !== placed) return false;
      Object.assign(this, { here, keys, records: first.records, phase: "unlocked" });
      this.fetched = here.cursor;
      await shown;
    }
    const opened =
      here &&
      keys &&
      (await openAll({ keys, account: here.account }, { records, outbox, drafts }, this.records, broken, this.breathe));
    if (this.#placed !== placed) return false;
    this.here = here;
    this.fetched = here?.cursor ?? 0;
    this.faults = faults.sort((a, b) => b.at - a.at);
    this.waiting = new Map(records.filter((row) => row.waiting).map((row) => [row.id, row]));
    this.counted = { outbox: pending, drafts: drafts.sort((a, b) => b.at - a.at) };
    if (opened) {
      this.keys = keys;
      this.records = opened.records;
      this.outbox = opened.outbox;
      this.drafts = opened.drafts;
    } else this.close();
    this.phase = here ? (opened ? "unlocked" : "locked") : "signed-out";
    // After new keys own records open again as they come anew, and what others share once contacts are among them.
    // What was deleted elsewhere and waits for the person's word needn't open.
    const awaited = new Set(records.filter(({ ended }) => here?.stale || ended).map(({ id }) => id));
    for (const id of broken) if (!awaited.has(id)) await this.addFault("unopened", id, undefined);
    return true;
  }

  /** Closes all plaintext and forgets the keys in memory. */
  close(): void {
    this.#placed++;
    for (const work of this.#onClose) work();
    this.keys = undefined;
    this.records = new Map();
    this.outbox = new Map();
    this.drafts = new Map();
  }

  /**
   * Forgets everything on this device. Rejects with `unsent-words` where words lie here that aren't given up: asked in the
   * same transaction, since another page may just have kept some that this one hasn't heard of.
   */
  erase(giveUp: boolean): Promise<void> {
    if (giveUp) return this.database.erase();
    return this.database.write([...STORES], "strict", async (transaction) => {
      for (const store of WORDS) {
        if ((await transaction.all(store)).length > 0) throw new StoreError("unsent-words");
      }
      for (const store of STORES) await transaction.clear(store);
    });
  }

  /** Reads one record and what is pending for it anew: another page of this device has changed it. */
  async refresh(record: string): Promise<void> {
    const { database, keys, here } = this;
    const [now, row, change] = await Promise.all([
      database.get("here", "here"),
      database.get("records", record),
      database.get("outbox", record),
    ]);
    // Another page has signed out, or put newer keys there: what lies there isn't for these.
    if (now?.gen !== here?.gen) return this.load();
    if (keys && here && row?.accepted && row.owner === here.account) {
      // After new keys it opens again once it has come anew.
      const content = await openOwn(keys, row, row.accepted, reopenBody).catch(unlessClosed);
      if (content) this.place([{ row, version: row.accepted, content, own: true }]);
    }
    const content = change?.content && keys && here && (await this.open(keys, here.account, record, change.content));
    this.placeChange(record, change && { change, content: content || undefined });
  }

  /** Seals what somebody typed to the own public key; works while locked. `id` is the record's. */
  async seal(id: string, content: JsonObject): Promise<Bytes> {
    const here = this.requireHere();
    return sealDraft(here.publicKey, here.account, id, printJson(content));
  }

  /** Opens {@link Shelf.seal}. Rejects with {@link SealError} when no key of this device opens it. */
  open(keys: Keys, account: string, id: string, sealed: Bytes): Promise<JsonObject> {
    return openTyped({ keys, account }, id, sealed);
  }

  /** Puts records into memory that were just written to the device. */
  place(opened: readonly Opened[], gone: readonly string[] = []): void {
    // Locked meanwhile: nothing is open any more.
    if (!this.keys || (opened.length === 0 && gone.length === 0)) return;
    this.#placed++;
    const next = new Map(this.records);
    for (const record of opened) next.set(record.row.id, record);
    for (const id of gone) next.delete(id);
    this.records = next;
  }

  /** Puts a pending change into memory, or takes it out; while locked its words aren't kept. */
  placeChange(record: string, opened: OpenedChange | undefined): void {
    this.#placed++;
    this.outbox = replaced(this.outbox, record, this.keys ? opened : undefined);
    this.counted = { ...this.counted, outbox: replaced(this.counted.outbox, record, opened?.change) };
  }

  /**
   * Puts what has become of a pending change into memory, with its words: the open ones, if they are the same. Another page
   * of this device may have queued others, and the one's change must never stand beside the other's words.
   */
  async placeAmended(record: string, change: PendingChange | undefined): Promise<void> {
    const open = this.counted.outbox.get(record)?.content;
    if (change?.content && !(open && equalBytes(open, change.content))) await this.refresh(record);
    else this.placeChange(record, change && { change, content: change.content && this.outbox.get(record)?.content });
  }

  /** Puts a draft into memory; while locked its words aren't kept. */
  placeDraft(opened: OpenedDraft): void {
    this.#placed++;
    const { id } = opened.draft;
    this.drafts = replaced(this.drafts, id, this.keys ? opened : undefined);
    this.counted = {
      ...this.counted,
      drafts: [opened.draft, ...this.counted.drafts.filter((draft) => draft.id !== id)],
    };
  }

  /** Takes drafts out of memory. */
  dropDrafts(ids: readonly string[]): void {
    if (!this.counted.drafts.some(({ id }) => ids.includes(id))) return;
    this.#placed++;
    const drafts = new Map(this.drafts);
    for (const id of ids) drafts.delete(id);
    this.drafts = drafts;
    this.counted = { ...this.counted, drafts: this.counted.drafts.filter(({ id }) => !ids.includes(id)) };
  }

  /** Reads the drafts anew: another page writes them without telling. */
  async refreshDrafts(): Promise<readonly StoredDraft[]> {
    const { keys, here } = this;
    const stored = (await this.database.all("drafts")).sort((a, b) => b.at - a.at);
    const holder = keys && here && { keys, account: here.account };
    this.drafts = holder
      ? (await openAll(holder, { records: [], outbox: [], drafts: stored }, new Map(), [], this.breathe)).drafts
      : new Map();
    this.counted = { ...this.counted, drafts: stored };
    return stored;
  }

  /** Calls back when all plaintext is closed, for what else holds some. */
  whenClosed(work: () => void): void {
    this.#onClose.push(work);
  }

  /** Shows a fault, once for each record and kind, and keeps it. */
  async addFault(kind: FaultKind, record: string | undefined, account: string | undefined): Promise<void> {
    if (this.faults.some((fault) => fault.kind === kind && fault.record === record && fault.account === account))
      return;
    const fault = { id: crypto.randomUUID(), kind, record, account, at: this.now() };
    this.faults = [fault, ...this.faults];
    await this.database.write(["faults"], "relaxed", (transaction) => transaction.put("faults", fault));
  }

  /** A fault of this kind is over. */
  async clearFault(kind: FaultKind, record: string | undefined): Promise<void> {
    const over = this.faults.filter((fault) => fault.kind === kind && fault.record === record);
    if (over.length === 0) return;
    this.faults = this.faults.filter((fault) => !over.includes(fault));
    await this.database.write(["faults"], "relaxed", async (transaction) => {
      for (const fault of over) await transaction.delete("faults", fault.id);
    });
  }

  /** The person has seen a fault; should it happen again it is shown again. */
  async dismissFault(id: string): Promise<void> {
    this.faults = this.faults.filter((fault) => fault.id !== id);
    await this.database.write(["faults"], "relaxed", (transaction) => transaction.delete("faults", id));
  }

  /** A contact who has pinned a former key of one's own: nothing that is sealed from here opens for them. */
  lacksMine(account: string): boolean {
    const pin = this.pins.get(account);
    return pin !== undefined && (pin.content.knows ?? 1) < (this.here?.gen ?? 1);
  }

  /** Nothing new goes to them until both have reconnected. */
  isHeld(account: string): boolean {
    return this.changedKeys.has(account) || this.lacksMine(account);
  }

  /** The pinned key of a contact; undefined for nobody known. */
  pinnedKey(account: string): Bytes | undefined {
    return this.pins.get(account)?.publicKey;
  }

  /** Whether somebody else's record counts, by the one table of both clients. */
  countsFrom(opened: Opened): boolean {
    if (opened.own) return true;
    const pin = this.pins.get(opened.row.owner);
    if (!pin) return false;
    const about = opened.row.about ? this.records.get(opened.row.about) : undefined;
    const partyToAbout = about !== undefined && isParty(about, opened.row.owner, revisionNamed(opened.content));
    return counts(opened.content.kind, { who: "contact", role: pin.role, partyToAbout });
  }

  /** Own records of one kind, as they will be. */
  mine<T extends RecordContent>(kind: string): (OwnRecord & { readonly content: T })[] {
    // The schema has checked that content of this kind has these fields.
    return [...this.own.values()].filter((record) => record.content.kind === kind) as (OwnRecord & { content: T })[];
  }

  /** Records of one kind that others share, if they count. */
  theirs<T extends RecordContent>(kind: string): (Opened & { readonly content: T })[] {
    const found = [...this.records.values()].filter(
      (opened) => !opened.own && opened.content.kind === kind && this.countsFrom(opened),
    );
    return found as (Opened & { content: T })[];
  }
}

function replaced<V>(map: ReadonlyMap<string, V>, key: string, value: V | undefined): ReadonlyMap<string, V> {
  if (value === undefined && !map.has(key)) return map;
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}
