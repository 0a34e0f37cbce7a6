import {
  type Bytes,
  type ContactContent,
  counts,
  fromBase64,
  type JsonObject,
  openDraft,
  ProtocolError,
  parseJsonObject,
  printJson,
  type Reader,
  type RecordContent,
  type Role,
  reopenBody,
  sealDraft,
} from "../protocol";
import type { Database, Here, Keys, PendingChange, StoredDraft, StoredFault, StoredRecord } from "./database";
import { type FaultKind, StoreError } from "./errors";
import { type Opened, openOwn, openShared } from "./judging";

/** A pending change with its content open. */
export interface OpenedChange {
  readonly change: PendingChange;
  /** Without `readers`; undefined when only the readers change, or the record goes. */
  readonly content: JsonObject | undefined;
}

/** A draft with its words open. */
export interface OpenedDraft {
  readonly draft: StoredDraft;
  readonly fields: JsonObject;
}

/** An own record as it will be once its pending change is out. */
export interface OwnRecord {
  readonly id: string;
  readonly about: string;
  readonly content: RecordContent;
  /** The newest revision that the server has. */
  readonly opened: Opened | undefined;
  readonly change: PendingChange | undefined;
}

/** A contact as it is pinned. */
export interface Pin {
  readonly record: string;
  readonly account: string;
  readonly publicKey: Bytes;
  readonly role: Role;
  readonly content: ContactContent;
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
  /** Somebody else's records that are not judged yet, or refused. */
  waiting = new Map<string, StoredRecord>();

  keys: Keys | undefined;

  /** Own records by id, as they will be once all pending changes are out; what waits to be deleted isn't among them. */
  readonly own: ReadonlyMap<string, OwnRecord> = $derived.by(() => ownRecords(this.records, this.outbox));
  readonly pins: ReadonlyMap<string, Pin> = $derived.by(() => pinsOf(this.own.values()));

  constructor(readonly database: Database) {}

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

  /** Changes what is known of the account here, on the device and in memory. */
  async updateHere(changed: Partial<Here>): Promise<void> {
    const here = await this.database.write(["here"], "relaxed", async (transaction) => {
      const current = await transaction.get("here", "here");
      if (!current) return undefined;
      const next = { ...current, ...changed };
      await transaction.put("here", next, "here");
      return next;
    });
    if (here) this.here = here;
  }

  /** Reads everything anew from the device and opens it: at the start, after unlocking, and when another page wrote. */
  async load(): Promise<void> {
    const { database } = this;
    const [here, keys, records, outbox, drafts, faults] = await Promise.all([
      database.get("here", "here"),
      database.get("keys", "here"),
      database.all("records"),
      database.all("outbox"),
      database.all("drafts"),
      database.all("faults"),
    ]);
    this.here = here;
    this.keys = here ? keys : undefined;
    this.faults = faults.sort((a, b) => b.at - a.at);
    this.waiting = new Map(records.filter((row) => row.waiting).map((row) => [row.id, row]));
    const pending = new Map(outbox.map((change) => [change.record, change]));
    this.counted = { outbox: pending, drafts: drafts.sort((a, b) => b.at - a.at) };
    if (here && this.keys) {
      await this.#openPending(this.keys, here.account, outbox, drafts);
      await this.#openAll(this.keys, here.account, records);
    } else this.close();
    this.phase = here ? (this.keys ? "unlocked" : "locked") : "signed-out";
  }

  /** Closes all plaintext and forgets the keys in memory. */
  close(): void {
    this.keys = undefined;
    this.records = new Map();
    this.outbox = new Map();
    this.drafts = new Map();
  }

