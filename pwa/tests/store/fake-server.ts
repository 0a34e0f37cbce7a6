/**
 * A server in memory that answers as ours does, for what the store does with it: accounts, invitations, records with
 * compare-and-set, grants, the feed. It can be told to refuse and to lie; what lies between it and a device is {@link ./line}'s.
 */
import type { Schemas } from "../../src/api/client";
import { fromBase64, hash, toBase64 } from "../../src/protocol";
import { FakeAppointments } from "./fake-appointments";
import { backupOf, copied, eraseFrom } from "./fake-copies";
import { FakeRotation } from "./fake-rotation";
import { type Account, type Invited, meOf, PRACTICE, type Stored } from "./fake-rows";
import { Refusal } from "./refusal";

/** A request in a line: "PUT /api/records/…". */
export const whatOf = (request: Request): string => `${request.method} ${new URL(request.url).pathname}`;

export class FakeServer {
  incarnation = crypto.randomUUID();
  readonly accounts = new Map<string, Account>();
  readonly records = new Map<string, Stored>();
  readonly invitations = new Map<string, Invited>();
  readonly appointments = new FakeAppointments();
  readonly rotation = new FakeRotation(this.records, (record, account) => this.#stamp(record, [account]));
  readonly relations: { patient: string; therapist: string; since: string; ended: string | undefined }[] = [];
  readonly sessions = new Map<string, string>();
  /** Changes what leaves the server: the place for lies. */
  lie: (path: string, answer: unknown) => unknown = (_, answer) => answer;
  /** Answers a request with a problem instead of doing what it asks. */
  refuse: (what: string) => { status: number; code: string } | undefined = () => undefined;
  readonly pageSize = 3;

  /** Answers a request of a browser whose cookie holds `session`; gives what the cookie holds after it, too. */
  async answer(
    request: Request,
    text: string,
    session: string | undefined,
  ): Promise<{ response: Response; session: string | undefined }> {
    const what = whatOf(request);
    const url = new URL(request.url);
    let status = 200;
    let answer: unknown;
    let next = session;
    try {
      const refused = this.refuse(what);
      if (refused) throw new Refusal(refused.status, refused.code);
      const caller = this.sessions.get(session ?? "");
      if (caller && what === "POST /api/account/rotation") this.#endOthers(caller, session);
      const result =
        caller && what === "GET /api/devices"
          ? { answer: this.#devices(caller, session) }
          : await this.#handle(what, url, text ? JSON.parse(text) : undefined, caller);
      answer = this.lie(url.pathname, result.answer);
      if (result.session) next = result.session;
      if (what === "POST /api/sign-out") {
        this.sessions.delete(session ?? "");
        next = undefined;
      }
      if (answer === undefined) status = 204;
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      status = error.status;
      answer = { type: `/problems/${error.code}`, title: "", status, detail: "", current: error.current };
    }
    const type = status >= 400 ? "application/problem+json" : "application/json";
    const response = new Response(answer === undefined ? null : JSON.stringify(answer), {
      status,
      headers: { "content-type": type, "aftertide-incarnation": this.incarnation },
    });
    return { response, session: next };
  }

  /** Another server, with everything that this one has. */
  copy(): FakeServer {
    return copied(this, new FakeServer());
  }

  /** Goes back to a copy, as after a restore from a backup. */
  backup(): () => void {
    return backupOf(this);
  }

  async #handle(
    what: string,
    url: URL,
    body: unknown,
    caller: string | undefined,
  ): Promise<{ answer: unknown; session?: string }> {
    const parts = /^(\w+) \/api\/([\w-]+)(?:\/([\w-]+))?(?:\/([\w-]+))?$/.exec(what);
    const [, method = "", area = "", id = "", action = ""] = parts ?? [];
    const route = `${method} ${area}${id && ["account", "begin"].includes(area) ? ` ${id}` : ""}${action ? ` ${action}` : ""}`;
    switch (route) {
      case "POST salt":
        return {
          answer: { salt: toBase64((await hash(new TextEncoder().encode(JSON.stringify(body)))).slice(0, 16)) },
        };
      case "POST passkeys sign-up":
      case "POST passkeys sign-in":
        return { answer: { challenge: toBase64(crypto.getRandomValues(new Uint8Array(32))) } };
      case "POST sign-in":
        return id === "passkey" ? this.#signInByPasskey() : this.#signIn(body as Schemas["SignIn"]);
      case "POST begin open":
        return { answer: PRACTICE };
      case "POST begin": {
        const { account } = body as Schemas["Begin"];
        return this.#create(account, "therapist");
      }
      case "POST invitations open":
        return { answer: await this.#openInvitation(id, body as Schemas["Redeem"]) };
      case "POST invitations join":
        return this.#join(id, body as Schemas["Join"]);
      default:
    }
    if (!caller) throw new Refusal(401, "not-signed-in");
    return { answer: await this.#signedIn(route, id, action, url, body, caller) };
  }

  async #signedIn(
    route: string,
    id: string,
    action: string,
    url: URL,
    body: unknown,
    caller: string,
  ): Promise<unknown> {
    if (/ account rotation/.test(route)) return this.rotation.asked(route, this.#account(caller), url, body);
    switch (route) {
      case "GET account":
        return this.#me(caller);
      case "GET account slots":
        return { gen: this.#account(caller).me.gen, slots: this.#account(caller).me.slots };
      case "DELETE invitations": // and takes answers to it all the same
      case "POST sign-out":
      case "POST account proof":
        return this.#proof(route, caller, body as Schemas["Proof"]);
      case "PUT account pointers settings":
      case "PUT account pointers ledger":
        return this.#point(caller, url.pathname.endsWith("/ledger") ? "ledger_record" : "settings_record", body);
      case "PUT account slots passphrase":
      case "PUT account slots recovery":
        return this.#replaceSlot(caller, (body as Schemas["ReplaceSlot"]).slot);
      case "POST invitations answer":
        return this.#answer(caller, id, body as Schemas["Answer"]);
      case "POST relations end":
        return this.#endRelation(caller, id);
      case "POST invitations":
        return this.#invite(caller, body as Schemas["NewInvitation"]);
      case "GET invitations":
        return [...this.invitations.values()].filter((invited) => invited.inviter === caller).map(({ view }) => view);
      case "GET practices":
        return [PRACTICE];
      case "GET relations":
        return this.#relationsOf(caller);
      case "GET appointments":
      case "POST appointments":
      case "POST appointments answer":
      case "POST appointments outcome":
      case "GET appointments history":
      case "GET calendar-feed":
      case "PUT calendar-feed":
      case "DELETE calendar-feed":
        return this.appointments.asked(route, caller, id, body);
      case "GET changes":
        return this.#changes(caller, Number(url.searchParams.get("after")));
      case "GET records":
        return this.#view(caller, id);
      case "GET records history":
        return { revisions: this.#own(caller, id).past, before: null };
      case "PUT records":
        return this.#save(caller, id, body as Schemas["Save"]);
      case "PUT records tombstone":
        return this.#delete(caller, id, body as Schemas["Delete"]);
      case "POST records read":
      case "PUT records reviewed":
        return this.#read(caller, id, action, (body as Schemas["MarkReviewed"]).revision);
      default:
        throw new Refusal(404, "not-found");
    }
  }

  #proof(route: string, caller: string, body: Schemas["Proof"] | undefined): undefined {
    if (route === "POST account proof" && this.#auth(caller).get(body?.method ?? "") !== body?.auth) {
      throw new Refusal(401, "wrong-proof");
    }
    return undefined;
  }

  #account(id: string): Account {
    const account = this.accounts.get(id);
    if (!account) throw new Refusal(401, "not-signed-in");
    return account;
  }

  /** What proves who somebody is. */
  #auth(id: string): Map<string, string> {
    return this.rotation.auth(id) ?? this.#account(id).auth;
  }

  #endOthers(account: string, kept: string | undefined): void {
    for (const [session, of] of [...this.sessions])
      if (of === account && session !== kept) this.sessions.delete(session);
  }

  #me(id: string): Schemas["Me"] {
    const account = this.#account(id);
    return { ...account.me, ...this.rotation.shown(id), session: crypto.randomUUID(), cursor: account.counter };
  }

