import type { CommentContent, EntryContent } from "../protocol";
import type { Answers } from "./answers.svelte";
import type { CareDesk } from "./care.svelte";
import { commentThreads } from "./comments";
import { entryFields } from "./contents";
import type { Mark, Reading, StoredRecord } from "./database";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { PatientPage, PatientSummary, Review, SharedEntry, StrandedAnswer } from "./interface";
import type { Opened } from "./judging";
import type { Outbox } from "./outbox";
import type { Shelf } from "./shelf.svelte";

/** What a therapist reads: entries that patients share. */
export class ReviewDesk implements Review {
  constructor(
    private readonly shelf: Shelf,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly answers: Answers,
    private readonly environment: Environment,
    private readonly kick: () => void,
  ) {}

  readonly #threads = $derived.by(() => commentThreads(this.shelf));
  readonly #entries: readonly SharedEntry[] = $derived.by(() =>
    this.shelf.theirs<EntryContent>("entry").map((opened) => this.#view(opened)),
  );

  readonly toRead: readonly SharedEntry[] = $derived.by(() =>
    this.#entries
      .filter(isWaiting)
      .sort((a, b) => Number(b.attention === 2) - Number(a.attention === 2) || oldestFirst(a, b)),
  );

  readonly patients: readonly PatientSummary[] = $derived.by(() =>
    this.care.contacts
      .filter((contact) => contact.role === "patient")
      .map(({ account, name, active }) => {
        const entries = this.#entries.filter((entry) => entry.patient === account);
        const waiting = entries.filter(isWaiting).length;
        return { account, name, active, toRead: waiting, forSession: entries.filter(isForSession).length };
      }),
  );

  readonly stranded: readonly StrandedAnswer[] = $derived.by(() => {
    if (!this.shelf.keys) return [];
    const isOpen = (entry: string) => this.shelf.records.has(entry) || this.shelf.own.has(entry);
    const typed = [...this.answers.stored].map(([entry, { record, text }]) => ({ id: record, entry, text }));
    const refused = this.shelf
      .mine<CommentContent>("comment")
      .filter(({ change }) => change?.refused)
      .map(({ id, about, content }) => ({ id, entry: about, text: content.text }));
    return [...typed, ...refused].filter(({ entry }) => !isOpen(entry)).map(({ id, text }) => ({ id, text }));
  });

  async discardStranded(id: string): Promise<void> {
    const typed = [...this.answers.stored].find(([, { record }]) => record === id);
    if (typed) await this.answers.discard(typed[0]);
    else await this.outbox.drop(id);
  }

  #view({ row, version, content }: Opened & { readonly content: EntryContent }): SharedEntry {
    const account = this.shelf.here?.account;
    const reviewed = row.reading?.reviewedRevision;
    const { revision } = version;
    return {
      ...entryFields(content),
      id: row.id,
      patient: row.owner,
      patientName: this.shelf.pins.get(row.owner)?.content.name ?? "",
      attention: content.readers.find((reader) => reader.account === account)?.attention ?? 0,
      revision,
      sentAt: version.savedAt,
      readAt: row.reading?.readAt,
      reviewedAt: reviewed !== undefined && reviewed >= revision ? row.reading?.reviewedAt : undefined,
      changedSinceReview: reviewed !== undefined && reviewed < revision,
      canAnswer: this.care.agreementWith(row.owner)?.answers !== "in-session",
      comments: this.#threads.get(row.id) ?? [],
      faults: this.shelf.faults.filter((fault) => fault.record === row.id),
    };
  }

  shared(id: string): SharedEntry | undefined {
    return this.#entries.find((entry) => entry.id === id);
  }

  patient(account: string): PatientPage | undefined {
    const summary = this.patients.find((patient) => patient.account === account);
    const contact = this.care.contact(account);
    if (!summary || !contact) return undefined;
    const entries = this.#entries.filter((entry) => entry.patient === account);
    return {
      ...summary,
      contact,
      since: this.care.relation(account)?.since,
      agreement: this.care.agreementWith(account),
      forOurSession: entries.filter(isForSession).sort(oldestFirst),
      waiting: entries.filter(isWaiting).sort(oldestFirst),
      reviewed: entries.filter((entry) => entry.reviewedAt !== undefined).sort((a, b) => oldestFirst(b, a)),
    };
  }

  async markRead(id: string): Promise<void> {
    const opened = this.#require(id);
    const { revision } = opened.version;
    if ((opened.row.reading?.readRevision ?? 0) >= revision) return;
    const readAt = opened.row.reading?.readAt ?? new Date(this.environment.now()).toISOString();
    await this.#mark(opened, { readAt, readRevision: revision }, { read: revision });
  }

  async markReviewed(id: string): Promise<void> {
    const opened = this.#require(id);
    const { revision } = opened.version;
    const reviewedAt = new Date(this.environment.now()).toISOString();
    await this.#mark(opened, { reviewedAt, reviewedRevision: revision }, { reviewed: revision });
  }

  async undoReviewed(id: string): Promise<void> {
    const opened = this.#require(id);
    await this.#mark(opened, { reviewedAt: undefined, reviewedRevision: undefined }, { reviewed: null });
  }

  #require(id: string): Opened {
    this.shelf.requireKeys();
    const opened = this.shelf.records.get(id);
    if (!opened || opened.own) throw new StoreError("unknown");
    return opened;
  }

  /** Shows a mark at once and keeps it until the server has it. */
  async #mark(opened: Opened, reading: Partial<Reading>, mark: Partial<Mark>): Promise<void> {
    const { shelf } = this;
    const id = opened.row.id;
    const none: Reading = {
      readAt: undefined,
      readRevision: undefined,
      reviewedAt: undefined,
      reviewedRevision: undefined,
    };
    const row = await shelf.database.write(["records", "marks"], "strict", async (transaction) => {
      const stored = await transaction.get("records", id);
      if (!stored) return undefined;
      const before = await transaction.get("marks", id);
      const kept: Mark = { record: id, read: before?.read, reviewed: before?.reviewed };
      await transaction.put("marks", { ...kept, ...mark });
      const next: StoredRecord = { ...stored, reading: { ...(stored.reading ?? none), ...reading } };
      await transaction.put("records", next);
      return next;
    });
    const current = shelf.records.get(id);
    if (row && current) shelf.place([{ ...current, row: { ...current.row, reading: row.reading } }]);
    this.kick();
  }
}

function isWaiting(entry: SharedEntry): boolean {
  return entry.attention > 0 && entry.reviewedAt === undefined;
}

function isForSession(entry: SharedEntry): boolean {
  return entry.attention === 0 && entry.reviewedAt === undefined;
}

function oldestFirst(a: SharedEntry, b: SharedEntry): number {
  return Date.parse(a.sentAt) - Date.parse(b.sentAt) || (a.id < b.id ? -1 : 1);
}
