/** A therapist whose access was taken back, together with the server. */
import { expect, test } from "vitest";
import type { Schemas } from "../../src/api/client";
import {
  fromBase64,
  keyIdOf,
  newId,
  openBody,
  openGrant,
  randomBytes,
  sealBody,
  sealGrant,
  toBase64,
} from "../../src/protocol";
import { IndexedDatabase } from "../../src/store/indexed";
import { headOf, readArrival } from "../../src/store/judging";
import { type Device, entry, pair, settle, write } from "./devices";
import type { FakeServer } from "./fake-server";

const idOf = (on: Device): string => on.session.account ?? "";
const kinds = (on: Device): string[] => on.sync.faults.map(({ kind }) => kind);

/** The identity of an unlocked device, as the person who holds it can use it. */
async function identityOf(on: Device) {
  const nothing = (): void => undefined;
  const disk = new IndexedDatabase(on.databaseName, { onFailure: nothing, onWrite: nothing, onBlocked: nothing });
  const [identity] = (await disk.get("keys", "here"))?.identities ?? [];
  disk.close();
  if (!identity) throw new Error("locked");
  return identity;
}

function viewOf(server: FakeServer, id: string): Schemas["RecordView"] {
  const view = server.records.get(id)?.view;
  if (!view) throw new Error("no such record");
  return structuredClone(view);
}

/** What was shared and taken back, with all that the therapist keeps of it: the grant, and the record key that it opens. */
async function takenBack() {
  const { server, therapist, patient } = await pair();
  const id = await write(patient, "While it was shared.");
  await patient.journal.setReaders(id, "to-read");
  await settle(patient, therapist);
  const grant = server.records.get(id)?.grants.get(idOf(therapist));
  if (!grant) throw new Error("not shared");
  const head = { record: id, owner: idOf(patient), grantee: idOf(therapist), epoch: grant.epoch } as const;
  const pinned = (await identityOf(patient)).publicKey;
  const sealed = { ...head, attention: 1, sealed: fromBase64(grant.sealed) } as const;
  const key = await openGrant(await identityOf(therapist), idOf(therapist), sealed, pinned);
  await patient.journal.takeBack(id);
  await settle(patient, therapist);
  return { server, therapist, patient, id, grant, sealed, pinned, key };
}

test("no key that was kept opens what is written after, nor does the former grant", async () => {
  const { server, therapist, patient, id, key, sealed, pinned } = await takenBack();
  await write(patient, "After.", id);
  await settle(patient);
  const view = viewOf(server, id);
  const { row, version } = await readArrival({ ...view, readers: [] });
  for (const epoch of [version.epoch, sealed.epoch]) {
    await expect(openBody(key, { ...headOf(row, version), epoch }, version.body)).rejects.toThrow();
  }
  const relabelled = { ...sealed, epoch: version.epoch };
  await expect(openGrant(await identityOf(therapist), idOf(therapist), relabelled, pinned)).rejects.toThrow();
});

test("the therapist's app shows nothing of it, though the server hands it over with the former grant", async () => {
  const { server, therapist, patient, id, grant } = await takenBack();
  await write(patient, "After.", id);
  await settle(patient);
  const { epoch } = viewOf(server, id);
  server.records.get(id)?.grants.set(idOf(therapist), { ...grant, epoch });
  const account = server.accounts.get(idOf(therapist));
  account?.changes.set(id, ++account.counter);
  await therapist.sync.now();
  expect(therapist.review.shared(id)).toBeUndefined();
  expect(kinds(therapist)).toEqual(["unopened"]);
});

test("a reader whom the server adds gets no key with the next save", async () => {
  const { server, therapist, patient, id, grant } = await takenBack();
  server.records.get(id)?.grants.set(idOf(therapist), grant);
  const account = server.accounts.get(idOf(patient));
  account?.changes.set(id, ++account.counter);
  await patient.sync.now();
  expect(kinds(patient)).toEqual(["readers"]);
  const begun = patient.line.seen.length;
  await write(patient, "After.", id);
  await settle(patient);
  const saves = patient.line.seen.slice(begun).filter(({ what }) => what === `PUT /api/records/${id}`);
  expect(saves).toHaveLength(1);
  for (const { body } of saves) expect((JSON.parse(body) as Schemas["Save"]).grants ?? []).toEqual([]);
  expect(entry(patient, id)).toMatchObject({ text: "After.", choice: "only-you" });
});

