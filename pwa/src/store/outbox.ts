/**
 * Pending changes: what the device means to save. An edit replaces what isn't sealed yet; what is sealed goes out, byte
 * for byte, until our own server answers. Words leave this store only on that answer.
 */
import { type JsonObject, newId, type Reader, requireKind } from "../protocol";
import type { PendingChange } from "./database";
import { StoreError } from "./errors";
import { type OwnRecord, recordOf } from "./opening";
import type { Shelf } from "./shelf.svelte";
import type { TypedRow } from "./typed";

/** Milliseconds in which a deletion can be undone. */
export const UNDO = 10_000;

/** Whether a change may go out by now: one that would wait longer than for its undo was queued by a clock that has been put right since. */
export const isDue = ({ notBefore }: PendingChange, now: number): boolean => notBefore <= now || notBefore > now + UNDO;

/** A save as the rest of the store asks for it. */
export interface Wish {
  readonly record: string;
  readonly about?: string;
  /** Without `readers`; leave out to change the readers only. */
  readonly content?: JsonObject;
  /** What the person started from; leave out where they started from what the server has. */
  readonly base?: { readonly content: JsonObject; readonly revision: number };
  /** Leave out to keep the readers. */
  readonly readers?: readonly { readonly account: string; readonly attention: Reader["attention"] }[];
  /** What was typed, whose place this wish takes, in the same transaction. */
  readonly typed?: TypedRow;
  /** Words that are for oneself alone: where others read the record by now, {@link ReadByOthers} is thrown and nothing queued. */
  readonly unlessRead?: boolean;
}

/** A record is shared, or about to be, which this page had not heard of. */
export class ReadByOthers extends Error {}

/** What a record says beside who may read it. */
export function withoutReaders(content: JsonObject): JsonObject {
  const { readers: _, gen: __, ...rest } = content;
  return rest;
}

/** Queues changes. Sealing them is {@link ./outgoing}'s, sending {@link ./push}'s. */
export class Outbox {
  constructor(private readonly shelf: Shelf) {}

  /**
   * Queues a save; resolves once it is on the disk. Rejects with `storage`, with `locked` where other words for the record
   * wait which can't be opened now, and what isn't fit for its kind as {@link KindError}.
   */
  async save(wish: Wish): Promise<void> {
    if (wish.content) await requireKind({ ...wish.content, readers: [] });
    // Another page of this device may queue words for the same record: then both are wanted, and it is tried again.
    while (!(await this.#queue(wish))) await this.shelf.refresh(wish.record);
  }

  /** Queues a wish on top of what this page knows to be queued; false when another page has queued something else. */
  async #queue(wish: Wish): Promise<boolean> {
    const { shelf } = this;
    const known = shelf.records.get(wish.record);
    const waiting = shelf.counted.outbox.get(wish.record);
    if (wish.content && waiting?.content && !shelf.keys) throw new StoreError("locked");
    const isRead = (waiting?.readers ?? known?.content.readers ?? []).length > 0;
    if (wish.unlessRead && isRead) throw new ReadByOthers();
    const queued = waiting?.version;
    const wanted = wish.content && (await this.#joined(wish.record, wish.content, wish.base?.content));
    const content = wanted && (await shelf.seal(wish.record, wanted));
    const start = wish.base ?? (known && { content: withoutReaders(known.content), revision: known.version.revision });
    const base = start && (await shelf.seal(wish.record, start.content));
    let dropped: readonly string[] = [];
    const change = await shelf.database.write(["outbox", "drafts", "records"], "strict", async (transaction) => {
      const before = await transaction.get("outbox", wish.record);
      if (before?.version !== queued) return undefined;
      // Shared and sent in another page, unheard. Where this page knows the revision, its body has said who reads it, and the
      // row only has the server's word for it.
      const row = wish.unlessRead && (await transaction.get("records", wish.record));
      const isUnheard = row && row.accepted?.hash !== known?.version.hash;
      if (isUnheard && row.readers.length > 0 && !before?.readers) return undefined;
      if (before?.action === "delete" && !wish.content) {
        // Deleted in another page: it stays so, and with the new readers if that is undone.
        const deletion = { ...before, readers: wish.readers ?? before.readers, version: newId() };
        await transaction.put("outbox", deletion);
        return deletion;
      }
      const kept = before?.action === "save" ? before : undefined;
      const next: PendingChange = {
        record: wish.record,
        about: wish.about ?? before?.about ?? known?.row.about ?? "",
        action: "save",
        format: 1,
        version: newId(),
        content: content ?? kept?.content,
        // The first edit knows what the person started from; later ones build on it.
        base: kept?.content ? kept.base : base,
        baseRevision: kept?.content ? kept.baseRevision : (start?.revision ?? 0),
        // Also of a deletion that this takes the place of: what was taken back before it stays so.
        readers: wish.readers ?? before?.readers,
        givenBack: wish.readers ? undefined : before?.givenBack,
        at: shelf.now(),
        notBefore: 0,
        attempt: before?.attempt,
        refused: undefined,
      };
      await transaction.put("outbox", next);
      if (wish.typed) dropped = await wish.typed.dropIn(transaction);
      return next;
    });
    if (!change) return false;
    const opened = wanted ?? shelf.outbox.get(wish.record)?.content;
    shelf.placeChange(wish.record, { change, content: opened });
    shelf.dropDrafts(dropped);
    return true;
  }

  /** Ends a change without sending it. */
  async drop(record: string): Promise<void> {
    await this.shelf.database.write(["outbox"], "strict", (transaction) => transaction.delete("outbox", record));
    this.shelf.placeChange(record, undefined);
  }

  /** Changes a pending change in place, as its current state asks. */
  async amend(record: string, change: (current: PendingChange) => PendingChange): Promise<void> {
    const next = await this.shelf.database.write(["outbox"], "strict", async (transaction) => {
      const current = await transaction.get("outbox", record);
      if (!current) return undefined;
      const amended = change(current);
      await transaction.put("outbox", amended);
      return amended;
    });
    await this.shelf.placeAmended(record, next);
  }

  /** What is wanted together with what another page of this device has queued since. */
  async #joined(record: string, content: JsonObject, base: JsonObject | undefined): Promise<JsonObject> {
    const queued = this.shelf.outbox.get(record)?.content;
    if (!queued || !base) return content;
    // Rare: its code is loaded when it is needed.
    const { mergeContent } = await import("./merge");
    return mergeContent(base, content, queued);
  }

  /** Whether words that wait to be sent hide some that the server has, and that came after those were begun. */
  async #hides(record: string, theirs: JsonObject): Promise<boolean> {
    const { shelf } = this;
    const { change, content } = shelf.outbox.get(record) ?? {};
    if (!content) return false;
    const base =
      change?.base && (await shelf.open(shelf.requireKeys(), shelf.requireHere().account, record, change.base));
    const { saysMore } = await import("./merge");
    return saysMore(base ?? {}, content, theirs);
  }

