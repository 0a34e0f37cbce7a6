/** What becomes of pending changes on their way: sealed, given up, offered again after a restore. Loaded with the first round. */
import type { Schemas } from "../api/client";
import {
  type Bytes,
  baseOf,
  fromBase64Url,
  type JsonObject,
  keyIdOf,
  newId,
  newRecordKey,
  prove,
  proveTombstone,
  type Reader,
  type RecordContent,
  sealBody,
  sealGrant,
  toBase64,
  wrapRecordKey,
} from "../protocol";
import type { Attempt, Keys, PendingChange, StoredRecord, Version } from "./database";
import { formerReadersOf, type headOf, type Opened, ownRecordKey } from "./judging";
import { mergeContent, saysMore } from "./merge";
import { withoutReaders } from "./outbox";
import type { Shelf } from "./shelf.svelte";

/** What the server has of a record that is given back, after a restore. */
interface Offered {
  readonly content: JsonObject;
  readonly revision: number;
  /** Its hash, where the device began from it; undefined where another one may have given it back. */
  readonly hash: string | undefined;
}

/** A save as it goes out, and what it makes of the record. */
export interface SealedSave {
  readonly request: string;
  readonly path: string;
  readonly body: string;
  readonly row: StoredRecord;
  readonly version: Version;
}

/** Stands for a version that is none of this device's. */
const ANOTHERS = "another's";

export class Outgoing {
  constructor(private readonly shelf: Shelf) {}

  /**
   * Seals what a change wants on top of what the server is known to have, and stores those bytes. Needs the keys; gives
   * undefined when there is nothing to send, or the change was changed meanwhile (what is sealed then never leaves).
   * Call it right after a pull, so that an edit made offline goes out under the newest epoch.
   */
  async seal(change: PendingChange): Promise<Attempt | undefined> {
    const { shelf } = this;
    const known = shelf.records.get(change.record);
    if (this.#waits(change, known) === "all") return undefined;
    const attempt = await this.#attempt(change, known);
    const next = await shelf.database.write(["outbox"], "strict", async (transaction) => {
      const current = await transaction.get("outbox", change.record);
      if (!current || current.version !== change.version) return current;
      if (!attempt) {
        const rest = known && withoutDeletion(current);
        if (rest) await transaction.put("outbox", rest);
        else await transaction.delete("outbox", change.record);
        return rest;
      }
      const sealed = { ...current, attempt };
      await transaction.put("outbox", sealed);
      return sealed;
    });
    await shelf.placeAmended(change.record, next);
    return next?.attempt === attempt ? attempt : undefined;
  }

  /**
   * Whether a change waits for a reader whose keys aren't the pinned ones, by the server's word: all of it, or who is to read
   * while the words go out to those who read already.
   */
  #waits({ action, readers, content }: PendingChange, known: Opened | undefined): "all" | "readers" | undefined {
    const isHeld = ({ account }: Pick<Reader, "account">) => this.shelf.isHeld(account);
    const now = known?.content.readers ?? [];
    if (action === "delete" || !(readers ?? now).some(isHeld)) return undefined;
    return readers && content && !now.some(isHeld) ? "readers" : "all";
  }

