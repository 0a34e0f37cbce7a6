/** Fetches what changed, judges it, and keeps it: cursor and records in one transaction. */
import type { Api, Schemas } from "../api/client";
import {
  counts,
  type DraftContent,
  EncodingError,
  fromBase64,
  isNamedKind,
  ProtocolError,
  type RecordContent,
  requireTombstone,
} from "../protocol";
import type { Mark, Reading, Remembered, StoredRecord } from "./database";
import { derivedId } from "./derived";
import { type FaultKind, StoreError } from "./errors";
import {
  type Arrival,
  faultOf,
  formerReadersOf,
  judgeOwn,
  judgeShared,
  latest,
  type Opened,
  type ReadBy,
  readArrival,
  readersInHistory,
} from "./judging";
import type { Ledger } from "./ledger";
import { isParty, revisionNamed } from "./opening";
import { type Outbox, withoutReaders } from "./outbox";
import type { Outgoing } from "./outgoing";
import type { Restoring, Returned } from "./restoring";
import type { Shelf } from "./shelf.svelte";

/** What one change of the feed does to the device. */
interface Effect {
  readonly id: string;
  /** An own record, judged and accepted. */
  readonly opened?: Opened;
  /** Somebody else's, to be judged once all own records are here. */
  readonly waiting?: Arrival;
  readonly remember?: Remembered;
  /** No longer shared with this account, or gone. */
  readonly gone?: boolean;
  /** A proved deletion of an own record. */
  readonly ended?: boolean;
  /** Was deleted here, and comes again after a restore. */
  readonly returned?: Returned;
  readonly fault?: FaultKind;
  readonly account?: string;
}

/** More tombstones than this at once, and than a fifth of all, are asked about. */
const WAVE_COUNT = 10;
const WAVE_PART = 0.2;

/** Whether a revision only has another key, or other readers beside this account: what was reviewed stays reviewed. */
function saysTheSame(before: RecordContent, after: RecordContent, account: string): boolean {
  const asked = ({ readers }: RecordContent) => readers.find((reader) => reader.account === account)?.attention;
  return (
    asked(before) === asked(after) && JSON.stringify(withoutReaders(before)) === JSON.stringify(withoutReaders(after))
  );
}

/** How far somebody has read, as the server says; but what is marked and on its way stands as it was tapped. */
function withMark(theirs: Reading | undefined, ours: Reading | undefined, mark: Mark | undefined): Reading | undefined {
  if (!theirs || !ours || !mark) return theirs;
  const { readAt, readRevision, reviewedAt, reviewedRevision } = ours;
  return {
    ...theirs,
    ...(mark.read !== undefined && { readAt, readRevision }),
    ...(mark.reviewed !== undefined && { reviewedAt, reviewedRevision }),
  };
}

