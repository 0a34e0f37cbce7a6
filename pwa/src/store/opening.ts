/** From what lies sealed on the device to what is open in memory. */
import {
  type Bytes,
  type ContactContent,
  fromBase64,
  type JsonObject,
  openDraft,
  ProtocolError,
  parseJsonObject,
  type Reader,
  type RecordContent,
  type Role,
  reopenBody,
} from "../protocol";
import type { Keys, PendingChange, StoredDraft, StoredRecord } from "./database";
import { latest, type Opened, openOwn, openShared } from "./judging";

/** A pending change with its content open. */
export interface OpenedChange {
  readonly change: PendingChange;
  /** Without `readers`; undefined when only the readers change, or the record goes. */
  readonly content: JsonObject | undefined;
}

/** Which record a stored draft becomes or changes. */
export const recordOf = (draft: StoredDraft): string => draft.record ?? draft.id;

/** Whether a draft goes with a deletion: what was typed in it since, or in a page unheard of, doesn't. */
export const goesWith = (deletion: PendingChange | undefined, draft: StoredDraft): boolean =>
  deletion?.drafts?.some(({ id, at }) => id === draft.id && at === draft.at) ?? false;

/** A draft with its words open. */
export interface OpenedDraft {
  readonly draft: StoredDraft;
  readonly fields: JsonObject;
}

/** An own record as it will be once its pending change is out. */
export interface OwnRecord {
  readonly id: string;
  readonly about: string;
  readonly content: RecordContent;
  /** The newest revision that the server has. */
  readonly opened: Opened | undefined;
  readonly change: PendingChange | undefined;
}

/** A contact as it is pinned. */
export interface Pin {
  readonly record: string;
  readonly account: string;
  readonly publicKey: Bytes;
  /** Keys of the same account before: they open what was accepted then, and nothing that comes new. */
  readonly former: readonly Bytes[];
  readonly role: Role;
  readonly content: ContactContent;
}

/** Whose keys open it. */
export interface Holder {
  readonly keys: Keys;
  readonly account: string;
}

