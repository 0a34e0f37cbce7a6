import { describe, expect, test, vi } from "vitest";
import type { Schemas } from "../../src/api/client";
import { type Device, device, entry, PASSPHRASE, pair, settle, write } from "./devices";
import type { FakeServer } from "./fake-server";

const TEN_MINUTES = 10 * 60_000;
const EMAIL = "ana@example.org";

/** Leaves the app, as a person does who puts the phone away. */
async function putAway(patient: Device): Promise<void> {
  await patient.hideFor(1_000);
  await settle(patient);
}

/** A device without memory. */
async function newDevice(server: FakeServer): Promise<Device> {
  const fresh = await device(server);
  await fresh.session.signIn(EMAIL, PASSPHRASE);
  await settle(fresh);
  return fresh;
}

/** Records as the server has them now. */
function feed(server: FakeServer): Map<string, Schemas["RecordView"]> {
  const views = [...server.records].flatMap(([id, { view }]) => (view ? [[id, structuredClone(view)] as const] : []));
  return new Map(views);
}

/** The revision of a person's ledger that the server has. */
function saved(server: FakeServer, { session }: Device): number {
  const ledger = server.accounts.get(session.account ?? "")?.me.ledger_record ?? "";
  return feed(server).get(ledger)?.revision ?? 0;
}

/** Lets the server show other records than it has; undefined: nothing of that one. */
function show(server: FakeServer, change: (view: Schemas["RecordView"]) => Schemas["RecordView"] | undefined): void {
  server.lie = (path, answer) => {
    if (path.startsWith("/api/records/") && answer) return change(answer as Schemas["RecordView"]) ?? answer;
    if (path !== "/api/changes") return answer;
    const page = answer as Schemas["Changes"];
    const changes = page.changes.flatMap((row) => {
      const record = row.record && change(row.record);
      return row.record && !record ? [] : [{ ...row, record: record ?? null }];
    });
    return { ...page, changes };
  };
}

describe("a new device", () => {
  test("says of when the journal is that it was shown, until that was seen", async () => {
    const before = Date.now();
    const { server, patient } = await pair();
    const id = await write(patient, "The water again.");
    await settle(patient);
    await putAway(patient);
    const fresh = await newDevice(server);
    expect(entry(fresh, id).text).toBe("The water again.");
    expect(fresh.sync.journalAt).toBeGreaterThanOrEqual(before);
    expect(fresh.sync).toMatchObject({ faults: [], unsent: 0, restored: false });
    fresh.sync.dismissJournalAt();
    await settle(fresh);
    expect(fresh.sync.journalAt).toBeUndefined();
    expect(patient.sync.journalAt).toBeUndefined();
  });

  test("says so where it can't tell", async () => {
    const { server, patient } = await pair();
    await write(patient, "Never put away.");
    await settle(patient);
    expect((await newDevice(server)).sync.journalAt).toBeNull();
  });

  test("asks nothing where there is nothing to miss", async () => {
    const { patient } = await pair();
    expect(patient.sync.journalAt).toBeUndefined();
  });

  test("refuses an entry in an older state than was listed", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "One.");
    await settle(patient);
    const old = feed(server).get(id);
    await write(patient, "One. Two.", id);
    await settle(patient);
    await putAway(patient);
    show(server, (view) => (view.id === id ? old : view));
    const fresh = await newDevice(server);
    expect(fresh.journal.entries).toEqual([]);
    expect(fresh.sync.faults).toMatchObject([{ kind: "rollback", record: id }]);
  });

  test("refuses other words under the revision that was listed", async () => {
    const { server, patient } = await pair();
    const restore = server.backup();
    const id = await write(patient, "One.");
    await settle(patient);
    const other = feed(server).get(id);
    const { incarnation } = server;
    restore();
    server.incarnation = incarnation;
    patient.line.away = true;
    const another = await newDevice(server);
    const second = await write(another, "Two.");
    await settle(another);
    await putAway(another);
    show(server, (view) => (view.id === second && other ? { ...other, id: second } : view));
    const fresh = await newDevice(server);
    expect(fresh.journal.entries).toEqual([]);
    expect(fresh.sync.faults).toMatchObject([{ record: second }]);
  });

  test("misses what was listed and isn't shown, and goes on listing it", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "Kept back.");
    await settle(patient);
    await putAway(patient);
    show(server, (view) => (view.id === id ? undefined : view));
    const fresh = await newDevice(server);
    expect(fresh.sync.faults).toMatchObject([{ kind: "withheld", record: id }]);
    await write(fresh, "Another one.");
    await settle(fresh);
    fresh.wait(TEN_MINUTES);
    await putAway(fresh);
    const next = await newDevice(server);
    expect(next.sync.faults).toMatchObject([{ kind: "withheld", record: id }]);
  });

  test("refuses what was deleted", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "To be gone.");
    await settle(patient);
    const live = feed(server).get(id);
    await patient.journal.deleteEntry(id);
    patient.wait(TEN_MINUTES);
    await settle(patient);
    await putAway(patient);
    server.lie = (path, answer) => {
      if (path !== "/api/changes") return answer;
      const page = answer as Schemas["Changes"];
      const back = (row: Schemas["Change"]): Schemas["Change"] =>
        row.id === id ? { ...row, state: "record", record: live ?? null, tombstone: null } : row;
      return { ...page, changes: page.changes.map(back) };
    };
    const fresh = await newDevice(server);
    expect(fresh.journal.entries).toEqual([]);
    expect(fresh.sync.faults).toMatchObject([{ kind: "rollback", record: id }]);
  });

  test("accuses no server that was restored, and says that it was", async () => {
    const soon = Date.now() + TEN_MINUTES;
    const { server, patient } = await pair();
    const id = await write(patient, "One.");
    await settle(patient);
    await putAway(patient);
    const restore = server.backup();
    await write(patient, "One. Two.", id);
    await settle(patient);
    patient.wait(TEN_MINUTES);
    await putAway(patient);
    restore();
    const fresh = await newDevice(server);
    expect(entry(fresh, id).text).toBe("One.");
    expect(fresh.sync).toMatchObject({ faults: [], restored: true });
    expect(fresh.sync.journalAt).toBeLessThan(soon);
    // Who has what was lost gives it back, and lists it anew.
    await settle(patient, fresh);
    patient.wait(TEN_MINUTES);
    await putAway(patient);
    const next = await newDevice(server);
    expect(entry(next, id).text).toBe("One. Two.");
    expect(next.sync).toMatchObject({ faults: [], restored: false });
  });
});