  /** Undefined where there is nothing to send: what readers of a record are wanted when the record is gone. */
  async #attempt(change: PendingChange, known: Opened | undefined): Promise<Attempt | undefined> {
    if (change.action === "delete") return this.#bury(change, known);
    return known || change.content ? this.#save(change, known) : undefined;
  }

  async #bury(change: PendingChange, known: Opened | undefined): Promise<Attempt | undefined> {
    if (!known) return undefined;
    const here = this.shelf.requireHere();
    const { revision, hash } = known.version;
    if (revision !== change.baseRevision || (change.baseHash !== undefined && hash !== change.baseHash)) {
      await this.shelf.addFault("kept-after-deletion", change.record, undefined);
      return undefined;
    }
    const ended = { record: change.record, owner: here.account, revision };
    const tombstone = await proveTombstone(this.shelf.requireKeys().recordProof, ended);
    const body: Schemas["Delete"] = { gen: here.gen, revision, tombstone: toBase64(tombstone) };
    return {
      request: newId(),
      version: change.version,
      path: `/api/records/${change.record}/tombstone`,
      body: JSON.stringify(body),
      result: undefined,
      content: undefined,
      revision,
    };
  }

  /** The readers wanted, with the keys pinned for them; whom nobody has pinned is left out. */
  async #readers(wanted: readonly Pick<Reader, "account" | "attention">[]): Promise<Reader[]> {
    const readers: Reader[] = [];
    for (const { account, attention } of wanted) {
      const pinned = this.shelf.pinnedKey(account);
      if (pinned) readers.push({ account, key_id: await keyIdOf(pinned), attention });
    }
    return readers;
  }

  async #save(change: PendingChange, known: Opened | undefined): Promise<Attempt> {
    const { shelf } = this;
    const here = shelf.requireHere();
    const keys = shelf.requireKeys();
    const theirs = known && withoutReaders(known.content);
    const mine = change.content && (await shelf.open(keys, here.account, change.record, change.content));
    let wanted = mine ?? theirs ?? {};
    let merged = false;
    if (theirs && mine) {
      // Whatever the numbers say: after a restore the server counts anew. Where nothing has come this gives one's own.
      const base = change.base ? await shelf.open(keys, here.account, change.record, change.base) : {};
      merged = saysMore(base, mine, theirs);
      if (merged) wanted = mergeContent(base, mine, theirs);
    }
    // Whom the server stopped showing (an ended relation, a take-back of what this is about) isn't named again.
    const still = known?.content.readers.filter((reader) =>
      known.row.readers.some((grant) => grant.account === reader.account),
    );
    const alone = this.#waits(change, known) === "readers";
    const wished = alone ? (still ?? []) : readersOf(change, known?.version.hash ?? "", still ?? []);
    const readers = await this.#readers(wished);
    const content = { ...wanted, readers } as RecordContent;
    const { path, body, row, version, request } = await this.sealSave(
      { id: change.record, about: change.about },
      content,
      known,
    );
    return {
      request,
      version: change.version,
      path,
      body,
      result: row,
      content: change.content,
      merged,
      alone,
      revision: version.revision,
    };
  }

  /** Seals what a record is to say as the revision after the one `known`, with a grant for each reader that it names. */
  async sealSave(
    { id, about }: Pick<StoredRecord, "id" | "about">,
    content: RecordContent,
    known: Opened | undefined,
    keys = this.shelf.requireKeys(),
  ): Promise<SealedSave> {
    const here = this.shelf.requireHere();
    const { readers } = content;
    // What was saved under former keys has a record key that somebody may have.
    const former = (known?.content.gen ?? 1) < here.gen;
    const rekey = !known || former || !sameReaders(known.content.readers, readers);
    const epoch = known ? known.version.epoch + (rekey ? 1 : 0) : 1;
    const head = {
      record: id,
      owner: here.account,
      about,
      epoch,
      revision: (known?.version.revision ?? 0) + 1,
      base: known?.version.hash ?? "",
    };
    const key = rekey ? newRecordKey() : await ownRecordKey(keys, known.row, known.version);
    const said = here.gen > 1 ? { ...content, gen: here.gen } : content;
    const body = await sealBody(key, head, said);
    const wrapped = rekey ? await wrapRecordKey(keys.recordWrap, head, key) : known.version.wrapped;
    const request = newId();
    const save: Schemas["Save"] = {
      request,
      gen: here.gen,
      about: about || null,
      epoch,
      revision: head.revision,
      base: head.base ? toBase64(fromBase64Url(head.base)) : null,
      wrapped: rekey && wrapped ? toBase64(wrapped) : null,
      body: toBase64(body),
      proof: toBase64(await prove(keys.recordProof, head, body)),
      grants: rekey ? await this.#grants(head, readers, key, keys) : null,
    };
    const version: Version = {
      epoch,
      revision: head.revision,
      base: head.base,
      hash: await baseOf(body),
      body,
      savedAt: new Date(this.shelf.now()).toISOString(),
      wrapped,
      grant: undefined,
    };
    const row = rowOf(head, version, content, known, rekey);
    return { request, path: `/api/records/${id}`, body: JSON.stringify(save), row, version };
  }

  async #grants(
    head: { record: string; owner: string; epoch: number },
    readers: readonly Reader[],
    key: Bytes,
    { identities: [identity] }: Keys,
  ): Promise<Schemas["NewGrant"][]> {
    const { shelf } = this;
    const grants: Schemas["NewGrant"][] = [];
    for (const reader of readers) {
      const pinned = shelf.pinnedKey(reader.account);
      if (!identity || !pinned) continue;
      const { record, owner, epoch } = head;
      const grant = { record, owner, grantee: reader.account, epoch, attention: reader.attention };
      const { sealed } = await sealGrant(identity, grant, pinned, key);
      grants.push({ grantee: reader.account, attention: reader.attention, sealed: toBase64(sealed) });
    }
    return grants;
  }

  /** Doesn't delete a record after all: what else is wanted of it stays. */
  async giveUpDeletion(record: string): Promise<void> {
    const next = await this.shelf.database.write(["outbox"], "strict", async (transaction) => {
      const current = await transaction.get("outbox", record);
      const rest = current && withoutDeletion(current);
      if (rest) await transaction.put("outbox", rest);
      else await transaction.delete("outbox", record);
      return rest;
    });
    await this.shelf.placeAmended(record, next);
  }

  /**
   * After a restore: wants a record again on top of what the server has now (`base`; undefined: nothing), with what is
   * pending for it, or else as this device `held` it.
   */
  async offer({ row, content: held }: Opened, base: Offered | undefined): Promise<void> {
    while (!(await this.#offer(row, held, base))) await this.shelf.refresh(row.id);
  }

  /** False when something else was queued meanwhile. */
  async #offer({ id: record, about }: StoredRecord, held: RecordContent, base: Offered | undefined): Promise<boolean> {
    const { shelf } = this;
    const queued = shelf.counted.outbox.get(record)?.version;
    const content = shelf.outbox.get(record)?.content ?? withoutReaders(held);
    const sealed = await shelf.seal(record, content);
    const sealedBase = base && (await shelf.seal(record, base.content));
    const change = await shelf.database.write(["outbox"], "strict", async (transaction) => {
      const before = await transaction.get("outbox", record);
      if (before?.version !== queued) return undefined;
      const next: PendingChange = {
        record,
        about,
        action: "save",
        format: 1,
        version: newId(),
        content: sealed,
        base: sealedBase,
        baseRevision: base?.revision ?? 0,
        readers: before?.readers ?? held.readers.map(({ account, attention }) => ({ account, attention })),
        givenBack: before?.readers ? before.givenBack : base ? (base.hash ?? ANOTHERS) : "",
        at: shelf.now(),
        notBefore: 0,
        attempt: undefined,
        refused: undefined,
      };
      await transaction.put("outbox", next);
      return next;
    });
    if (change) shelf.placeChange(record, { change, content });
    return change !== undefined;
  }

  /**
   * Ends a change to a record that was deleted elsewhere; words that it holds move to a new record, whose id this gives.
   * What is queued meanwhile, by this page or another one, is words, too.
   */
  async outlive(record: string): Promise<string | undefined> {
    for (;;) {
      const opened = this.shelf.outbox.get(record);
      const known = this.shelf.counted.outbox.get(record);
      if (!known) return undefined;
      const words = known.action === "save" ? opened?.content : undefined;
      const survivor = words && (await this.#survivor(known, words));
      if (await this.#replace(known, survivor, words)) return survivor?.record;
      await this.shelf.refresh(record);
    }
  }

  /** A new record of one's own with the words of a change. */
  async #survivor({ about, at }: PendingChange, words: JsonObject): Promise<PendingChange> {
    const record = newId();
    return {
      record,
      about,
      action: "save",
      format: 1,
      version: newId(),
      content: await this.shelf.seal(record, words),
      base: undefined,
      baseRevision: 0,
      readers: [],
      at,
      notBefore: 0,
      attempt: undefined,
      refused: undefined,
    };
  }

  /** Puts a change in another one's place, if nothing else was queued meanwhile. */
  async #replace(
    known: PendingChange,
    next: PendingChange | undefined,
    content: JsonObject | undefined,
  ): Promise<boolean> {
    const { record, version } = known;
    const done = await this.shelf.database.write(["outbox"], "strict", async (transaction) => {
      const current = await transaction.get("outbox", record);
      if (current && current.version !== version) return false;
      if (next) await transaction.put("outbox", next);
      await transaction.delete("outbox", record);
      return true;
    });
    if (!done) return false;
    if (next) this.shelf.placeChange(next.record, { change: next, content });
    this.shelf.placeChange(record, undefined);
    return true;
  }
}

