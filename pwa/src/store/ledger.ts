/** The account's list of what it holds: by it a device without memory knows an older state that a server shows it. */
import { type Api, ApiProblem, NoAnswer, type Schemas } from "../api/client";
import { type LedgerContent, type Listed, newId, ProtocolError, type RecordContent, shortHash } from "../protocol";
import type { Here, Keys, Remembered } from "./database";
import { StoreError } from "./errors";
import { judgeOwn, type Opened, readArrival } from "./judging";
import type { Outbox } from "./outbox";
import type { Outgoing, SealedSave } from "./outgoing";
import type { Pull } from "./pull";
import type { Shelf } from "./shelf.svelte";

/** What a ledger is made of. */
interface State {
  readonly here: Here;
  readonly keys: Keys;
  readonly incarnation: string;
  readonly held: Opened | undefined;
  /** Own records as they are here, with their hashes in full. */
  readonly own: readonly Listed[];
}

/** Milliseconds between two savings. */
const APART = 10 * 60_000;

/** No answer, a refusal, a lock or a sign-out meanwhile: the next saving makes up for it. */
function unlessPassing(error: unknown): void {
  if (!(error instanceof NoAnswer || error instanceof ApiProblem || error instanceof StoreError)) throw error;
}

export class Ledger {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly outgoing: Outgoing,
    private readonly pull: Pull,
    private readonly incarnation: () => string | undefined,
  ) {}

  /**
   * Seals what is to be saved now, if anything has changed since ten minutes ago; gives the way to send it, which needs no
   * key. What is open may be closed as soon as this is called, and it waits for nothing but this device. A saving that fails is made up for by the next one.
   */
  async seal(): Promise<(() => Promise<void>) | undefined> {
    const state = this.#state();
    const content = state && (await this.#content(state));
    if (!content) return undefined;
    await this.#clear();
    try {
      const sealed = await this.#seal(content, state);
      return () => this.#send(sealed, content).catch(unlessPassing);
    } catch (error) {
      // Longer than a record may be: some 12,000 records.
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
  }

  /** The ledger as it is here: the one that the account names, or which this device has just begun. */
  #held(): Opened | undefined {
    const { here, records } = this.shelf;
    if (here?.ledgerRecord !== undefined) return records.get(here.ledgerRecord);
    return this.#all().sort((a, b) => (a.row.id < b.row.id ? -1 : 1))[0];
  }

  #all(): Opened[] {
    return [...this.shelf.records.values()].filter(({ own, content }) => own && content.kind === "ledger");
  }

  /** All that is needed of what is open, taken at once: locking closes it while this goes on. */
  #state(): State | undefined {
    const { here, keys, records } = this.shelf;
    if (!here?.incarnation || !here.complete || here.comparing || !keys) return undefined;
    const own: Listed[] = [];
    for (const opened of records.values()) {
      const { epoch, revision, hash } = opened.version;
      if (opened.own && opened.content.kind !== "ledger") own.push([opened.row.id, epoch, revision, hash]);
    }
    return { here, keys, own, incarnation: here.incarnation, held: this.#held() };
  }

  /** What the ledger is to say, where it is time to say something new. */
  async #content({ here, own, incarnation, held }: State): Promise<LedgerContent | undefined> {
    const before = held?.content as LedgerContent | undefined;
    const now = this.shelf.now();
    if (before && now - Date.parse(before.at) < APART) return undefined;
    const records = await this.#list(own, held?.row.id);
    if (JSON.stringify(records) === JSON.stringify(before?.records ?? [])) return undefined;
    const at = new Date(now).toISOString();
    return { kind: "ledger", v: 1, readers: [], gen: here.gen, at, incarnation, records };
  }

  /** Own records and deletions, and what another device listed and this one was never shown. */
  async #list(own: readonly Listed[], ledger: string | undefined): Promise<Listed[]> {
    const listed = new Map<string, Listed>();
    for (const { id, epoch, revision, hash, ended, listed: told } of await this.shelf.database.all("remembered")) {
      if (ended) listed.set(id, [id, epoch, revision, ""]);
      else if (told && id !== ledger) listed.set(id, [id, epoch, revision, hash]);
    }
    for (const [id, epoch, revision, hash] of own) listed.set(id, [id, epoch, revision, shortHash(hash)]);
    return [...listed.values()].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  #seal(content: RecordContent, { here, held, keys }: Pick<State, "here" | "held" | "keys">): Promise<SealedSave> {
    const id = here.ledgerRecord ?? held?.row.id ?? newId();
    return this.outgoing.sealSave({ id, about: "" }, content, held, keys);
  }

  async #send(sealed: SealedSave, content: LedgerContent): Promise<void> {
    const { shelf } = this;
    try {
      await this.api.sendSealed(sealed.path, sealed.body);
    } catch (error) {
      // Another device's came first, or the answer to this one's last was lost: this one's is newer.
      const theirs = error instanceof ApiProblem && error.code === "stale" && shelf.keys && error.current;
      if (!theirs) throw error;
      // Restored since the last look: what it has now is for the next round to compare.
      if (this.pull.isElsewhere || !(await this.pull.take(theirs as Schemas["RecordView"]))) return;
      const { records } = (this.#held()?.content ?? content) as LedgerContent;
      const merged = { ...content, records: mergeListed(content.records, records) };
      const again = await this.#seal(merged, {
        here: shelf.requireHere(),
        held: this.#held(),
        keys: shelf.requireKeys(),
      });
      await this.api.sendSealed(again.path, again.body);
      return this.#keep(again, merged);
    }
    await this.#keep(sealed, content);
  }

  async #keep({ row, version }: SealedSave, content: RecordContent): Promise<void> {
    const { epoch, revision, hash } = version;
    const kept = await this.shelf.database.write(["here", "records", "remembered"], "relaxed", async (transaction) => {
      // Signed out meanwhile, or fetched, and changed, by another page.
      const here = await transaction.get("here", "here");
      const seen = await transaction.get("remembered", row.id);
      if (here?.account !== row.owner || (seen?.revision ?? 0) >= revision) return false;
      await transaction.put("records", row);
      await transaction.put("remembered", { id: row.id, epoch, revision, hash, ended: false });
      return true;
    });
    if (kept) this.shelf.place([{ row, version, content, own: true }]);
    if (kept && !this.shelf.here?.ledgerRecord) await this.#point(row.id);
  }

  /** Names the ledger to devices to come. Where another device was quicker, this one's goes. */
  async #point(record: string): Promise<void> {
    const { shelf } = this;
    try {
      await this.api.setPointer("ledger", record);
      await shelf.updateHere({ ledgerRecord: record });
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.code !== "pointer-set") throw error;
      const { ledger_record } = await this.api.account();
      await shelf.updateHere({ ledgerRecord: ledger_record ?? undefined });
    }
  }

  /** Deletes what this device began when another one had named its own. */
  async #clear(): Promise<void> {
    const { here, keys } = this.shelf;
    if (!here?.ledgerRecord || !keys) return;
    for (const { row } of this.#all()) if (row.id !== here.ledgerRecord) await this.outbox.delete(row.id, 0);
  }

  /**
   * On a device without memory: remembers what the ledger lists, so that older states are refused. After a restore it may
   * list what is yet to be given back: then it only says how old the journal is.
   */
  async read(): Promise<void> {
    const { shelf } = this;
    const { ledgerRecord, gen } = shelf.requireHere();
    // Named, and kept back: the date is missing, which the screen says.
    const view = ledgerRecord === undefined ? undefined : await this.api.record(ledgerRecord);
    if (!view) return void (await shelf.updateHere({ journalAt: null }));
    const arrival = await readArrival(view);
    const judged = await judgeOwn(shelf.requireKeys(), arrival, undefined);
    const ledger = judged.accepted && judged.content.kind === "ledger" && (judged.content as LedgerContent);
    if (arrival.row.id !== ledgerRecord || !ledger || ledger.gen > gen) {
      // The keys were renewed elsewhere since these came here: what doesn't open with them is no attack for that.
      if ((await this.api.account()).gen > gen) {
        await shelf.expire(gen);
        throw new StoreError("signed-out");
      }
      const fault = judged.accepted ? "rollback" : judged.fault;
      await shelf.addFault(fault, ledgerRecord, shelf.here?.account);
      await shelf.updateHere({ journalAt: null });
      return;
    }
    if (ledger.incarnation === this.incarnation()) await this.#remember(ledger.records);
    else await shelf.updateHere({ restored: true });
    await shelf.updateHere({ journalAt: Date.parse(ledger.at) });
  }

  async #remember(records: readonly Listed[]): Promise<void> {
    await this.shelf.database.write(["remembered"], "relaxed", async (transaction) => {
      for (const [id, epoch, revision, hash] of records) {
        if (await transaction.get("remembered", id)) continue;
        const row: Remembered = { id, epoch, revision, hash, ended: hash === "", listed: hash !== "" };
        await transaction.put("remembered", row);
      }
    });
  }

  /** After a first fetching: whether the server has kept back what the ledger lists. */
  async requireAll(): Promise<void> {
    const { shelf } = this;
    // What was refused has a fault of its own.
    const refused = new Set(shelf.faults.map(({ record }) => record));
    const kept = (await shelf.database.all("remembered")).filter((row) => row.listed && !refused.has(row.id));
    for (const { id } of kept) await shelf.addFault("withheld", id, shelf.here?.account);
    // Nobody misses a list of what isn't there.
    const isEmpty = ![...shelf.records.values()].some(({ own, content }) => own && content.kind === "entry");
    if (isEmpty && shelf.here?.journalAt === null) await shelf.updateHere({ journalAt: undefined });
  }
}

/** Of two lists the newest of each record: a deletion is the last that can be. */
function mergeListed(mine: readonly Listed[], theirs: readonly Listed[]): Listed[] {
  const newest = new Map<string, Listed>();
  for (const row of [...theirs, ...mine]) {
    const [id, epoch, revision, hash] = row;
    const other = newest.get(id);
    const isNewer = !other || revision > other[2] || (revision === other[2] && (hash === "" || epoch > other[1]));
    if (isNewer) newest.set(id, row);
  }
  return [...newest.values()].sort(([a], [b]) => (a < b ? -1 : 1));
}