  /** What is being typed in a record or below it, as far as this page knows. */
  #draftsOf(record: string): NonNullable<PendingChange["drafts"]> {
    return this.shelf.counted.drafts
      .filter((draft) => recordOf(draft) === record || draft.about === record)
      .map(({ id, at }) => ({ id, at }));
  }

  /**
   * Queues a deletion, not before `notBefore`, of what the person has `seen`; by default what this page shows now. What the
   * server never had is dropped at once.
   */
  async delete(
    record: string,
    notBefore: number,
    seen?: Pick<OwnRecord, "opened" | "change" | "content">,
    drafts = this.#draftsOf(record),
  ): Promise<void> {
    const { shelf } = this;
    const known = seen ? seen.opened : shelf.records.get(record);
    const content = (seen ?? shelf.own.get(record))?.content;
    const queued = (seen ? seen.change : shelf.counted.outbox.get(record))?.version;
    const unseen = known !== undefined && (await this.#hides(record, withoutReaders(known.content)));
    const change = await shelf.database.write(["outbox"], "strict", async (transaction) => {
      const before = await transaction.get("outbox", record);
      if (before?.action === "save" && before.version !== queued) return "changed" as const;
      if (!before && queued !== undefined && !known) return "sent" as const;
      if (!known && !before?.attempt && notBefore === 0) {
        await transaction.delete("outbox", record);
        return undefined;
      }
      const next: PendingChange = {
        record,
        about: before?.about ?? known?.row.about ?? "",
        action: "delete",
        format: 1,
        version: newId(),
        // Kept for the undo, and for an edit elsewhere that this deletion would meet.
        content: before?.content,
        base: before?.base,
        // What the person saw when deleting: newer words of another device aren't deleted unseen. What waits to be sent
        // hides what has come since it was begun.
        baseRevision: (before?.content && before.baseRevision) || (unseen ? 0 : (known?.version.revision ?? 0)),
        baseHash: unseen || (before?.content && before.baseRevision) ? undefined : known?.version.hash,
        readers: before?.readers,
        at: shelf.now(),
        notBefore,
        attempt: before?.attempt,
        refused: undefined,
        drafts,
      };
      await transaction.put("outbox", next);
      return next;
    });
    if (change === "sent") {
      // What was seen waited to go out, and has just done so: the server has it, and it is deleted there.
      await shelf.refresh(record);
      const now = shelf.own.get(record);
      if (!now) return;
      if (JSON.stringify(withoutReaders(now.content)) === JSON.stringify(withoutReaders(content ?? {})))
        return this.delete(record, notBefore, now, drafts);
      // It went out merged with what another device has written, which isn't deleted unseen.
      await shelf.addFault("kept-after-deletion", record, undefined);
      return;
    }
    if (change === "changed") {
      // What another page of this device has queued isn't deleted unseen.
      await shelf.refresh(record);
      await shelf.addFault("kept-after-deletion", record, undefined);
      return;
    }
    await shelf.placeAmended(record, change);
  }

  /** Takes a deletion back that hasn't gone out. Gives false when it is too late. */
  async undoDelete(record: string): Promise<boolean> {
    const { shelf } = this;
    const result = await shelf.database.write(["outbox"], "strict", async (transaction) => {
      const before = await transaction.get("outbox", record);
      if (before?.action !== "delete" || (before.attempt && before.attempt.result === undefined)) return undefined;
      if (!before.content && !before.readers) {
        await transaction.delete("outbox", record);
        return "dropped" as const;
      }
      const next: PendingChange = {
        ...before,
        action: "save",
        version: newId(),
        // The number is now the deletion's; the words merge from their base whatever the server has.
        baseRevision: 0,
        baseHash: undefined,
        notBefore: 0,
        drafts: undefined,
      };
      await transaction.put("outbox", next);
      return next;
    });
    if (result === undefined) return false;
    await shelf.placeAmended(record, result === "dropped" ? undefined : result);
    return true;
  }
}