  async #openAll(keys: Keys, account: string, rows: StoredRecord[]): Promise<void> {
    const before = this.records;
    const open = async (row: StoredRecord, pinned: Bytes | undefined): Promise<Opened | undefined> => {
      if (!row.accepted) return undefined;
      const known = before.get(row.id);
      if (known && known.version.hash === row.accepted.hash) return { ...known, row, version: row.accepted };
      const own = row.owner === account;
      try {
        const content = own
          ? await openOwn(keys, row, row.accepted, reopenBody)
          : (await openShared(keys, account, row, row.accepted, pinned, reopenBody)).content;
        return { row, version: row.accepted, content, own };
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        await this.addFault("unopened", row.id, row.owner);
        return undefined;
      }
    };
    const listed = (all: (Opened | undefined)[]) =>
      all.filter((opened) => opened !== undefined).map((opened) => [opened.row.id, opened] as const);
    const own = new Map(
      listed(await Promise.all(rows.filter((row) => row.owner === account).map((row) => open(row, undefined)))),
    );
    const pins = pinsOf(ownRecords(own, this.outbox).values());
    const others = rows.filter((row) => row.owner !== account);
    const shared = await Promise.all(others.map((row) => open(row, pins.get(row.owner)?.publicKey)));
    this.records = new Map([...own, ...listed(shared)]);
  }

  /** Reads one record and what is pending for it anew: another page of this device has changed it. */
  async refresh(record: string): Promise<void> {
    const { database, keys, here } = this;
    const [row, change] = await Promise.all([database.get("records", record), database.get("outbox", record)]);
    if (keys && here && row) await this.#openAll(keys, here.account, [...this.#rowsBut(record), row]);
    const content = change?.content && keys && here && (await this.open(keys, here.account, record, change.content));
    this.placeChange(record, change && { change, content: content || undefined });
  }

  #rowsBut(record: string): StoredRecord[] {
    return [...this.records.values()].map((opened) => opened.row).filter((row) => row.id !== record);
  }

  async #openPending(keys: Keys, account: string, outbox: PendingChange[], drafts: StoredDraft[]): Promise<void> {
    const changes = await Promise.all(
      outbox.map(async (change): Promise<OpenedChange> => {
        const content = change.content && (await this.#tryOpen(keys, account, change.record, change.content));
        return { change, content };
      }),
    );
    this.outbox = new Map(changes.map((opened) => [opened.change.record, opened]));
    const opened = new Map<string, OpenedDraft>();
    for (const draft of drafts) {
      const fields = await this.#tryOpen(keys, account, draft.id, draft.sealed);
      if (fields) opened.set(draft.id, { draft, fields });
    }
    this.drafts = opened;
  }

  /** What doesn't open is kept as it is and shown as a fault: one such row must not close the whole journal. */
  async #tryOpen(keys: Keys, account: string, id: string, sealed: Bytes): Promise<JsonObject | undefined> {
    try {
      return await this.open(keys, account, id, sealed);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      await this.addFault("unopened", id, account);
      return undefined;
    }
  }

  /** Seals what somebody typed to the own public key; works while locked. `id` is the record's. */
  async seal(id: string, content: JsonObject): Promise<Bytes> {
    const here = this.requireHere();
    return sealDraft(here.publicKey, here.account, id, printJson(content));
  }

  /** Opens {@link Shelf.seal} with any of the own identities. */
  async open(keys: Keys, account: string, id: string, sealed: Bytes): Promise<JsonObject> {
    let failure: unknown;
    for (const identity of keys.identities) {
      try {
        return parseJsonObject(await openDraft(identity, account, id, sealed));
      } catch (error) {
        failure = error;
      }
    }
    throw failure;
  }

  /** Puts records into memory that were just written to the device. */
  place(opened: readonly Opened[], gone: readonly string[] = []): void {
    // Locked meanwhile: nothing is open any more.
    if (!this.keys || (opened.length === 0 && gone.length === 0)) return;
    const next = new Map(this.records);
    for (const record of opened) next.set(record.row.id, record);
    for (const id of gone) next.delete(id);
    this.records = next;
  }

  /** Puts a pending change into memory, or takes it out; while locked its words aren't kept. */
  placeChange(record: string, opened: OpenedChange | undefined): void {
    this.outbox = replaced(this.outbox, record, this.keys ? opened : undefined);
    this.counted = { ...this.counted, outbox: replaced(this.counted.outbox, record, opened?.change) };
  }

  /** Puts a draft into memory, or takes it out; while locked its words aren't kept. */
  placeDraft(id: string, opened: OpenedDraft | undefined): void {
    this.drafts = replaced(this.drafts, id, this.keys ? opened : undefined);
    const others = this.counted.drafts.filter((draft) => draft.id !== id);
    this.counted = { ...this.counted, drafts: opened ? [opened.draft, ...others] : others };
  }

  /** Shows a fault, once for each record and kind, and keeps it. */
  async addFault(kind: FaultKind, record: string | undefined, account: string | undefined): Promise<void> {
    if (this.faults.some((fault) => fault.kind === kind && fault.record === record && fault.account === account))
      return;
    const fault = { id: crypto.randomUUID(), kind, record, account, at: Date.now() };
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
    const partyToAbout = about !== undefined && isParty(about, opened.row.owner);
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

/** Whether an account owns a record, reads it, or read it when it wrote about it. */
export function isParty({ row, content }: Opened, account: string): boolean {
  if (row.owner === account || row.formerReaders.includes(account)) return true;
  return content.readers.some((reader) => reader.account === account);
}

function replaced<V>(map: ReadonlyMap<string, V>, key: string, value: V | undefined): ReadonlyMap<string, V> {
  if (value === undefined && !map.has(key)) return map;
  const next = new Map(map);
  if (value === undefined) next.delete(key);
  else next.set(key, value);
  return next;
}

function ownRecords(
  records: ReadonlyMap<string, Opened>,
  outbox: ReadonlyMap<string, OpenedChange>,
): Map<string, OwnRecord> {
  const own = new Map<string, OwnRecord>();
  for (const opened of records.values()) {
    if (opened.own)
      own.set(opened.row.id, {
        id: opened.row.id,
        about: opened.row.about,
        content: opened.content,
        opened,
        change: undefined,
      });
  }
  for (const { change, content } of outbox.values()) {
    const opened = own.get(change.record)?.opened;
    if (change.action === "delete") own.delete(change.record);
    else if (content ?? opened) {
      // What is pending was checked when it was queued.
      const wanted = { ...(content ?? opened?.content), readers: readersWanted(change, opened) } as RecordContent;
      own.set(change.record, { id: change.record, about: change.about, content: wanted, opened, change });
    }
  }
  return own;
}

/** Readers as they will be; without key ids where those are found only when the change is sealed. */
function readersWanted(change: PendingChange, opened: Opened | undefined): Reader[] {
  if (!change.readers) return opened?.content.readers ?? [];
  return change.readers.map((reader) => ({ account: reader.account, key_id: "", attention: reader.attention }));
}

/** Pins from own contact records; of two about one account the lowest id wins. */
function pinsOf(own: Iterable<OwnRecord>): Map<string, Pin> {
  const pins = new Map<string, Pin>();
  const contacts = [...own].filter((record) => record.content.kind === "contact");
  for (const { id, content } of contacts.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const contact = content as ContactContent;
    if (pins.has(contact.account)) continue;
    pins.set(contact.account, {
      record: id,
      account: contact.account,
      publicKey: fromBase64(contact.key),
      role: contact.role,
      content: contact,
    });
  }
  return pins;
}
