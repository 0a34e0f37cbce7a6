import type { Api, Schemas } from "../api/client";
import {
  type AgreementContent,
  type Answers,
  type ContactContent,
  equalBytes,
  fromBase64,
  type InvitationContent,
  keyIdOf,
  newId,
  type ReceiptContent,
  type SettingsContent,
  toBase64,
} from "../protocol";
import { isOver, stamp } from "./contents";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { Agreement, AgreementTemplate, Care, Contact, Invitation, Practice } from "./interface";
import type { Inviting } from "./inviting";
import { later } from "./later";
import type { OwnRecord, Pin } from "./opening";
import type { Outbox } from "./outbox";
import { asStoreError } from "./problems";
import type { Shelf } from "./shelf.svelte";

const REFRESH = 60_000;

/** Comparing keys is rare: its code is loaded when somebody does. */
const comparing = later(() => import("../protocol/invitations"));

type Relation = Schemas["RelationView"];
type Shown = Schemas["InvitationView"];

/** A contact whom the server doesn't know any more, and whether somebody has taken note of it here. */
interface Closed {
  readonly account: string;
  readonly noted: boolean;
}

/** Who cares for whom: contacts and their keys, invitations and their answers, reading agreements. */
export class CareDesk implements Care {
  #practices = $state.raw<readonly Schemas["PracticeView"][]>([]);
  #relations = $state.raw<readonly Relation[]>([]);
  #shown = $state.raw<readonly Shown[]>([]);
  #closed = $state.raw<readonly Closed[]>([]);
  #refreshedAt = 0;
  readonly #inviting = later(async () => {
    const { Inviting } = await import("./inviting");
    return new Inviting(this.shelf, this.api, this.outbox, this, this.environment, this.origin, this.kick);
  });

  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly environment: Environment,
    private readonly origin: string,
    private readonly kick: () => void,
    /** Resolves after a round that begins now and has fetched everything; rejects where it couldn't. */
    private readonly fetched: () => Promise<void>,
  ) {}

  readonly practices: readonly Practice[] = $derived.by(() =>
    this.#practices.map((practice) => ({
      name: practice.name,
      phone: practice.phone,
      emergencyNumber: practice.emergency_number,
      readingLine: practice.reading_line,
      zone: practice.time_zone,
    })),
  );

  readonly contacts: readonly Contact[] = $derived.by(() => {
    const { pins } = this.shelf;
    return [...pins.values()]
      .map(({ content }): Contact => {
        const relation = this.relation(content.account);
        const stoodFor = formerOf(pins, content.account);
        const successors = [...pins.keys()].filter((other) => formerOf(pins, other).includes(content.account));
        const namesake = [...pins.values()].some(
          ({ account, content: { name } }) =>
            name === content.name && ![content.account, ...stoodFor, ...successors].includes(account),
        );
        return {
          account: content.account,
          name: content.name,
          role: content.role,
          practice: content.practice,
          verified: content.verified,
          sameName: namesake,
          active: relation !== undefined && !relation.ended,
          closed: this.#closed.some(({ account }) => account === content.account),
          newKeys: this.shelf.changedKeys.has(content.account),
          lacksMine: this.shelf.lacksMine(content.account),
          earlierKeys: content.former?.length ?? 0,
          standsFor: stoodFor,
          replaced: successors.length > 0,
        };
      })
      .sort((a, b) => a.name.localeCompare(b.name));
  });

  readonly newlyClosed: readonly Contact[] = $derived.by(() =>
    this.contacts.filter(({ account }) => this.#closed.some((one) => one.account === account && !one.noted)),
  );

  readonly invitations: readonly Invitation[] = $derived.by(() =>
    this.shelf
      .mine<InvitationContent>("invitation")
      .map(({ id, content }): Invitation => {
        const over = content.state === "open" && isOver(content, this.shelf.here?.gen ?? 1, this.environment.now());
        return {
          id,
          name: content.name,
          state: over ? "expired" : content.state,
          created: content.created,
          expires: content.expires,
          contact: content.contact,
          reconnects: content.reconnects,
          faults: this.shelf.faults.filter((fault) => fault.record === id),
        };
      })
      .sort((a, b) => b.created.localeCompare(a.created)),
  );

  readonly template: AgreementTemplate | undefined = $derived.by(() => this.settings?.content.agreement);

  readonly agreements: readonly Agreement[] = $derived.by(() => {
    const newest = new Map<string, Agreement>();
    for (const agreement of this.#allAgreements()) {
      const other = newest.get(agreement.account);
      if (!other || isNewer(agreement, other)) newest.set(agreement.account, agreement);
    }
    return [...newest.values()];
  });

  /** Own settings: of two records (two devices began at once) the one that the account points to. */
  get settings(): (OwnRecord & { readonly content: SettingsContent }) | undefined {
    const all = this.shelf.mine<SettingsContent>("settings").sort((a, b) => (a.id < b.id ? -1 : 1));
    return all.find(({ id }) => id === this.shelf.here?.settingsRecord) ?? all[0];
  }

  relation(account: string): Relation | undefined {
    return this.#relations.find((relation) => relation.account === account);
  }

  contact(account: string): Contact | undefined {
    return this.contacts.find((contact) => contact.account === account);
  }

  agreementWith(account: string): Agreement | undefined {
    return this.agreements.find((agreement) => agreement.account === account);
  }

  #allAgreements(): Agreement[] {
    const { here } = this.shelf;
    const nameOf = (account: string) => this.shelf.pins.get(account)?.content.name ?? "";
    const accepted = (agreement: string, patient: string): string | undefined => {
      const receipts =
        patient === here?.account
          ? this.shelf.mine<ReceiptContent>("receipt")
          : this.shelf.theirs<ReceiptContent>("receipt").filter(({ row }) => row.owner === patient);
      return receipts.find(
        (receipt) =>
          ("about" in receipt ? receipt.about : receipt.row.about) === agreement &&
          receipt.content.purpose === "accepted",
      )?.content.written;
    };
    const view = (id: string, account: string, content: AgreementContent): Agreement => ({
      id,
      account,
      name: nameOf(account),
      text: content.text,
      answers: content.answers,
      version: content.version,
      written: content.written,
      acceptedAt: accepted(id, content.patient),
    });
    const own = this.shelf.mine<AgreementContent>("agreement");
    const theirs = this.shelf
      .theirs<AgreementContent>("agreement")
      .filter(({ content }) => content.patient === here?.account);
    return [
      ...own.map(({ id, content }) => view(id, content.patient, content)),
      ...theirs.map(({ row, content }) => view(row.id, row.owner, content)),
    ];
  }

  async checkDigits(account: string): Promise<string> {
    const [identity] = this.shelf.requireKeys().identities;
    const pin = this.shelf.pins.get(account);
    if (!pin || !identity) throw new StoreError("unknown");
    const own = { account: this.shelf.requireHere().account, publicKey: identity.publicKey };
    const { checkDigits } = await comparing();
    const digits = await checkDigits(own, pin);
    return digits.replace(/.{5}(?!$)/g, "$& ");
  }

  createInvitation(wanted: { name: string; adultConfirmed: true }): Promise<{ id: string; link: string }> {
    return this.#invite((inviting) => inviting.create(wanted));
  }

  reconnect(account: string): Promise<{ id: string; link: string }> {
    return this.#invite((inviting) => inviting.reconnect(account));
  }

  invitationLink(id: string): Promise<string> {
    return this.#invite((inviting) => inviting.link(id));
  }

  withdrawInvitation(id: string): Promise<void> {
    return this.#invite((inviting) => inviting.withdraw(id));
  }

  async #invite<T>(work: (inviting: Inviting) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#inviting());
    } catch (error) {
      throw asStoreError(error);
    }
  }

  async saveTemplate(text: string, answers: Answers, patients?: readonly string[]): Promise<void> {
    this.shelf.requireKeys();
    const { settings } = this;
    if (!settings) throw new StoreError("locked");
    const { readers: _, ...rest } = settings.content;
    const version = (settings.content.agreement?.version ?? 0) + 1;
    await this.outbox.save({ record: settings.id, content: { ...rest, agreement: { text, answers, version } } });
    const cared = this.contacts.filter((contact) => contact.role === "patient" && contact.active && !contact.replaced);
    for (const patient of patients ?? cared.map(({ account }) => account)) await this.offerAgreement(patient);
    this.kick();
  }

  async offerAgreement(patient: string): Promise<void> {
    this.shelf.requireKeys();
    const { template } = this;
    if (!template) throw new StoreError("no-agreement");
    if (!this.shelf.pins.has(patient)) throw new StoreError("no-reader");
    const offered = this.agreementWith(patient);
    if (offered?.version === template.version) return;
    const { text, answers, version } = template;
    await this.outbox.save({
      record: newId(),
      content: { kind: "agreement", v: 1, ...stamp(this.environment), version, patient, text, answers },
      readers: [{ account: patient, attention: 0 }],
    });
    this.kick();
  }

  async acceptAgreement(id: string): Promise<void> {
    this.shelf.requireKeys();
    const agreement = this.agreements.find((other) => other.id === id);
    const opened = this.shelf.records.get(id);
    if (!agreement || !opened) throw new StoreError("unknown");
    if (agreement.acceptedAt) return;
    const { written } = stamp(this.environment);
    await this.outbox.save({
      record: newId(),
      about: id,
      content: { kind: "receipt", v: 1, written, purpose: "accepted", revision: opened.version.revision },
      readers: [{ account: agreement.account, attention: 0 }],
    });
    this.kick();
  }

  async noteClosed(account: string): Promise<void> {
    const closed = this.#closed.map((one) => (one.account === account ? { account, noted: true } : one));
    await this.shelf.database.write(["care"], "relaxed", (transaction) => transaction.put("care", closed, "closed"));
    this.#closed = closed;
  }

  async endRelation(account: string, atOnce: boolean): Promise<void> {
    try {
      // What was written to the patient stays theirs: all of it is fetched, and kept, before anything closes.
      await this.fetched();
      if (this.shelf.requireHere().role === "patient") await this.#keepComments(account);
      await this.api.endRelation(account, atOnce);
      await this.refresh(true);
    } catch (error) {
      throw asStoreError(error);
    }
    this.kick();
  }

  /** Shows the lists as they were last seen, for opening without network. */
  async load(): Promise<void> {
    const { database } = this.shelf;
    const [practices, relations, closed] = await Promise.all([
      database.get("care", "practices"),
      database.get("care", "relations"),
      database.get("care", "closed"),
    ]);
    // Written by `refresh` alone, as the API gave them.
    this.#practices = (practices as Schemas["PracticeView"][] | undefined) ?? [];
    this.#relations = (relations as Relation[] | undefined) ?? [];
    this.#closed = (closed as Closed[] | undefined) ?? [];
    await this.#compareKeys();
  }

  /** Forgets the lists, when nobody is here. */
  clear(): void {
    this.#practices = [];
    this.#relations = [];
    this.#shown = [];
    this.#closed = [];
    this.#refreshedAt = 0;
    this.shelf.changedKeys = new Set();
  }

  /**
   * Fetches the lists that the server has in plain, at most once a minute unless an answer to an invitation may have
   * come, and pins the right answers. Rejects with what the API rejects with.
   */
  async refresh(forced = false): Promise<void> {
    const open = this.shelf.mine<InvitationContent>("invitation").filter(({ content }) => content.state === "open");
    const due = forced || this.environment.now() - this.#refreshedAt >= REFRESH;
    if (!due && open.length === 0) return this.#compareKeys();
    let pinned = false;
    if (this.shelf.requireHere().role === "therapist" || this.shelf.mine("invitation").length > 0) {
      this.#shown = await this.api.invitations();
      const inviting = this.#shown.length > 0 ? await this.#inviting() : undefined;
      for (const shown of this.#shown) if (await inviting?.answered(shown)) pinned = true;
    }
    const unpinned = this.#relations.some((relation) => !this.shelf.pins.has(relation.account));
    const listed = this.#shown.every((shown) => this.relation(shown.invitee ?? "") || !shown.invitee);
    if (due || pinned || unpinned || !listed) await this.#fetchLists();
    await this.#compareKeys();
    if (this.shelf.requireHere().role === "patient")
      for (const { account, ended } of this.#relations) if (ended) await this.#keepComments(account);
  }

  async #fetchLists(): Promise<void> {
    // A contact is pinned after the server has the relation, which stays when it ends: it goes with an account alone.
    const pinned = [...this.shelf.pins.keys()];
    [this.#practices, this.#relations] = await Promise.all([this.api.practices(), this.api.relations()]);
    this.#closed = pinned
      .filter((account) => !this.relation(account))
      .map((account) => this.#closed.find((one) => one.account === account) ?? { account, noted: false });
    this.#refreshedAt = this.environment.now();
    const lists = { practices: this.#practices, relations: this.#relations, closed: this.#closed };
    await this.shelf.database.write(["care"], "relaxed", async (transaction) => {
      await transaction.put("care", lists.practices, "practices");
      await transaction.put("care", lists.relations, "relations");
      await transaction.put("care", lists.closed, "closed");
    });
  }

  /** Whether the server names another key for a contact than the pinned one, asked of it now unless it has said so. */
  async hasNewKeys(account: string): Promise<boolean> {
    if (!this.shelf.changedKeys.has(account)) {
      await this.#fetchLists();
      await this.#compareKeys();
    }
    return this.shelf.changedKeys.has(account);
  }

  async #keepComments(account: string): Promise<void> {
    this.shelf.requireKeys();
    // Rare: its code is loaded when it is needed.
    const { keepComments } = await import("./parting");
    await keepComments(this.shelf, this.outbox, account);
  }

  /** A pinned key never changes because the server says so: both are told. */
  async #compareKeys(): Promise<void> {
    const { shelf } = this;
    const changed = new Set<string>();
    for (const { account, key_id } of this.#relations) {
      const pinned = shelf.pinnedKey(account);
      if (pinned && (await keyIdOf(pinned)) !== key_id) changed.add(account);
    }
    if (changed.size > 0 || shelf.changedKeys.size > 0) shelf.changedKeys = changed;
    for (const account of changed) await shelf.addFault("key-changed", undefined, account);
    for (const { id, kind, account = "" } of shelf.faults)
      if (kind === "key-changed" && shelf.pins.has(account) && !changed.has(account)) await shelf.dismissFault(id);
    for (const { id, content } of this.shelf.mine<ContactContent>("contact")) {
      const pinned = this.shelf.pins.get(content.account);
      // Two devices pinned at once: the lowest id wins, but never over another key in silence.
      const other = pinned && toBase64(pinned.publicKey) !== content.key;
      if (other && !pinned.former.some((key) => equalBytes(key, fromBase64(content.key))))
        await this.shelf.addFault("second-answer", id, content.account);
    }
  }
}

/** The accounts in whose place one stands, the last one first. */
function formerOf(pins: ReadonlyMap<string, Pin>, account: string): string[] {
  const former: string[] = [];
  let next = pins.get(account)?.content.replaces;
  while (next !== undefined && next !== account && !former.includes(next)) {
    former.push(next);
    next = pins.get(next)?.content.replaces;
  }
  return former;
}

function isNewer(a: Agreement, b: Agreement): boolean {
  return a.version !== b.version ? a.version > b.version : a.written > b.written;
}