test("no word that they seal with the key that they kept becomes the owner's", async () => {
  const { server, patient, id, key, sealed } = await takenBack();
  const view = viewOf(server, id);
  for (const epoch of [sealed.epoch, view.epoch]) {
    const { row, version } = await readArrival({ ...view, readers: [] });
    const head = { ...headOf(row, version), epoch, revision: view.revision + 1, base: version.hash };
    const words = { kind: "entry", v: 1, readers: [], form: "free", written: "2026-11-28T10:00:00+01:00" };
    const content = { ...words, zone: "Europe/Madrid", text: "Slipped in.", sliders: {}, feelings: [] };
    const body = await sealBody(key, head, content);
    const forged = { ...view, epoch, revision: head.revision, body: toBase64(body), proof: toBase64(randomBytes(32)) };
    const base = toBase64(fromBase64(version.hash.replaceAll("-", "+").replaceAll("_", "/").padEnd(44, "=")));
    server.lie = (path, answer) => {
      if (path === `/api/records/${id}`) return { ...(answer as object), ...forged, base };
      if (path !== "/api/changes") return answer;
      const page = answer as Schemas["Changes"];
      const record = { ...forged, base, readers: [] };
      return { ...page, changes: page.changes.map((row_) => (row_.id === id ? { ...row_, record } : row_)) };
    };
    const account = server.accounts.get(idOf(patient));
    account?.changes.set(id, ++account.counter);
    await patient.sync.now();
    expect(kinds(patient)).toEqual(["unproven"]);
    expect(entry(patient, id).text).toBe("While it was shared.");
  }
});

/** Puts a comment of the therapist's about a revision before the patient, which no server of ours would take by now. */
async function slipIn({ server, therapist, patient, id }: Awaited<ReturnType<typeof takenBack>>, revision: number) {
  const [record, key, { publicKey }] = [newId(), randomBytes(32), await identityOf(patient)];
  const [owner, grantee] = [idOf(therapist), idOf(patient)];
  const readers = [{ account: grantee, key_id: await keyIdOf(publicKey), attention: 0 as const }];
  const words = { kind: "comment", v: 1, readers, text: `About ${revision}.`, revision };
  const written = { written: "2026-11-28T10:00:00+01:00", zone: "Europe/Madrid" };
  const body = await sealBody(
    key,
    { record, owner, about: id, epoch: 1, revision: 1, base: "" },
    { ...words, ...written },
  );
  const granted = new Date().toISOString();
  const grant = await sealGrant(
    await identityOf(therapist),
    { record, owner, grantee, epoch: 1, attention: 0 },
    publicKey,
    key,
  );
  server.records.set(record, {
    owner,
    view: {
      ...viewOf(server, id),
      id: record,
      owner,
      about: id,
      epoch: 1,
      revision: 1,
      base: null,
      body: toBase64(body),
      proof: toBase64(randomBytes(32)),
    },
    revision: 1,
    tombstone: undefined,
    grants: new Map([[grantee, { grantee, attention: 0, epoch: 1, granted, sealed: toBase64(grant.sealed) }]]),
    readings: new Map(),
    requests: new Map(),
    past: [],
  });
  const account = server.accounts.get(grantee);
  account?.changes.set(record, ++account.counter);
}

test("no comment that they make with the server's help about a revision that they never read is shown", async () => {
  const before = await takenBack();
  const { server, patient, id } = before;
  const read = viewOf(server, id).revision - 1;
  await write(patient, "After.", id);
  await settle(patient);
  await slipIn(before, viewOf(server, id).revision);
  await settle(patient);
  expect(entry(patient, id).comments).toEqual([]);
  // What they say of what they did read stays theirs to say.
  await slipIn(before, read);
  await settle(patient);
  for (const each of [patient, await patient.reopen()]) {
    expect(entry(each, id).comments.map(({ text }) => text)).toEqual([`About ${read}.`]);
  }
});