/** Who is to read a record that others read now (`still`), where the server has the version with this hash. */
function readersOf(
  { readers, givenBack }: PendingChange,
  hash: string,
  still: readonly Reader[],
): readonly Pick<Reader, "account" | "attention">[] {
  if (!readers) return still;
  if (givenBack === undefined || givenBack === hash) return readers;
  // Another device has given it back meanwhile, before or after somebody was taken off: nobody is put on again.
  return still.filter((reader) => readers.some(({ account }) => account === reader.account));
}

/** What is left of a deletion that isn't to be: who was to read the record, and who no longer. */
function withoutDeletion(change: PendingChange): PendingChange | undefined {
  if (change.action !== "delete" || !change.readers) return undefined;
  const { readers, record, about, format, at } = change;
  return {
    record,
    about,
    action: "save",
    format,
    version: newId(),
    content: undefined,
    base: undefined,
    baseRevision: 0,
    readers,
    at,
    notBefore: 0,
    attempt: undefined,
    refused: undefined,
  };
}

/**
 * A change after the server has taken an attempt: undefined when that was all of it, else what was written since. It goes
 * on from what had been written then, not from what is inside: of words that were merged in nobody here has seen any.
 */
export function settledChange(current: PendingChange, attempt: Attempt): PendingChange | undefined {
  if (current.version === attempt.version) {
    if (!attempt.alone) return undefined;
    // The words are out; who is to read them waits.
    const rest = { content: undefined, base: undefined, baseRevision: 0, attempt: undefined };
    return { ...current, ...rest, version: newId() };
  }
  if (!attempt.content) return { ...current, attempt: undefined };
  const baseRevision = attempt.merged ? 0 : attempt.revision;
  const baseHash = current.action === "delete" ? attempt.result?.accepted?.hash : undefined;
  return { ...current, attempt: undefined, base: attempt.content, baseRevision, baseHash };
}

function sameReaders(a: readonly Reader[], b: readonly Reader[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((reader) =>
    b.some(
      (other) =>
        other.account === reader.account && other.key_id === reader.key_id && other.attention === reader.attention,
    ),
  );
}

/** The row that a save makes, once the server has taken it. */
function rowOf(
  head: ReturnType<typeof headOf>,
  version: Version,
  content: RecordContent,
  known: Opened | undefined,
  rekey: boolean,
): StoredRecord {
  const before = known?.row;
  const fresh = { readAt: undefined, readRevision: undefined, reviewedAt: undefined, reviewedRevision: undefined };
  const shown = content.readers.map(({ account, attention }) => {
    const known = before?.readers.find((reader) => reader.account === account);
    return { ...fresh, ...known, account, attention };
  });
  return {
    id: head.record,
    owner: head.owner,
    about: head.about,
    accepted: version,
    waiting: undefined,
    readers: rekey ? shown : (before?.readers ?? []),
    reading: undefined,
    formerReaders: formerReadersOf(
      known && { formerReaders: known.row.formerReaders, readers: known.content.readers },
      content,
      version.revision,
    ),
    ended: false,
  };
}
