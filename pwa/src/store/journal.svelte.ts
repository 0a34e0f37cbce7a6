import { type Attention, type DraftContent, type EntryContent, type EntryFields, newId } from "../protocol";
import type { Answers } from "./answers.svelte";
import type { CareDesk } from "./care.svelte";
import { commentThreads } from "./comments";
import { emptyEntry, entryFields, stamp } from "./contents";
import type { StoredDraft } from "./database";
import { type Base, type Finished, WritingDraft } from "./draft.svelte";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { Choice, Draft, Entry, EntryReader, Journal, OpenDraftInfo } from "./interface";
import { isMarked } from "./marked";
import { goesWith, type OwnRecord, recordOf } from "./opening";
import { type Outbox, ReadByOthers, UNDO, type Wish, withoutReaders } from "./outbox";
import { asStoreError } from "./problems";
import type { Shelf } from "./shelf.svelte";
import { joinTyped, TypedRow } from "./typed";

const BEGINNING = 80;
/** What every new entry says beside its fields. */
const NEW = { kind: "entry", v: 1 } as const;

/** What a page opens to write in. */
interface OpenedWords {
  readonly fields: EntryFields;
  readonly base: Base | undefined;
  readonly shared: boolean;
  /** Rows of earlier pages whose words are in `fields`. */
  readonly taken: readonly StoredDraft[];
}

type KeptChange = OwnRecord & { readonly content: DraftContent };
type OwnEntry = OwnRecord & { readonly content: EntryContent };

/** Whether two states of an entry say the same. Both come from {@link entryFields}, which has one order. */
const isSame = (a: EntryFields, b: EntryFields): boolean => JSON.stringify(a) === JSON.stringify(b);

/** Whether a kept change still says what a draft began from. */
const says = (kept: KeptChange, { content }: Base): boolean =>
  isSame(entryFields(kept.content.entry), entryFields(content));

/** While locked, words that wait can't be joined with new ones: these stay a draft, to be finished once both are open. */
function stayDraft(error: unknown): void {
  if (!(error instanceof StoreError) || error.reason !== "locked") throw error;
}

/**
 * Words that began from `started`, on top of an entry as it is now: what is queued says from which state of the entry it
 * goes on, and what a change was kept from need never have been one.
 */
async function onto(
  { id, content, opened, change }: OwnEntry,
  started: EntryFields,
  fields: EntryFields,
): Promise<Wish> {
  const { mergeContent } = await import("./merge");
  const now = withoutReaders(content);
  return {
    record: id,
    content: mergeContent({ ...now, ...started }, { ...now, ...fields }, now),
    base: { content: now, revision: change ? 0 : (opened?.version.revision ?? 0) },
  };
}

/** Own entries: writing, sharing, taking back. */
export class JournalDesk implements Journal {
  /** The last draft of each record that this page has opened. */
  readonly #writing = new Map<string, WritingDraft>();