describe("the ledger", () => {
  test("is saved at most every ten minutes, and only after a change", async () => {
    const { server, patient } = await pair();
    await write(patient, "One.");
    await settle(patient);
    await putAway(patient);
    expect(saved(server, patient)).toBe(1);
    await write(patient, "Two.");
    await settle(patient);
    await putAway(patient);
    expect(saved(server, patient)).toBe(1);
    patient.wait(TEN_MINUTES);
    await patient.session.lock();
    await vi.waitFor(() => expect(saved(server, patient)).toBe(2));
    patient.wait(TEN_MINUTES);
    for (let again = 0; again < 2; again++) {
      await patient.session.unlock(PASSPHRASE);
      await settle(patient);
      await patient.session.lock();
    }
    expect(saved(server, patient)).toBe(2);
  });

  test("goes out when the app is locked, sealed before", async () => {
    const { server, patient } = await pair();
    await write(patient, "One.");
    await settle(patient);
    await patient.session.lock();
    await vi.waitFor(() => expect(saved(server, patient)).toBe(1));
    expect((await newDevice(server)).sync.journalAt).toEqual(expect.any(Number));
  });

  test("of two devices that save at once names what both have", async () => {
    const { server, patient } = await pair();
    const laptop = await newDevice(server);
    await putAway(patient);
    await settle(patient, laptop);
    for (const each of [patient, laptop]) each.wait(TEN_MINUTES);
    const [mine, theirs] = [await write(patient, "Phone."), await write(laptop, "Laptop.")];
    await Promise.all([patient.sync.now(), laptop.sync.now()]);
    await Promise.all([patient.hideFor(1_000), laptop.hideFor(1_000)]);
    await settle(patient, laptop);
    show(server, (view) => ([mine, theirs].includes(view.id) ? undefined : view));
    const missed = (await newDevice(server)).sync.faults.map(({ record }) => record);
    expect(missed.sort()).toEqual([mine, theirs].sort());
  });

  test("is one, where two devices begin it at once", async () => {
    const { server, patient } = await pair();
    const laptop = await newDevice(server);
    const both = [await write(patient, "Phone."), await write(laptop, "Laptop.")];
    await settle(patient, laptop);
    const owned = () => [...feed(server).values()].filter(({ owner }) => owner === patient.session.account).length;
    const before = owned();
    await Promise.all([patient.hideFor(1_000), laptop.hideFor(1_000)]);
    await settle(patient, laptop);
    for (const each of [patient, laptop]) {
      each.wait(TEN_MINUTES);
      await putAway(each);
    }
    await settle(patient, laptop);
    expect(owned()).toBe(before + 1);
    show(server, (view) => (both.includes(view.id) ? undefined : view));
    const missed = (await newDevice(server)).sync.faults.map(({ record }) => record);
    expect(missed.sort()).toEqual(both.sort());
  });

  test("waits for no network, and is nothing that waits to be sent", async () => {
    const { server, patient } = await pair();
    await write(patient, "One.");
    await settle(patient);
    patient.line.away = true;
    await patient.session.lock();
    expect(patient.session.phase).toBe("locked");
    expect(patient.sync.unsent).toBe(0);
    patient.line.away = false;
    await patient.session.unlock(PASSPHRASE);
    await putAway(patient);
    expect((await newDevice(server)).sync.journalAt).toEqual(expect.any(Number));
  });
});