export class Pull {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly outgoing: Outgoing,
    private readonly restoring: Restoring,
    /** The database that the last answer came from. */
    private readonly incarnation: () => string | undefined,
    private readonly ledger: () => Ledger,
    /** Whether the server says that a contact has other keys than the pinned one. */
    private readonly hasNewKeys: (account: string) => Promise<boolean>,
  ) {}

  /** Whether the last answer came from another database than what is here: the next fetching compares everything. */
  get isElsewhere(): boolean {
    return this.#isAnother(this.incarnation());
  }

  #isAnother(incarnation: string | undefined): boolean {
    const known = this.shelf.here?.incarnation;
    return known !== undefined && known !== incarnation;
  }

  /**
   * Fetches all pages and applies them; needs the keys. `judgeOthers` comes after, when new contacts are pinned. Gives what
   * the feed says of the ways in.
   */
  async fetchAll(): Promise<number> {
    const { shelf } = this;
    shelf.requireKeys();
    // Another page has fetched, unheard: what it put on the device is to be seen here, too.
    if ((await shelf.database.get("here", "here"))?.cursor !== shelf.fetched) await shelf.load();
    let { cursor, comparing } = shelf.requireHere();
    // An interrupted comparison begins anew: which records the server still has is remembered only while it runs.
    if (comparing) cursor = 0;
    if (cursor === 0 && !shelf.requireHere().complete) await this.ledger().read();
    let shown = new Set<string>();
    let access = 0;
    let gen = 0;
    // As it is named here before a restore is noticed.
    const { ledgerRecord } = shelf.requireHere();
    for (;;) {
      const page = await this.api.changes(cursor);
      if (page.gen > shelf.requireHere().gen) {
        // The keys were renewed elsewhere: what came can't be judged with these, and isn't an attack for that.
        await shelf.expire(page.gen - 1);
        throw new StoreError("signed-out");
      }
      if (page.gen < shelf.requireHere().gen) {
        await shelf.addFault("older-keys", undefined, undefined);
        throw new StoreError("server");
      }
      ({ access, gen } = page);
      if (this.#isAnother(page.incarnation) || page.counter < Math.max(cursor, shelf.requireHere().counter ?? 0)) {
        // Which ledger the account names now is learnt when one is saved.
        const anew = { cursor: 0, comparing: true, restored: true, ledgerRecord: undefined, access: undefined };
        await shelf.updateHere({ ...anew, incarnation: page.incarnation, counter: page.counter });
        ({ cursor, comparing } = shelf.requireHere());
        shown = new Set();
        continue;
      }
      await this.#apply(page, cursor, comparing);
      for (const change of page.changes) shown.add(change.id);
      cursor = page.cursor;
      if (!page.more) break;
    }
    if (comparing) await this.restoring.offerLost(shown, ledgerRecord);
    await this.#bury();
    await this.#saveOrphans();
    if (!shelf.requireHere().complete) await this.ledger().requireAll();
    await shelf.clearFault("older-keys", undefined);
    const { stale } = shelf.requireHere();
    const whole = { comparing: false, complete: true, stale: false, lastPull: shelf.now() };
    // Where newer keys have been put here meanwhile, all has to be fetched anew.
    if (!(await shelf.updateHere(whole, (here) => here.gen === gen))) throw new StoreError("signed-out");
    if (stale) await shelf.load();
    return access;
  }

  /** Keeps what came after `asked`. Rejects with `signed-out` where that isn't where this device is. */
  async #apply(page: Awaited<ReturnType<Api["changes"]>>, asked: number, comparing: boolean): Promise<void> {
    const { shelf } = this;
    const effects = await Promise.all(page.changes.map((change) => this.#judge(change, asked, comparing)));
    if (comparing) await this.restoring.offerNewer(effects);
    for (const { returned } of effects) if (returned) await this.restoring.meet(returned);
    const kept: Opened[] = [];
    const gone: string[] = [];
    const waiting: StoredRecord[] = [];
    const stores = ["here", "records", "remembered", "marks"] as const;
    const here = await shelf.database.write([...stores], "relaxed", async (transaction) => {
      const current = await transaction.get("here", "here");
      // Another page has signed out, and perhaps in again: what came before has to be fetched anew.
      // Or has put newer keys there, under which this can't be opened.
      if (!current || current.cursor < asked || current.gen !== page.gen) return undefined;
      for (const effect of effects) {
        const row = await transaction.get("records", effect.id);
        if (effect.opened) {
          // Another page of this device may have saved a newer one while this page was fetched.
          if (!comparing && (row?.accepted?.revision ?? 0) > effect.opened.version.revision) continue;
          await transaction.put("records", effect.opened.row);
          kept.push(effect.opened);
        } else if (effect.waiting) {
          const arrived = effect.waiting.row;
          const reading = withMark(arrived.reading, row?.reading, await transaction.get("marks", effect.id));
          const next = { ...arrived, reading, accepted: row?.accepted, waiting: effect.waiting.version };
          await transaction.put("records", next);
          waiting.push(next);
          // After a restore an older state is no attack.
          if (comparing) await transaction.delete("remembered", effect.id);
        } else if (effect.ended && row) {
          await transaction.put("records", { ...row, ended: true });
          const opened = shelf.records.get(effect.id);
          if (opened) kept.push({ ...opened, row: { ...opened.row, ended: true } });
        } else if (effect.gone && row) {
          await transaction.delete("records", effect.id);
          gone.push(effect.id);
        }
        if (effect.remember) await transaction.put("remembered", effect.remember);
        // Not shared in the state that was restored; its owner may share it again, from there on.
        else if (effect.gone && comparing) await transaction.delete("remembered", effect.id);
      }
      const next = { ...current, cursor: page.cursor, incarnation: page.incarnation };
      await transaction.put("here", next, "here");
      return next;
    });
    if (!here) {
      await shelf.load();
      throw new StoreError("signed-out");
    }
    shelf.here = here;
    shelf.fetched = page.cursor;
    for (const row of waiting) shelf.waiting.set(row.id, row);
    for (const id of gone) shelf.waiting.delete(id);
    shelf.place(kept, gone);
    for (const effect of effects) if (effect.fault) await shelf.addFault(effect.fault, effect.id, effect.account);
  }

  async #judge(change: Schemas["Change"], asked: number, comparing: boolean): Promise<Effect> {
    const { id } = change;
    const account = this.shelf.requireHere().account;
    try {
      if (change.state === "record" && change.record) {
        const arrival = await readArrival(change.record);
        if (arrival.row.id !== id) throw new EncodingError("a record under another id");
        return arrival.row.owner === account
          ? await this.judgeOwn(arrival, comparing, asked)
          : { id, waiting: arrival, account: arrival.row.owner };
      }
      if (change.state === "tombstone" && change.tombstone)
        return await this.#judgeTombstone(id, change.tombstone, comparing);
      const held = this.shelf.records.get(id);
      // Absence never deletes an own record: only its proved tombstone does.
      if (held?.own) return { id, fault: "tombstone", account };
      return { id, gone: true };
    } catch (error) {
      return { id, fault: faultOf(error), account };
    }
  }

  /** Judges an own record as it arrives, in a page of the feed or with a 409; what seems older is asked for once more. */
  async judgeOwn(arrival: Arrival, comparing = false, asked?: number): Promise<Effect> {
    const { shelf } = this;
    const { id } = arrival.row;
    const keys = shelf.requireKeys();
    const remembered = await shelf.database.get("remembered", id);
    const restored = comparing || remembered?.lost === true;
    const rollback: Effect = { id, fault: "rollback", account: arrival.row.owner };
    if (remembered?.ended && !restored) return (await this.#isShown(id, asked)) ? rollback : { id };
    const judged = await judgeOwn(keys, arrival, restored ? undefined : remembered);
    if (!judged.accepted) {
      if (judged.fault === "rollback") return (await this.#isOld(arrival)) ? { id } : rollback;
      return { id, fault: judged.fault, account: arrival.row.owner };
    }
    const { version } = arrival;
    const formerReaders = formerReadersOf(await this.#heldBefore(id), judged.content, version.revision);
    const row: StoredRecord = { ...arrival.row, formerReaders, accepted: version, waiting: undefined };
    const { epoch, revision, hash } = version;
    const opened: Opened = { row, version, content: judged.content, own: true };
    return {
      id,
      opened,
      remember: { id, epoch, revision, hash, ended: false },
      ...(remembered?.ended && { returned: await this.restoring.judgeReturned(remembered, opened) }),
      ...(judged.note ? { fault: judged.note, account: arrival.row.owner } : {}),
    };
  }

  /** What is known of who read a record so far, also where it doesn't open any more since its keys are new. */
  async #heldBefore(id: string): Promise<ReadBy | undefined> {
    const open = this.shelf.records.get(id);
    if (open) return { formerReaders: open.row.formerReaders, readers: open.content.readers };
    return this.shelf.requireHere().stale ? this.shelf.database.get("records", id) : undefined;
  }

  /**
   * Whether the server has something newer by now: another page of this device may have saved, or deleted, between asking
   * and answering, which is no attack.
   */
  async #isOld(arrival: Arrival): Promise<boolean> {
    const view = await this.api.record(arrival.row.id);
    return view === undefined || (await readArrival(view)).version.revision > arrival.version.revision;
  }

  /** Whether the server still shows a record that this device knows to be deleted, in the feed where it came there. */
  async #isShown(id: string, asked: number | undefined): Promise<boolean> {
    if (asked === undefined) return (await this.api.record(id)) !== undefined;
    const { changes } = await this.api.changes(asked);
    return changes.some((change) => change.id === id && change.state === "record");
  }

  async #judgeTombstone(id: string, stone: Schemas["TombstoneView"], comparing = false): Promise<Effect> {
    const { shelf } = this;
    const { account } = shelf.requireHere();
    const remembered = await shelf.database.get("remembered", id);
    try {
      const ended = { record: id, owner: account, revision: stone.revision };
      await requireTombstone(shelf.requireKeys().recordProof, ended, fromBase64(stone.mac));
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return { id, fault: "tombstone", account };
    }
    // After a restore an older state may have been deleted, by a device that never saw the newer one.
    if (!comparing && stone.revision < (remembered?.revision ?? 0)) return { id, fault: "rollback", account };
    const seen = { epoch: remembered?.epoch ?? 1, hash: remembered?.hash ?? "" };
    const words = await this.restoring.sealWords(id);
    return { id, ended: true, remember: { id, ...seen, revision: stone.revision, ended: true, words } };
  }

  /** Applies proved deletions, unless there are so many that the person is asked. */
  async #bury(): Promise<void> {
    const { shelf } = this;
    const { account, stale } = shelf.requireHere();
    // Under new keys what was deleted meanwhile doesn't open any more, and doesn't come anew.
    const rows = stale ? await shelf.database.all("records") : [...shelf.records.values()].map(({ row }) => row);
    const own = rows.filter(({ owner }) => owner === account);
    const ended = own.filter((row) => row.ended);
    if (ended.length > WAVE_COUNT && ended.length > own.length * WAVE_PART) {
      await shelf.addFault("deletion-wave", undefined, undefined);
      return;
    }
    await this.#forget(ended);
  }

  /** Applies all proved deletions: the person has been asked. */
  async applyDeletions(): Promise<void> {
    await this.#forget((await this.shelf.database.all("records")).filter(({ ended }) => ended));
  }

  /** Forgets what its owner deleted. Words that were being changed meanwhile survive as a record of their own. */
  async #forget(ended: readonly StoredRecord[]): Promise<void> {
    const { shelf } = this;
    const ids = ended.map(({ id }) => id);
    for (const id of ids) {
      const survivor = await this.outgoing.outlive(id);
      if (survivor) await shelf.addFault("kept-after-deletion", survivor, undefined);
    }
    if (ids.length === 0) return;
    await shelf.database.write(["records"], "strict", async (transaction) => {
      for (const id of ids) await transaction.delete("records", id);
    });
    shelf.place([], ids);
  }

  /**
   * A change that somebody kept to themselves, to an entry that was deleted where it had never been seen: on another
   * device, or in another page of this one before the server had either. Its words become an entry of their own.
   */
  async #saveOrphans(): Promise<void> {
    const { shelf, outbox } = this;
    for (const draft of shelf.mine<DraftContent>("draft")) {
      const { id, about, content } = draft;
      if (shelf.records.has(about) || shelf.counted.outbox.has(about)) continue;
      const remembered = await shelf.database.get("remembered", about);
      if (!(remembered ? remembered.ended : draft.opened === undefined)) continue;
      const survivor = await derivedId(`successor of ${id}`);
      await outbox.save({ record: survivor, content: { kind: "entry", v: 1, ...content.entry }, readers: [] });
      await outbox.delete(id, 0, draft);
      await shelf.addFault("kept-after-deletion", survivor, undefined);
    }
  }

  /** Judges what others share: last, when all own records (contacts among them) are here. */
  async judgeOthers(): Promise<void> {
    for (const row of [...this.shelf.waiting.values()]) await this.#judgeOther(row);
  }

  async #judgeOther(row: StoredRecord): Promise<void> {
    const { shelf } = this;
    const { waiting: version } = row;
    const pin = shelf.pins.get(row.owner);
    if (!version) return;
    if (!pin) {
      await shelf.addFault("grant", row.id, row.owner);
      return;
    }
    const keys = shelf.requireKeys();
    const { account } = shelf.requireHere();
    const remembered = await shelf.database.get("remembered", row.id);
    let judged = await judgeShared(keys, account, row, version, remembered, pin.publicKey);
    // What was accepted under a key that the contact had before comes again, as it was. Nothing else is taken from such a key.
    for (const former of row.accepted?.hash === version.hash ? pin.former : [])
      if (!judged.accepted) judged = await judgeShared(keys, account, row, version, remembered, former);
    // Not refused, but waiting: it is judged again once both have reconnected.
    if (!judged.accepted && judged.fault === "unopened" && (await this.hasNewKeys(row.owner))) return;
    let fault = judged.accepted ? judged.note : judged.fault;
    let accepted = judged.accepted;
    const kind = judged.accepted ? judged.content.kind : "";
    const from = { who: "contact", role: pin.role, partyToAbout: true } as const;
    if (judged.accepted && isNamedKind(kind) && !counts(kind, from)) {
      accepted = false;
      fault = "source";
    }
    const { epoch, revision, hash } = version;
    const held = shelf.records.get(row.id);
    const anew = judged.accepted && held && saysTheSame(held.content, judged.content, account) ? held : undefined;
    const next = await shelf.database.write(["records", "remembered", "marks"], "relaxed", async (transaction) => {
      const stored = await transaction.get("records", row.id);
      // Another page of this device may have learnt meanwhile that it was taken back, or changed.
      if (stored?.waiting?.hash !== hash) return undefined;
      // With what was marked meanwhile.
      const { reading } = stored;
      const reviewed = accepted && anew && reading?.reviewedRevision === anew.version.revision ? reading : undefined;
      const judgedRow: StoredRecord = {
        ...stored,
        ...(reviewed && { reading: { ...reviewed, reviewedRevision: revision } }),
        accepted: accepted ? version : stored.accepted,
        waiting: undefined,
      };
      await transaction.put("records", judgedRow);
      if (reviewed) {
        const mark = await transaction.get("marks", row.id);
        await transaction.put("marks", { record: row.id, read: mark?.read, reviewed: revision });
      }
      if (accepted) await transaction.put("remembered", { id: row.id, epoch, revision, hash, ended: false });
      return judgedRow;
    });
    shelf.waiting.delete(row.id);
    if (!next) return;
    if (judged.accepted && accepted) {
      shelf.place([{ row: next, version, content: judged.content, own: false }]);
      await shelf.clearFault("grant", row.id);
    }
    if (fault) await shelf.addFault(fault, row.id, row.owner);
    if (judged.accepted && accepted && row.about) await this.#learnReaders(row, revisionNamed(judged.content));
  }

  /** What somebody wrote about a revision that they read stays; a device that never saw them read it asks the history. */
  async #learnReaders({ about, owner }: StoredRecord, named: number): Promise<void> {
    const { shelf } = this;
    const held = shelf.records.get(about);
    if (!held?.own || isParty(held, owner, named)) return;
    const { revisions } = await this.api.history(about);
    const past = await readersInHistory(shelf.requireKeys(), held.row, revisions);
    const formerReaders = latest([...held.row.formerReaders, ...past]);
    await shelf.database.write(["records"], "relaxed", async (transaction) => {
      const row = await transaction.get("records", about);
      if (row) await transaction.put("records", { ...row, formerReaders });
    });
    shelf.place([{ ...held, row: { ...held.row, formerReaders } }]);
  }

  /** Puts an own record in place that came with an answer. Gives whether it was accepted. */
  async take(view: Schemas["RecordView"]): Promise<boolean> {
    const { shelf } = this;
    const effect = await this.judgeOwn(await readArrival(view));
    const { opened, remember } = effect;
    if (effect.fault) await shelf.addFault(effect.fault, effect.id, effect.account);
    if (!opened || !remember) return false;
    await shelf.database.write(["records", "remembered"], "relaxed", async (transaction) => {
      await transaction.put("records", opened.row);
      await transaction.put("remembered", remember);
    });
    shelf.place([opened]);
    return true;
  }

  /** Takes the tombstone of an own record that came with an answer. Gives whether it is proved. */
  async takeTombstone(id: string, stone: Schemas["TombstoneView"]): Promise<boolean> {
    const { shelf } = this;
    const effect = await this.#judgeTombstone(id, stone);
    if (effect.fault) await shelf.addFault(effect.fault, id, effect.account);
    const { remember } = effect;
    if (!effect.ended || !remember) return false;
    const survivor = await this.outgoing.outlive(id);
    if (survivor) await shelf.addFault("kept-after-deletion", survivor, undefined);
    await shelf.database.write(["records", "remembered"], "strict", async (transaction) => {
      await transaction.delete("records", id);
      await transaction.put("remembered", remember);
    });
    shelf.place([], [id]);
    return true;
  }
}
