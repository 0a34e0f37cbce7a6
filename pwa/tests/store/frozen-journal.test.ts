/** A server that answers with one old consistent state. */
import { expect, test } from "vitest";
import { type Device, device, entry, PASSPHRASE, pair, settle, write } from "./devices";
import type { FakeServer } from "./fake-server";

const EMAIL = "ana@example.org";
const DAY = 86_400_000;

/** An entry that a ledger lists, with the way to freeze the server there; then three more days, with their ledger. */
async function frozen() {
  const { server, patient } = await pair();
  const id = await write(patient, "Then.");
  await settle(patient);
  await patient.hideFor(1_000);
  await settle(patient);
  const then = Date.now() + DAY;
  const [restore, { incarnation }] = [server.backup(), server];
  patient.wait(3 * DAY);
  await write(patient, "Since.", id);
  const later = await write(patient, "Later.");
  await settle(patient);
  await patient.hideFor(1_000);
  await settle(patient);
  return {
    server,
    patient,
    id,
    later,
    then,
    freeze: () => {
      restore();
      // It doesn't say that it was restored.
      server.incarnation = incarnation;
    },
  };
}

/** Has the server count on as if nothing had happened, and show everything again. */
function countOn(server: FakeServer, on: Device, counter: number): void {
  const account = server.accounts.get(on.session.account ?? "");
  if (!account) throw new Error("no account");
  account.counter = counter;
  for (const record of account.changes.keys()) account.changes.set(record, ++account.counter);
}

test("a device that goes on keeps its words, is told, and gives back what is missing", async () => {
  const { server, patient, id, later, freeze } = await frozen();
  freeze();
  await settle(patient);
  expect(patient.sync.restored).toBe(true);
  expect([entry(patient, id).text, entry(patient, later).text]).toEqual(["Since.", "Later."]);
  await settle(patient);
  expect(server.records.has(later)).toBe(true);
});

test("a server that counts on from there is refused, and the words stay, after a restart too", async () => {
  const { server, patient, id, freeze } = await frozen();
  const counter = server.accounts.get(patient.session.account ?? "")?.counter ?? 0;
  freeze();
  countOn(server, patient, counter);
  await settle(patient);
  for (const each of [patient, await patient.reopen()]) {
    expect(each.sync.faults.map(({ kind, record }) => [kind, record])).toContainEqual(["rollback", id]);
    expect(entry(each, id).text).toBe("Since.");
  }
});

test("a device without memory is told of when the journal is", async () => {
  const { server, id, then, freeze } = await frozen();
  freeze();
  const fresh = await device(server);
  await fresh.session.signIn(EMAIL, PASSPHRASE);
  await settle(fresh);
  expect(entry(fresh, id).text).toBe("Then.");
  expect(fresh.sync.journalAt).toBeLessThan(then);
});

test("an old journal beside the newer ledger is refused, and what is missing is named", async () => {
  const { server, patient, id, later, freeze } = await frozen();
  const ledger = server.accounts.get(patient.session.account ?? "")?.me.ledger_record ?? "";
  const kept = structuredClone(server.records.get(ledger));
  freeze();
  if (!kept) throw new Error("no ledger");
  server.records.set(ledger, kept);
  const fresh = await device(server);
  await fresh.session.signIn(EMAIL, PASSPHRASE);
  await settle(fresh);
  expect(fresh.journal.entries).toEqual([]);
  const found = fresh.sync.faults.map(({ kind, record }) => [kind, record]);
  expect(found).toContainEqual(["rollback", id]);
  expect(found).toContainEqual(["withheld", later]);
});