  #create(account: Schemas["NewAccount"], role: "patient" | "therapist"): { answer: unknown; session: string } {
    const taken = [...this.accounts.values()].find(({ me }) => me.email === account.email);
    if (taken && taken.me.id !== account.id) throw new Refusal(409, "email-taken");
    const me = meOf(account, role);
    const auth = new Map(account.slots.map((slot) => [slot.method as string, slot.auth]));
    if (!taken) this.accounts.set(account.id, { me, auth, counter: 0, access: 0, changes: new Map() });
    return { answer: this.#me(account.id), session: this.#session(account.id) };
  }

  #point(caller: string, pointer: "settings_record" | "ledger_record", body: unknown): undefined {
    const account = this.#account(caller);
    const { record } = body as Schemas["Pointer"];
    if ((account.me[pointer] ?? record) !== record) throw new Refusal(409, "pointer-set");
    account.me = { ...account.me, [pointer]: record };
  }

  #session(account: string): string {
    const session = crypto.randomUUID();
    this.sessions.set(session, account);
    this.#account(account).access++;
    return session;
  }

  #devices(caller: string, session: string | undefined): Schemas["Device"][] {
    const at = new Date().toISOString();
    return [...this.sessions]
      .filter(([, account]) => account === caller)
      .map(([id]) => {
        return { id, label: "Browser", created: at, seen: at, current: id === session, method: null, passkey: null };
      });
  }

  /** Whoever signed up first has all the passkeys. */
  #signInByPasskey(): { answer: unknown; session: string } {
    const [first] = this.accounts.keys();
    if (!first) throw new Refusal(401, "wrong-passkey");
    return { answer: this.#me(first), session: this.#session(first) };
  }

  #signIn(body: Schemas["SignIn"]): { answer: unknown; session: string } {
    const found = [...this.accounts.values()].find(({ me }) => me.email === body.email);
    if (!found || this.#auth(found.me.id).get(body.method) !== body.auth) throw new Refusal(401, "wrong-proof");
    return { answer: this.#me(found.me.id), session: this.#session(found.me.id) };
  }

  #replaceSlot(caller: string, { auth, ...slot }: Schemas["NewSlot"]): undefined {
    const account = this.#account(caller);
    account.me.slots = [...account.me.slots.filter((other) => other.method !== slot.method), slot];
    account.auth.set(slot.method, auth);
    account.access++;
    return undefined;
  }

  #invite(caller: string, shown: Schemas["NewInvitation"]): undefined {
    const at = new Date().toISOString();
    const view: Schemas["InvitationView"] = { id: shown.id, state: "open", created: at, expires: at };
    this.invitations.set(shown.id, { inviter: caller, redeemHash: shown.redeem_hash, shown, view });
    return undefined;
  }

  async #redeemed(id: string, redeem: string): Promise<Invited> {
    const invited = this.invitations.get(id);
    if (!invited || toBase64(await hash(fromBase64(redeem))) !== invited.redeemHash)
      throw new Refusal(404, "link-not-valid");
    return invited;
  }

  async #openInvitation(id: string, { redeem }: Schemas["Redeem"]): Promise<Schemas["OpenedInvitation"]> {
    const { inviter, shown, view } = await this.#redeemed(id, redeem);
    const key = this.#account(inviter).me.identities[0]?.public_key ?? "";
    const { tag, card } = shown;
    const who = { inviter, inviter_role: this.#account(inviter).me.role, inviter_key: key };
    return { id, ...who, tag, card, practice: PRACTICE, expires: view.expires, answered: false };
  }

  async #join(id: string, { account, answer }: Schemas["Join"]): Promise<{ answer: unknown; session: string }> {
    const invited = this.invitations.get(id);
    if (invited && this.#account(invited.inviter).me.role !== "therapist") throw new Refusal(404, "link-not-valid");
    const made = this.#create(account, "patient");
    await this.#answer(account.id, id, answer);
    return made;
  }

  async #answer(caller: string, id: string, answer: Schemas["Answer"]): Promise<undefined> {
    const invited = await this.#redeemed(id, answer.redeem);
    if (invited.view.invitee && invited.view.invitee !== caller) throw new Refusal(409, "invitation-taken");
    if (this.#account(invited.inviter).me.role === this.#account(caller).me.role) throw new Refusal(403, "not-allowed");
    invited.view = {
      ...invited.view,
      state: "answered",
      invitee: caller,
      invitee_key: this.#account(caller).me.identities[0]?.public_key ?? "",
      tag: answer.tag,
      card: answer.card,
    };
    const { role } = this.#account(caller).me;
    const [patient, therapist] = role === "patient" ? [caller, invited.inviter] : [invited.inviter, caller];
    if (!this.relations.some((other) => other.patient === patient && other.therapist === therapist)) {
      this.relations.push({ patient, therapist, since: new Date().toISOString(), ended: undefined });
    }
    return undefined;
  }

  /** What is gone of somebody who has erased their account, as far as others see it. */
  erase(account: string): void {
    eraseFrom(this, account);
  }

  #endRelation(a: string, b: string): undefined {
    for (const relation of this.relations) {
      if ([a, b].includes(relation.patient) && [a, b].includes(relation.therapist))
        relation.ended = new Date().toISOString();
    }
    return undefined;
  }

  #relationsOf(caller: string): Schemas["RelationView"][] {
    return this.relations
      .filter(({ patient, therapist }) => patient === caller || therapist === caller)
      .map(({ patient, therapist, since, ended }) => {
        const account = patient === caller ? therapist : patient;
        const { role, identities } = this.#account(account).me;
        return { account, role, since, key_id: identities[0]?.key_id ?? "", ...(ended ? { ended } : {}) };
      });
  }

  /** Raises the counters of who may see a record. */
  #stamp(record: string, accounts: Iterable<string>): void {
    for (const id of new Set(accounts)) {
      const account = this.accounts.get(id);
      if (account) account.changes.set(record, ++account.counter);
    }
  }

  #view(caller: string, id: string): Schemas["RecordView"] {
    const record = this.records.get(id);
    const own = record?.owner === caller;
    const grant = record?.grants.get(caller);
    if (!record?.view || (!own && !grant)) throw new Refusal(404, "not-found");
    const none = { read: null, read_revision: null, reviewed: null, reviewed_revision: null };
    const reading = (account: string) => ({ ...none, ...record.readings.get(account) });
    const readers = [...record.grants.values()].map(({ grantee, attention, epoch, granted }) => {
      return { account: grantee, attention, epoch, granted, ...reading(grantee) };
    });
    const { wrapped, ...view } = record.view;
    const shown = grant && {
      epoch: grant.epoch,
      attention: grant.attention,
      sealed: grant.sealed,
      granted: grant.granted,
    };
    return {
      ...view,
      wrapped: own ? wrapped : null,
      readers: own ? readers : [],
      grant: own || !shown ? null : { ...shown, ...reading(caller) },
    };
  }

  #changes(caller: string, after: number): Schemas["Changes"] {
    const account = this.#account(caller);
    const all = [...account.changes].filter(([, counter]) => counter > after).sort((a, b) => a[1] - b[1]);
    const page = all.slice(0, this.pageSize);
    const changes = page.map(([id, counter]): Schemas["Change"] => {
      const record = this.records.get(id);
      if (record?.owner === caller && record.tombstone) {
        const tombstone = { revision: record.revision, mac: record.tombstone };
        return { counter, id, state: "tombstone", tombstone, record: null };
      }
      const visible = record?.view && (record.owner === caller || record.grants.has(caller));
      if (!visible) return { counter, id, state: "gone", record: null, tombstone: null };
      return { counter, id, state: "record", record: this.#view(caller, id), tombstone: null };
    });
    const cursor = page.at(-1)?.[1] ?? after;
    return {
      changes,
      cursor,
      more: page.length < all.length,
      counter: account.counter,
      access: account.access,
      gen: account.me.gen,
    };
  }

  async #save(caller: string, id: string, save: Schemas["Save"]): Promise<Schemas["Saved"]> {
    const record = this.records.get(id);
    if (record && record.owner !== caller) throw new Refusal(404, "not-found");
    const repeated = record?.requests.get(save.request);
    if (repeated) {
      if (repeated.body !== save.body) throw new Refusal(422, "request-reused");
      return { cursor: this.#account(caller).counter, revision: repeated.revision };
    }
    if (save.gen !== this.#account(caller).me.gen) throw new Refusal(409, "stale-gen");
    if (record?.tombstone) throw new Refusal(409, "deleted", { revision: record.revision, mac: record.tombstone });
    const head = record?.view ? toBase64(await hash(fromBase64(record.view.body))) : null;
    if (save.revision !== (record?.revision ?? 0) + 1 || (save.base ?? null) !== head) {
      throw new Refusal(409, "stale", record && this.#view(caller, id));
    }
    const parent = save.about ? this.#readersOf(caller, save.about) : new Set<string>();
    for (const { grantee } of save.grants ?? []) if (!parent.has(grantee)) this.#requireRelation(caller, grantee);
    const before = [...(record?.grants.keys() ?? [])];
    const next: Stored = record ?? {
      owner: caller,
      view: undefined,
      revision: 0,
      tombstone: undefined,
      grants: new Map(),
      readings: new Map(),
      requests: new Map(),
      past: [],
    };
    const saved = new Date().toISOString();
    if (save.grants) {
      next.grants = new Map(
        save.grants.map((grant) => [grant.grantee, { ...grant, epoch: save.epoch, granted: saved }]),
      );
      for (const reader of before) if (!next.grants.has(reader)) this.#closeAbout(id, reader);
    }
    next.view = {
      id,
      owner: caller,
      about: save.about ?? null,
      epoch: save.epoch,
      revision: save.revision,
      base: save.base ?? null,
      body: save.body,
      proof: save.proof,
      saved,
      wrapped: save.wrapped ?? next.view?.wrapped ?? null,
      readers: [],
      grant: null,
    };
    next.revision = save.revision;
    next.past.unshift({ ...next.view, wrapped: next.view.wrapped ?? "" });
    next.requests.set(save.request, { revision: save.revision, body: save.body });
    this.records.set(id, next);
    this.#stamp(id, [caller, ...before, ...next.grants.keys()]);
    return { cursor: this.#account(caller).counter, revision: save.revision };
  }

  #readersOf(caller: string, about: string): Set<string> {
    const record = this.records.get(about);
    const readers = new Set([record?.owner ?? "", ...(record?.grants.keys() ?? [])]);
    if (!record?.view || !readers.has(caller)) throw new Refusal(409, "no-longer-shared");
    return readers;
  }

  #own(caller: string, id: string): Stored {
    const record = this.records.get(id);
    if (record?.owner !== caller) throw new Refusal(404, "not-found");
    return record;
  }

  #requireRelation(a: string, b: string): void {
    const related = this.relations.some(
      ({ patient, therapist, ended }) =>
        !ended && ((patient === a && therapist === b) || (patient === b && therapist === a)),
    );
    if (!related) throw new Refusal(422, "not-a-relation");
  }

  #closeAbout(about: string, reader: string): void {
    for (const [id, record] of this.records) {
      if (record.view?.about === about && record.grants.delete(reader)) this.#stamp(id, [reader, record.owner]);
    }
  }

  #delete(caller: string, id: string, { gen = 1, revision, tombstone }: Schemas["Delete"]): Schemas["Saved"] {
    const record = this.#own(caller, id);
    if (gen !== this.#account(caller).me.gen) throw new Refusal(409, "stale-gen");
    if (!record.tombstone) {
      if (record.revision !== revision) throw new Refusal(409, "stale", this.#view(caller, id));
      const readers = [...record.grants.keys()];
      for (const reader of readers) this.#closeAbout(id, reader);
      Object.assign(record, { tombstone, view: undefined, grants: new Map() });
      this.#stamp(id, [caller, ...readers]);
    }
    return { cursor: this.#account(caller).counter, revision };
  }

  #read(caller: string, id: string, action: string, revision: number | null): undefined {
    const record = this.records.get(id);
    if (!record?.grants.has(caller)) throw new Refusal(404, "not-found");
    const at = new Date().toISOString();
    const before = record.readings.get(caller) ?? {};
    const read = { read: at, read_revision: revision };
    const reviewed = { reviewed: revision === null ? null : at, reviewed_revision: revision };
    record.readings.set(caller, { ...before, ...(action === "read" ? read : reviewed) });
    this.#stamp(id, [caller, record.owner]);
    return undefined;
  }
}