/** Opens what somebody typed, sealed to the own public key, with any of the own identities. */
export async function openTyped({ keys, account }: Holder, id: string, sealed: Bytes): Promise<JsonObject> {
  let failure: unknown;
  for (const identity of keys.identities) {
    try {
      return parseJsonObject(await openDraft(identity, account, id, sealed));
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

/** Everything that lies on a device. */
export interface Sealed {
  readonly records: readonly StoredRecord[];
  readonly outbox: readonly PendingChange[];
  readonly drafts: readonly StoredDraft[];
}

/**
 * Opens everything. What is open in `before` isn't opened again. A row that doesn't open is kept as it is, and its id is
 * added to `broken`: it must not close the whole journal. `breathe` lets the page draw and answer in between.
 */
export async function openAll(
  holder: Holder,
  sealed: Sealed,
  before: ReadonlyMap<string, Opened>,
  broken: string[],
  breathe: () => Promise<void>,
): Promise<{
  records: Map<string, Opened>;
  outbox: Map<string, OpenedChange>;
  drafts: Map<string, OpenedDraft>;
}> {
  const attempt = async <T>(id: string, open: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await open();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      broken.push(id);
      return undefined;
    }
  };
  const changes = await inTurns(sealed.outbox, breathe, async (change): Promise<OpenedChange> => {
    const { record, content } = change;
    return { change, content: content && (await attempt(record, () => openTyped(holder, record, content))) };
  });
  const outbox = new Map(changes.map((opened) => [opened.change.record, opened]));
  const drafts = new Map<string, OpenedDraft>();
  for (const draft of sealed.drafts) {
    const fields = await attempt(draft.id, () => openTyped(holder, recordOf(draft), draft.sealed));
    if (fields) drafts.set(draft.id, { draft, fields });
  }
  const open = (row: StoredRecord, pin: Pin | undefined) =>
    attempt(row.id, () => openRecord(holder, row, before.get(row.id), pin));
  const own = sealed.records.filter((row) => row.owner === holder.account);
  const records = listed(await inTurns(own, breathe, (row) => open(row, undefined)));
  const pins = pinsOf(ownRecords(records, outbox).values());
  const others = sealed.records.filter((row) => row.owner !== holder.account);
  const shared = listed(await inTurns(others, breathe, (row) => open(row, pins.get(row.owner))));
  return { records: new Map([...records, ...shared]), outbox, drafts };
}

/** Records opened before the page may draw and answer again; few at first, while the code is cold and each takes long. */
const TURN = 25;
const FIRST_TURN = 4;

/** Does `work` for all, some at a time: thousands at once would hold the page up. Results are in the order of `all`. */
async function inTurns<T, R>(
  all: readonly T[],
  breathe: () => Promise<void>,
  work: (one: T) => Promise<R>,
): Promise<R[]> {
  const done: R[] = [];
  for (let turn = FIRST_TURN; done.length < all.length; turn = Math.min(2 * turn, TURN)) {
    if (done.length > 0) await breathe();
    done.push(...(await Promise.all(all.slice(done.length, done.length + turn).map(work))));
  }
  return done;
}

function listed(all: readonly (Opened | undefined)[]): Map<string, Opened> {
  return new Map(all.filter((opened) => opened !== undefined).map((opened) => [opened.row.id, opened]));
}

/** Opens the accepted revision of a row; undefined where none is accepted yet. */
async function openRecord(
  { keys, account }: Holder,
  row: StoredRecord,
  known: Opened | undefined,
  pin: Pin | undefined,
): Promise<Opened | undefined> {
  const { accepted: version } = row;
  if (!version) return undefined;
  if (known?.version.hash === version.hash) return { ...known, row, version };
  if (row.owner === account) {
    return { row, version, content: await openOwn(keys, row, version, reopenBody), own: true };
  }
  let failure: unknown;
  for (const pinned of [pin?.publicKey, ...(pin?.former ?? [])]) {
    try {
      const { content } = await openShared(keys, account, row, version, pinned, reopenBody);
      return { row, version, content, own: false };
    } catch (error) {
      failure ??= error;
    }
  }
  throw failure;
}

/** Whether an account owns a record, reads it, or read it up to the revision that it writes about. */
export function isParty({ row, content }: Opened, account: string, named: number): boolean {
  if (row.owner === account || content.readers.some((reader) => reader.account === account)) return true;
  return latest(row.formerReaders).some((former) => former.account === account && named <= former.until);
}

/** The revision that a comment or receipt is about. Without one it is about none that anybody has read. */
export function revisionNamed(content: RecordContent): number {
  const { revision } = content as { readonly revision?: unknown };
  return typeof revision === "number" ? revision : Number.POSITIVE_INFINITY;
}

/** Own records by id, as they will be; what waits to be deleted isn't among them. */
export function ownRecords(
  records: ReadonlyMap<string, Opened>,
  outbox: ReadonlyMap<string, OpenedChange>,
): Map<string, OwnRecord> {
  const own = new Map<string, OwnRecord>();
  for (const opened of records.values()) {
    if (opened.own)
      own.set(opened.row.id, {
        id: opened.row.id,
        about: opened.row.about,
        content: opened.content,
        opened,
        change: undefined,
      });
  }
  for (const { change, content } of outbox.values()) {
    const opened = own.get(change.record)?.opened;
    if (change.action === "delete") own.delete(change.record);
    else if (content ?? opened) {
      // What is pending was checked when it was queued.
      const wanted = { ...(content ?? opened?.content), readers: readersWanted(change, opened) } as RecordContent;
      own.set(change.record, { id: change.record, about: change.about, content: wanted, opened, change });
    }
  }
  return own;
}

/** Readers as they will be; without key ids where those are found only when the change is sealed. */
function readersWanted(change: PendingChange, opened: Opened | undefined): Reader[] {
  if (!change.readers) return opened?.content.readers ?? [];
  return change.readers.map((reader) => ({ account: reader.account, key_id: "", attention: reader.attention }));
}

/** Pins from own contact records; of two about one account the lowest id wins. */
export function pinsOf(own: Iterable<OwnRecord>): Map<string, Pin> {
  const pins = new Map<string, Pin>();
  const contacts = [...own].filter((record) => record.content.kind === "contact");
  for (const { id, content } of contacts.sort((a, b) => (a.id < b.id ? -1 : 1))) {
    const contact = content as ContactContent;
    if (pins.has(contact.account)) continue;
    pins.set(contact.account, {
      record: id,
      account: contact.account,
      publicKey: fromBase64(contact.key),
      former: (contact.former ?? []).map(fromBase64),
      role: contact.role,
      content: contact,
    });
  }
  return pins;
}
