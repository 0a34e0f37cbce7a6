import type { EntryContent, Reader, ReturnedContent } from "../protocol";
import type { CareDesk } from "./care.svelte";
import { derivedId } from "./derived";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { Contact } from "./interface";
import type { Opened } from "./judging";
import type { OwnRecord } from "./opening";
import { type Outbox, withoutReaders } from "./outbox";
import { asStoreError } from "./problems";
import type { GivenBack, GivingBack, Reconnecting, SharingAnew } from "./reconnects";
import type { Shelf } from "./shelf.svelte";

type Shared = Opened & { readonly content: EntryContent };
type Returned = Opened & { readonly content: ReturnedContent };

/** Starting over with somebody who lost every way in: given back by therapists, shared anew by patients; nothing by itself. */
export class ReconnectDesk implements Reconnecting {
  /** Entries that were taken in and deleted since: they don't come again. */
  #deleted = $state.raw<ReadonlySet<string>>(new Set());

  constructor(
    private readonly shelf: Shelf,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly environment: Environment,
    private readonly kick: () => void,
  ) {}

  readonly toGiveBack: readonly GivingBack[] = $derived.by(() => {
    if (this.shelf.here?.role !== "therapist") return [];
    return this.#inPlaceOfOthers().map((contact) => {
      const entries = this.#sharedBy(contact);
      const made = this.#madeFor(contact.account);
      const ids = new Set(entries.map(({ row }) => row.id));
      const mine = made.filter(({ content }) => ids.has(content.record));
      return {
        account: contact.account,
        name: contact.name,
        entries: entries.length,
        made: mine.length,
        unsent: mine.filter(({ change }) => change).length,
      };
    });
  });

  readonly givenBack: readonly GivenBack[] = $derived.by(() => {
    const found = new Map<string, Returned[]>();
    for (const returned of this.#returned()) {
      found.set(returned.row.owner, [...(found.get(returned.row.owner) ?? []), returned]);
    }
    const taken = this.#takenIn();
    return [...found].map(([therapist, all]) => ({
      therapist,
      name: this.shelf.pins.get(therapist)?.content.name ?? "",
      entries: all.length,
      left: all.filter(({ content: { record } }) => !taken.has(record) && !this.#deleted.has(record)).length,
    }));
  });

  readonly toShareAnew: readonly SharingAnew[] = $derived.by(() => {
    if (this.shelf.here?.role !== "patient") return [];
    const all = this.shelf.mine<EntryContent>("entry");
    return this.#inPlaceOfOthers().map((contact) => ({
      account: contact.account,
      name: contact.name,
      former: contact.standsFor[0] ?? "",
      isBegun: all.some(({ content }) => readerAmong(content.readers, [contact.account])),
      entries: all
        .flatMap(({ id, content }) => {
          const before = readerAmong(content.readers, contact.standsFor);
          if (!before || readerAmong(content.readers, [contact.account])) return [];
          return [{ id, written: content.written, text: content.text, attention: before.attention }];
        })
        .sort((a, b) => Date.parse(b.written) - Date.parse(a.written)),
    }));
  });

  #inPlaceOfOthers(): Contact[] {
    return this.care.contacts.filter(({ standsFor, replaced }) => standsFor.length > 0 && !replaced);
  }

  /** What the former accounts of a contact had shared, as far as it opens here. */
  #sharedBy({ standsFor }: Contact): Shared[] {
    return this.shelf.theirs<EntryContent>("entry").filter(({ row }) => standsFor.includes(row.owner));
  }

  #madeFor(account: string): (OwnRecord & { readonly content: ReturnedContent })[] {
    const all = this.shelf.mine<ReturnedContent>("returned");
    return all.filter(({ content }) => readerAmong(content.readers, [account]));
  }

  #returned(): Returned[] {
    return this.shelf.here?.role === "patient" ? this.shelf.theirs<ReturnedContent>("returned") : [];
  }

  #takenIn(): Set<string> {
    const marks = this.shelf.mine<EntryContent>("entry").map(({ content }) => content.given_back?.record ?? "");
    return new Set(marks);
  }

  /** Whether a record of one's own was made, or was made and deleted. */
  async #isMade(record: string): Promise<boolean> {
    return this.shelf.own.has(record) || (await this.shelf.database.get("remembered", record)) !== undefined;
  }

  async giveBack(account: string, seen: true): Promise<void> {
    this.shelf.requireKeys();
    const contact = this.care.contact(account);
    if (!contact || !seen || contact.role !== "patient") throw new StoreError("unknown");
    await this.#all(this.#sharedBy(contact), async ({ row, version, content }) => {
      const record = await derivedId(`return of ${row.id} to ${account}`);
      if (await this.#isMade(record)) return;
      await this.outbox.save({
        record,
        content: { kind: "returned", v: 1, record: row.id, created: version.savedAt, json: withoutReaders(content) },
        readers: [{ account, attention: 0 }],
      });
    });
  }

  async look(): Promise<void> {
    const deleted = new Set<string>();
    for (const { content } of this.#returned()) {
      const taken = await derivedId(`given back ${content.record}`);
      if (!this.shelf.own.has(taken) && (await this.#isMade(taken))) deleted.add(content.record);
    }
    this.#deleted = deleted;
  }

  async takeIn(therapist: string): Promise<void> {
    this.shelf.requireKeys();
    const name = this.shelf.pins.get(therapist)?.content.name;
    if (!name) throw new StoreError("unknown");
    const all = this.#returned().filter(({ row }) => row.owner === therapist);
    await this.#all(all, async ({ content }) => {
      const record = await derivedId(`given back ${content.record}`);
      if (await this.#isMade(record)) return;
      const at = new Date(this.environment.now()).toISOString();
      const mark = { record: content.record, account: therapist, name, at };
      await this.outbox.save({ record, content: { ...withoutReaders(content.json), given_back: mark }, readers: [] });
    });
    await this.look();
  }

  async shareAnew(account: string, entries: readonly string[]): Promise<void> {
    this.shelf.requireKeys();
    const contact = this.care.contact(account);
    if (!contact?.active) throw new StoreError("no-relation");
    if (!this.care.agreementWith(account)?.acceptedAt) throw new StoreError("no-agreement");
    const wanted = this.toShareAnew.find((one) => one.account === account)?.entries ?? [];
    await this.#all(
      wanted.filter(({ id }) => entries.includes(id)),
      async ({ id, attention }) => {
        const readers = this.shelf.own.get(id)?.content.readers ?? [];
        const others = readers.filter((reader) => !contact.standsFor.includes(reader.account));
        await this.outbox.save({ record: id, readers: [...others, { account, attention }] });
      },
    );
  }

  async #all<T>(all: readonly T[], work: (one: T) => Promise<void>): Promise<void> {
    try {
      for (const one of all) await work(one);
    } catch (error) {
      throw asStoreError(error);
    } finally {
      this.kick();
    }
  }
}

function readerAmong(readers: readonly Reader[], accounts: readonly string[]): Reader | undefined {
  return readers.find(({ account }) => accounts.includes(account));
}