  constructor(
    private readonly shelf: Shelf,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly answers: Answers,
    private readonly environment: Environment,
    private readonly kick: (after?: number) => void,
  ) {
    shelf.whenClosed(() => this.#writing.clear());
  }

  readonly #threads = $derived.by(() => commentThreads(this.shelf));
  /** The records with changes to shared entries that were kept to oneself, by entry: of two the newest. */
  readonly #kept = $derived.by(() => {
    const kept = new Map<string, KeptChange>();
    for (const draft of this.shelf.mine<DraftContent>("draft")) {
      const other = kept.get(draft.about);
      if (!other || Date.parse(other.content.written) < Date.parse(draft.content.written)) kept.set(draft.about, draft);
    }
    return kept;
  });

  readonly entries: readonly Entry[] = $derived.by(() =>
    this.shelf
      .mine<EntryContent>("entry")
      .map((record) => this.#view(record))
      .sort((a, b) => Date.parse(b.written) - Date.parse(a.written) || (a.id < b.id ? 1 : -1)),
  );

  readonly drafts: readonly OpenDraftInfo[] = $derived.by(() => {
    const found = new Map<string, OpenDraftInfo>();
    // Newest first: of several pages' words for one entry the newest stand for all.
    for (const draft of this.shelf.counted.drafts) {
      const id = recordOf(draft);
      if (draft.about || found.has(id) || goesWith(this.shelf.counted.outbox.get(id), draft)) continue;
      const text = this.shelf.drafts.get(draft.id)?.fields.text;
      found.set(id, {
        id,
        // A change whose entry was deleted meanwhile is a new entry.
        entry: draft.changes && (!this.shelf.keys || this.shelf.own.has(id)) ? id : undefined,
        beginning: typeof text === "string" ? text.slice(0, BEGINNING) : undefined,
        at: draft.at,
      });
    }
    return [...found.values()];
  });

  get complete(): boolean {
    return this.shelf.here?.complete ?? false;
  }

  entry(id: string): Entry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  #view(record: OwnEntry): Entry {
    const { id, content, opened, change } = record;
    const readers = content.readers;
    const shared = readers.length > 0;
    const before = opened?.content.readers ?? [];
    const leaving = before.filter((reader) => !readers.some((other) => other.account === reader.account));
    const unsent = this.#kept.get(id);
    return {
      ...entryFields(content),
      id,
      where: change || !opened ? "on-this-phone" : "sent",
      choice: !shared ? "only-you" : readers.every((reader) => reader.attention === 0) ? "for-our-session" : "to-read",
      readers: readers.map((reader) => this.#reader(record, reader)),
      refused: change?.refused,
      sharing: change?.readers !== undefined && shared,
      waitsFor: readers.map(({ account }) => account).filter((account) => change && this.shelf.isHeld(account)),
      givenBack: content.given_back,
      waitingToBeTakenBack: change !== undefined && leaving.length > 0,
      unsentChange: unsent && entryFields(unsent.content.entry),
      merged: isMarked(content.text),
      comments: this.#threads.get(id) ?? [],
      faults: this.shelf.faults.filter((fault) => fault.record === id),
      revision: opened?.version.revision ?? 0,
    };
  }

  #reader({ opened }: OwnEntry, reader: { account: string; attention: Attention }): EntryReader {
    const shown = opened?.row.readers.find((grant) => grant.account === reader.account);
    const current = shown?.reviewedRevision !== undefined && shown.reviewedRevision >= (opened?.version.revision ?? 0);
    return {
      account: reader.account,
      name: this.shelf.pins.get(reader.account)?.content.name ?? "",
      attention: reader.attention,
      readAt: shown?.readAt,
      reviewedAt: current ? shown?.reviewedAt : undefined,
    };
  }

  #own(id: string): OwnEntry {
    this.shelf.requireKeys();
    const record = this.shelf.own.get(id);
    if (record?.content.kind !== "entry") throw new StoreError("unknown");
    // An entry's content has these fields: the schema of the kinds has checked them.
    return record as OwnEntry;
  }

  async openDraft(id?: string): Promise<Draft> {
    try {
      return await this.#openDraft(id);
    } catch (error) {
      throw asStoreError(error);
    }
  }

  async #openDraft(id?: string): Promise<Draft> {
    const { shelf } = this;
    shelf.requireHere();
    if (id === undefined) return this.#begin(newId());
    await this.#writing.get(id)?.left();
    // From the device: another page may have kept words that this page hasn't heard of.
    const kept = (await shelf.refreshDrafts()).filter((draft) => !draft.about && recordOf(draft) === id);
    if (kept.length > 0) return this.#resume(id, kept);
    const record = this.#own(id);
    const unsent = this.#kept.get(id);
    const fields = entryFields(unsent ? unsent.content.entry : record.content);
    const base = {
      // What is on the screen when somebody begins: only what they change from there is theirs.
      content: { ...withoutReaders(record.content), ...fields },
      revision: record.change || unsent ? 0 : (record.opened?.version.revision ?? 0),
      kept: unsent?.id,
    };
    return this.#draft(id, { fields, base, shared: record.content.readers.length > 0, taken: [] });
  }

  #begin(id: string): WritingDraft {
    return this.#draft(id, { fields: emptyEntry(this.environment), base: undefined, shared: false, taken: [] });
  }

  async #resume(id: string, kept: readonly StoredDraft[]): Promise<WritingDraft> {
    const { shelf } = this;
    const holder = { keys: shelf.requireKeys(), account: shelf.requireHere().account };
    const { content, base, oldest } = await joinTyped(holder, id, kept);
    const shared = (shelf.own.get(id)?.content.readers.length ?? 0) > 0;
    const revision = Math.min(...kept.map((draft) => draft.baseRevision));
    return this.#draft(id, {
      fields: entryFields(content),
      base: base && { content: base, revision, kept: oldest.kept },
      shared,
      taken: kept,
    });
  }

  #draft(record: string, opened: OpenedWords): WritingDraft {
    const { fields, base, shared, taken } = opened;
    const { revision = 0, kept } = base ?? {};
    const head = { record, about: undefined, changes: base !== undefined, baseRevision: revision, kept };
    const row = new TypedRow(this.shelf, head, { from: fields, base: base?.content }, taken);
    const draft = new WritingDraft(shared, fields, base, row, this.shelf, (finished) => this.#finish(finished));
    this.#writing.set(record, draft);
    return draft;
  }

  async #finish({ id, fields, base, from, row }: Finished): Promise<string> {
    const { shelf } = this;
    const empty = fields.text.trim() === "" && Object.keys(fields.sliders).length === 0 && fields.feelings.length === 0;
    if (!base && empty) {
      await row.drop();
      return id;
    }
    // While locked nobody can tell who reads the entry: what is changed stays a draft until it is finished with the keys.
    if (base && !shelf.keys) return id;
    // Decided now, not when the draft was opened: the entry may have been shared since, or taken back.
    const record = shelf.own.get(id) as OwnEntry | undefined;
    const kept = base && this.#keptChange(id, base);
    // Also while it waits to be deleted: what was typed then isn't let out by a save that takes the deletion's place.
    const waiting = shelf.counted.outbox.get(id)?.readers;
    const readers = record?.content.readers ?? waiting ?? shelf.records.get(id)?.content.readers ?? [];
    if (base && readers.length > 0) await this.#keepToOneself(id, fields, base, row);
    else if (record && kept) {
      // No state of the entry itself has said what was kept: it goes in with what was typed on it.
      const started = kept.content.from ?? entryFields(record.content);
      await this.outbox.save({ ...(await onto(record, started, fields)), typed: row });
      // What another device has made of it since is a change of its own.
      if (says(kept, base)) await this.outbox.delete(kept.id, 0, kept);
    } else {
      const began = base ?? { content: { ...NEW, ...from }, revision: 0 };
      const wish = { record: id, content: { ...began.content, ...fields }, base: began, typed: row };
      try {
        await this.outbox.save({ ...wish, unlessRead: base !== undefined });
      } catch (error) {
        // It is shared by now, in another page: what is changed is kept to oneself, as with any shared entry.
        if (error instanceof ReadByOthers) return this.#finish({ id, fields, base, from, row });
        stayDraft(error);
      }
    }
    this.kick();
    return id;
  }

  /** The change kept to oneself that a draft began from, as it is now. */
  #keptChange(entry: string, base: Base): KeptChange | undefined {
    if (base.kept !== undefined) {
      const kept = this.shelf.own.get(base.kept);
      return kept?.content.kind === "draft" ? (kept as KeptChange) : undefined;
    }
    // Until 0.2 a draft didn't say which it was.
    const newest = this.#kept.get(entry);
    return newest && says(newest, base) ? newest : undefined;
  }

  /** Keeps a change to a shared entry as a record of one's own until it is sent. */
  async #keepToOneself(entry: string, fields: EntryFields, base: Base, row: TypedRow): Promise<void> {
    const started = entryFields(base.content);
    // Goes on with the change that it began from. What another device has made of that since is a change of its own.
    const found = this.#keptChange(entry, base);
    const before = found && says(found, base) ? found : undefined;
    const revision = this.shelf.records.get(entry)?.version.revision ?? 1;
    const { written } = stamp(this.environment);
    const kept = before ? withoutReaders(before.content) : { from: found?.content.from ?? started, base: revision };
    const content = { ...kept, kind: "draft", v: 1, written, entry: fields };
    const wish = { record: before?.id ?? newId(), about: entry, content, typed: row };
    await this.outbox.save(before ? { ...wish, base: { content: { ...kept, entry: started }, revision: 0 } } : wish);
  }

  async sendTheChange(entry: string): Promise<void> {
    const record = this.#own(entry);
    const draft = this.#kept.get(entry);
    if (!draft) throw new StoreError("unknown");
    // It stays as it is, kept on the server: in the outbox it would lie on this device alone until both reconnect.
    if (record.content.readers.some(({ account }) => this.shelf.isHeld(account))) throw new StoreError("new-keys");
    const started = draft.content.from ?? entryFields(record.content);
    await this.outbox.save(await onto(record, started, entryFields(draft.content.entry)));
    await this.outbox.delete(draft.id, 0, draft);
    this.kick();
  }

  async dropTheChange(entry: string): Promise<void> {
    this.shelf.requireKeys();
    const draft = this.#kept.get(entry);
    if (!draft) throw new StoreError("unknown");
    await this.outbox.delete(draft.id, 0, draft);
    this.kick();
  }

  async setReaders(entry: string, choice: Choice, readers?: readonly string[]): Promise<void> {
    const record = this.#own(entry);
    if (choice === "only-you") {
      await this.outbox.save({ record: entry, readers: [] });
      this.kick();
      return;
    }
    const therapists = this.care.contacts.filter(
      ({ role, active, replaced }) => role === "therapist" && active && !replaced,
    );
    const known = record.content.readers.map((reader) => reader.account);
    const wanted = readers ?? (known.length > 0 ? known : therapists.map(({ account }) => account));
    if (wanted.length === 0 || wanted.some((account) => !this.shelf.pins.has(account)))
      throw new StoreError("no-reader");
    if (wanted.some((account) => !this.care.agreementWith(account)?.acceptedAt)) throw new StoreError("no-agreement");
    const attention: Attention = choice === "to-read" ? 1 : 0;
    await this.outbox.save({ record: entry, readers: wanted.map((account) => ({ account, attention })) });
    this.kick();
  }

  takeBack(entry: string): Promise<void> {
    return this.setReaders(entry, "only-you");
  }

  answer(entry: string): string {
    return this.answers.text(entry);
  }

  setAnswer(entry: string, text: string): void {
    this.shelf.requireKeys();
    this.answers.set(entry, text);
  }

  answerKept(entry: string): Promise<void> {
    return this.answers.kept(entry);
  }

  discardAnswer(entry: string): Promise<void> {
    return this.answers.discard(entry);
  }

  async sendAnswer(entry: string): Promise<void> {
    const { shelf } = this;
    shelf.requireKeys();
    const text = this.answer(entry).trim();
    if (text === "") return;
    const { row, from } = await this.answers.take(entry);
    const { account } = shelf.requireHere();
    const about = shelf.records.get(entry);
    const content = (shelf.own.get(entry) ?? about)?.content;
    if (!content) throw new StoreError("unknown");
    const owner = about?.row.owner ?? account;
    const others = [owner, ...content.readers.map((reader) => reader.account)];
    const readers = [...new Set(others)].filter((other) => other !== account && shelf.pins.has(other));
    const comment = { kind: "comment", v: 1, ...stamp(this.environment), revision: about?.version.revision ?? 1 };
    await this.outbox.save({
      record: row.head.record,
      about: entry,
      typed: row,
      content: { ...comment, text },
      base: { content: { ...comment, text: from }, revision: 0 },
      readers: readers.map((reader) => ({ account: reader, attention: 0 as const })),
    });
    this.answers.sent(entry);
    this.kick();
  }

  async deleteEntry(entry: string): Promise<void> {
    this.#own(entry);
    const until = this.environment.now() + UNDO;
    const shown = this.#kept.get(entry)?.id;
    // Of the changes that devices kept to themselves only one is shown: another isn't deleted unseen.
    const about = [...this.shelf.own.values()].filter(
      ({ id, about, content }) => about === entry && (content.kind !== "draft" || id === shown),
    );
    // All at once: what is deleted is what was on the screen at the tap.
    await Promise.all([...about, { id: entry }].map(({ id }) => this.outbox.delete(id, until)));
    this.kick(UNDO);
  }

  async undoDelete(entry: string): Promise<void> {
    // Counted while locked, too; and all at once, since none of them waits for the others before it goes out.
    const about = [...this.shelf.counted.outbox.values()].filter(
      (change) => change.about === entry && change.action === "delete",
    );
    const undone = [entry, ...about.map(({ record }) => record)].map((record) => this.outbox.undoDelete(record));
    const [stays] = await Promise.all(undone);
    if (!stays) throw new StoreError("unknown");
    this.kick();
  }
}
