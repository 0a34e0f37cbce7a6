/** Brings this device and a server that was restored from a backup together: what the server lost is offered again. */
import { type Bytes, ctx, hash, mac, type RecordContent, toBase64Url, utf8, verifyMac } from "../protocol";
import type { Remembered } from "./database";
import type { Opened } from "./judging";
import { type Outbox, withoutReaders } from "./outbox";
import type { Outgoing } from "./outgoing";
import type { Shelf } from "./shelf.svelte";

/** An own record that comes again after it was deleted. */
export interface Returned {
  readonly opened: Opened;
  /** Says what was deleted, and nothing else. */
  readonly known: boolean;
}

/** One change of the feed, judged, as the server has it after a restore. */
interface Compared {
  readonly id: string;
  readonly opened?: Opened;
  readonly remember?: Remembered;
  readonly ended?: boolean;
  readonly returned?: Returned;
}

/** Kinds that a person knows as something of theirs, so that its coming back is news. */
const SHOWN: ReadonlySet<string> = new Set(["entry", "comment"]);

/** It is saved anew, and says then what is there. */
const isLedger = ({ content }: Opened): boolean => content.kind === "ledger";

async function saying(record: string, content: RecordContent): Promise<Bytes> {
  const said = await hash(utf8(JSON.stringify(withoutReaders(content))));
  return ctx("aftertide/1/deleted", record, toBase64Url(said));
}

export class Restoring {
  constructor(
    private readonly shelf: Shelf,
    private readonly outbox: Outbox,
    private readonly outgoing: Outgoing,
  ) {}

  /**
   * A mac of what a record says that is being deleted, to know it by when a restore brings it back; never leaves the device.
   * Undefined where that can't be read now.
   */
  async sealWords(record: string): Promise<Bytes | undefined> {
    const { keys, records } = this.shelf;
    const held = records.get(record);
    return keys && held ? mac(keys.recordProof, await saying(record, held.content)) : undefined;
  }

  /** Judges a record that comes again: whether it says what was deleted, or something that nobody has deleted. */
  async judgeReturned(deleted: Remembered, opened: Opened): Promise<Returned> {
    if (deleted.hash === opened.version.hash) return { opened, known: true };
    if (!deleted.words) return { opened, known: false };
    const said = await saying(deleted.id, opened.content);
    return { opened, known: await verifyMac(this.shelf.requireKeys().recordProof, deleted.words, said) };
  }

  /**
   * Deletes again what was deleted before the restore. What says something else (another device wrote it since, or it is
   * an earlier state) stays, for nobody but its owner, and the person is told.
   */
  async meet({ opened, known }: Returned): Promise<void> {
    const { shelf, outbox } = this;
    const { id } = opened.row;
    shelf.place([opened]);
    // Whoever deleted it had seen nothing of what is being typed here.
    if (known) return outbox.delete(id, 0, undefined, []);
    if (opened.content.readers.length > 0) await outbox.save({ record: id, readers: [] });
    if (SHOWN.has(opened.content.kind)) await shelf.addFault("back-after-deletion", id, undefined);
  }

  /** What this device has and the server has only in an earlier state is offered again. */
  async offerNewer(effects: readonly Compared[]): Promise<void> {
    const { shelf } = this;
    for (const { id, opened, ended, remember, returned } of effects) {
      const held = shelf.records.get(id);
      // Deleted in that earlier state: nobody deleted the words since then, and they survive.
      if (ended && held?.own && held.version.revision > (remember?.revision ?? 0)) {
        await this.outgoing.offer(held, undefined);
        continue;
      }
      if (returned || !opened || !held?.own || isLedger(held)) continue;
      await this.#dropAttempt(id);
      if (opened.version.hash === held.version.hash || opened.version.revision > held.version.revision) continue;
      // Where what is there isn't what this device began from, another one may have given it back: both stay.
      const follows = held.version.base === opened.version.hash;
      const content = follows ? withoutReaders(opened.content) : {};
      const { revision, hash } = follows ? opened.version : { revision: 0, hash: undefined };
      await this.outgoing.offer(held, { content, revision, hash });
    }
  }

  /**
   * Own records that the server doesn't have at all begin anew with their first revision. What others had shared is
   * forgotten: they may have taken it back since, and their devices share it again if they haven't. So is the `ledger`, which
   * is made anew.
   */
  async offerLost(shown: ReadonlySet<string>, ledger: string | undefined): Promise<void> {
    const { shelf } = this;
    const lost = [...shelf.records.values()].filter((held) => !shown.has(held.row.id));
    const unjudged = [...shelf.waiting.keys()].filter((id) => !shown.has(id));
    // Under former keys it doesn't open, and so isn't among those.
    if (ledger !== undefined && !shown.has(ledger)) unjudged.push(ledger);
    for (const held of lost.filter((record) => record.own && !isLedger(record)))
      await this.outgoing.offer(held, undefined);
    await shelf.database.write(["records", "remembered"], "strict", async (transaction) => {
      for (const { row } of lost) await transaction.delete("records", row.id);
      // Fetched before the restore, and not judged yet; and the ledger.
      for (const id of unjudged) await transaction.delete("records", id);
      // What was taken back or deleted, too: its owner may give it back, from the first revision on.
      for (const row of await transaction.all("remembered")) {
        if (shown.has(row.id)) continue;
        if (row.ended) await transaction.put("remembered", { ...row, lost: true });
        else await transaction.delete("remembered", row.id);
      }
    });
    for (const id of unjudged) shelf.waiting.delete(id);
    shelf.place([], [...lost.map((record) => record.row.id), ...unjudged]);
  }

  async #dropAttempt(id: string): Promise<void> {
    if (this.shelf.counted.outbox.get(id)?.attempt) {
      await this.outbox.amend(id, (current) => ({ ...current, attempt: undefined }));
    }
  }
}
