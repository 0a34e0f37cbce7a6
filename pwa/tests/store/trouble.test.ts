import { openDB } from "idb";
import { describe, expect, test } from "vitest";
import { answer, device, entry, PASSPHRASE, pair, settle, write } from "./devices";

const SAVE = /^PUT \/api\/records\/[0-9a-f-]{36}$/;

describe("nothing typed is lost", () => {
  test("a lost answer is asked for again with the same bytes, and makes one revision", async () => {
    const { patient } = await pair();
    patient.line.loseAnswerTo = SAVE;
    const id = await write(patient, "Sent twice.");
    await settle(patient);
    expect(entry(patient, id)).toMatchObject({ where: "sent", revision: 1 });
    const sent = patient.line.seen.filter(({ what }) => what === `PUT /api/records/${id}`);
    expect(sent).toHaveLength(2);
    expect(sent[1]?.body).toBe(sent[0]?.body);
  });

  test("words typed after a lost answer follow it, and nothing is doubled", async () => {
    const { patient } = await pair();
    patient.line.loseAnswerTo = SAVE;
    const id = await write(patient, "One.");
    await patient.sync.now();
    patient.line.away = true;
    await write(patient, "One. Two.", id);
    await patient.sync.now();
    expect(patient.sync).toMatchObject({ state: "offline", online: false, unsent: 1 });
    patient.line.away = false;
    await patient.sync.now();
    expect(entry(patient, id)).toMatchObject({ text: "One. Two.", where: "sent", revision: 2, merged: false });
  });

  test("words survive a killed tab, before and after they are done", async () => {
    const { patient } = await pair();
    patient.line.away = true;
    const done = await write(patient, "Done, not sent.");
    const draft = await patient.journal.openDraft();
    draft.set({ text: "half a" });
    draft.set({ text: "half a sentence" });
    await draft.kept();
    const again = await patient.reopen();
    expect(again.session.phase).toBe("unlocked");
    expect(entry(again, done).text).toBe("Done, not sent.");
    expect(again.journal.drafts).toMatchObject([{ id: draft.id, beginning: "half a sentence", entry: undefined }]);
    expect((await again.journal.openDraft(draft.id)).fields.text).toBe("half a sentence");
    expect(again.sync.unsent).toBe(2);
  });

  test("a locked device takes words and shows none", async () => {
    const { patient } = await pair();
    const before = await write(patient, "Before.");
    await patient.sync.now();
    await patient.session.lock();
    expect(patient.session).toMatchObject({ phase: "locked", name: undefined });
    expect(patient.journal.entries).toEqual([]);
    await expect(patient.journal.openDraft(before)).rejects.toMatchObject({ reason: "locked" });
    const id = await write(patient, "While locked.");
    expect(patient.journal.entries).toEqual([]);
    expect(patient.sync.unsent).toBe(1);
    await expect(patient.session.unlock("not the passphrase at all")).rejects.toMatchObject({ reason: "wrong-proof" });
    await patient.session.unlock(PASSPHRASE);
    await patient.sync.now();
    expect(entry(patient, id)).toMatchObject({ text: "While locked.", where: "sent" });
  });

  test("what is sealed goes out while locked", async () => {
    const { patient } = await pair();
    patient.line.loseAnswerTo = SAVE;
    const id = await write(patient, "On its way.");
    await patient.sync.now();
    await patient.session.lock();
    await settle(patient);
    expect(patient.line.seen.filter(({ what }) => what === `PUT /api/records/${id}`)).toHaveLength(2);
    expect(patient.sync.unsent).toBe(0);
    await patient.session.unlock(PASSPHRASE);
    await patient.sync.now();
    expect(entry(patient, id)).toMatchObject({ text: "On its way.", where: "sent" });
    expect(patient.sync.faults).toEqual([]);
  });

  test("a hotel's sign-in page is no answer, and a signed-out session only pauses", async () => {
    const { patient } = await pair();
    patient.line.portal = true;
    const id = await write(patient, "In the lobby.");
    await patient.sync.now();
    expect(patient.sync).toMatchObject({ state: "offline", unsent: 1 });
    patient.line.portal = false;
    patient.line.signedOut = true;
    await patient.sync.now();
    expect(patient.session.expired).toBe(true);
    expect(patient.sync).toMatchObject({ state: "paused", unsent: 1 });
    await expect(patient.session.signOut()).rejects.toMatchObject({ reason: "unsent-words" });
    patient.line.signedOut = false;
    await patient.session.signIn("ana@example.org", PASSPHRASE);
    expect(entry(patient, id)).toMatchObject({ text: "In the lobby.", where: "sent" });
    expect(patient.session.expired).toBe(false);
  });

  test("one change that can't go out doesn't hold the others up", async () => {
    const { patient, therapist } = await pair();
    const shared = await write(patient, "For you.");
    await patient.journal.setReaders(shared, "to-read");
    await settle(patient, therapist);
    therapist.line.away = true;
    await answer(therapist, shared, "An answer too late.");
    await patient.journal.takeBack(shared);
    await patient.sync.now();
    therapist.line.away = false;
    await therapist.care.saveTemplate("A newer text.", "written");
    await settle(therapist, patient);
    expect(therapist.care.template?.text).toBe("A newer text.");
    expect(patient.care.agreements[0]?.version).toBe(2);
    // Its words stay with who wrote them.
    expect(therapist.sync.unsent).toBe(1);
    expect(entry(patient, shared).comments).toEqual([]);
  });

  test("no word lies in the open on the disk", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "SECRETWORD sent");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    patient.line.away = true;
    await write(patient, "SECRETWORD pending");
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "SECRETWORD draft" });
    await draft.kept();
    const databases = await indexedDB.databases();
    const kept: unknown[] = [];
    for (const { name } of databases) {
      const database = await openDB(name ?? "");
      for (const store of database.objectStoreNames) kept.push(...(await database.getAll(store)));
      database.close();
    }
    const bytes = (value: unknown): string =>
      value instanceof Uint8Array
        ? Buffer.from(value).toString("latin1")
        : value !== null && typeof value === "object"
          ? Object.values(value).map(bytes).join("\n")
          : String(value);
    const all = kept.map(bytes).join("\n");
    expect(all.length).toBeGreaterThan(10_000);
    expect(all).not.toContain("SECRETWORD");
    expect(all).not.toContain(PASSPHRASE);
    expect(all).not.toContain("Dr. Rivera");
  });
});

describe("two devices of one person", () => {
  async function second(server: Awaited<ReturnType<typeof pair>>["server"]) {
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await laptop.sync.now();
    return laptop;
  }

  test("a new device has everything, in pages", async () => {
    const { server, patient, therapist } = await pair();
    for (let i = 0; i < 8; i++) await write(patient, `Entry ${i}`);
    const last = patient.journal.entries[0]?.id ?? "";
    await patient.journal.setReaders(last, "to-read");
    await settle(patient, therapist);
    await answer(therapist, last, "Yes.");
    await settle(therapist, patient);
    const laptop = await second(server);
    expect(laptop.journal.entries).toHaveLength(8);
    expect(laptop.session.name).toBe("Ana");
    expect(entry(laptop, last).comments).toMatchObject([{ name: "Dr. Rivera", text: "Yes." }]);
    expect(laptop.sync.faults).toEqual([]);
  });

  test("changes to different lines both stay", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "Morning.\n\nNoon.\n\nNight.\n");
    await patient.sync.now();
    const laptop = await second(server);
    laptop.line.away = true;
    await write(laptop, "Morning.\n\nNoon.\n\nNight, and stars.\n", id);
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "Early morning.\n\nNoon.\n\nNight.\n", sliders: { mood: 7 }, feelings: ["calm"] });
    await draft.done();
    await patient.sync.now();
    laptop.line.away = false;
    await settle(laptop, patient);
    for (const each of [laptop, patient]) {
      expect(entry(each, id)).toMatchObject({
        text: "Early morning.\n\nNoon.\n\nNight, and stars.\n",
        sliders: { mood: 7 },
        feelings: ["calm"],
        merged: false,
        where: "sent",
      });
    }
  });

  test("changes to the same words stay side by side, marked, until somebody sorts them out", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "The sea was calm today.");
    await patient.sync.now();
    const laptop = await second(server);
    laptop.line.away = true;
    await write(laptop, "The sea was silver today.", id);
    await write(patient, "The sea was rough today.", id);
    await patient.sync.now();
    laptop.line.away = false;
    await settle(laptop, patient);
    for (const each of [laptop, patient]) {
      expect(entry(each, id).text).toContain("rough");
      expect(entry(each, id).text).toContain("silver");
      expect(entry(each, id).merged).toBe(true);
    }
    await write(patient, "The sea was silver, and rough.", id);
    await settle(patient, laptop);
    expect(entry(laptop, id)).toMatchObject({ text: "The sea was silver, and rough.", merged: false });
  });

  test("an edit made offline goes out under the key that closed the entry meanwhile", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Shared once.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const laptop = await second(server);
    await patient.journal.takeBack(id);
    await patient.sync.now();
    // The laptop doesn't know yet, and keeps the change to itself; sent, it must not reach the former reader.
    laptop.line.away = true;
    await write(laptop, "Shared once. Mine now.", id);
    await laptop.journal.sendTheChange(id);
    laptop.line.away = false;
    await settle(laptop, patient, therapist);
    expect(entry(patient, id)).toMatchObject({ text: "Shared once. Mine now.", readers: [], choice: "only-you" });
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(server.records.get(id)?.grants.size).toBe(0);
  });

  test("taken back offline, nothing more is sealed under the old key", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Open.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const epoch = server.records.get(id)?.view?.epoch ?? 0;
    patient.line.away = true;
    await patient.journal.takeBack(id);
    await write(patient, "Open. And closed.", id);
    expect(entry(patient, id)).toMatchObject({ waitingToBeTakenBack: true, where: "on-this-phone" });
    patient.line.away = false;
    await settle(patient, therapist);
    expect(server.records.get(id)?.view?.epoch).toBe(epoch + 1);
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(entry(patient, id)).toMatchObject({ text: "Open. And closed.", waitingToBeTakenBack: false });
  });

  test("a deletion that meets an unsent edit leaves the edit as an entry of its own", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "To be deleted.");
    await patient.sync.now();
    const laptop = await second(server);
    laptop.line.away = true;
    await write(laptop, "To be deleted, or not.", id);
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await patient.sync.now();
    laptop.line.away = false;
    await settle(laptop, patient);
    for (const each of [laptop, patient]) {
      expect(each.journal.entries).toMatchObject([{ text: "To be deleted, or not.", choice: "only-you" }]);
      expect(each.journal.entry(id)).toBeUndefined();
    }
    expect(laptop.sync.faults).toMatchObject([{ kind: "kept-after-deletion" }]);
  });

  test("a deletion doesn't take with it what was written elsewhere since", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "One.");
    await patient.sync.now();
    const laptop = await second(server);
    laptop.line.away = true;
    await laptop.journal.deleteEntry(id);
    laptop.wait(10_000);
    await write(patient, "One. Two.", id);
    await patient.sync.now();
    laptop.line.away = false;
    await settle(laptop, patient);
    expect(entry(laptop, id).text).toBe("One. Two.");
    expect(entry(patient, id).text).toBe("One. Two.");
  });
});

describe("two pages of one device", () => {
  test("that change one entry at the same time lose no word of either", async () => {
    const { patient } = await pair();
    const id = await write(patient, "First line.\nSecond line.\n");
    await patient.sync.now();
    const other = await patient.page();
    patient.line.away = true;
    const [here, there] = [await patient.journal.openDraft(id), await other.journal.openDraft(id)];
    here.set({ text: "First line, longer.\nSecond line.\n" });
    there.set({ text: "First line.\nSecond line, longer.\n" });
    await here.done();
    await there.done();
    patient.line.away = false;
    await settle(other, patient);
    for (const each of [patient, other]) {
      expect(entry(each, id)).toMatchObject({ text: "First line, longer.\nSecond line, longer.\n", where: "sent" });
      expect(each.sync.faults).toEqual([]);
    }
  });

  test("that both send don't take each other's answers for an attack", async () => {
    const { patient } = await pair();
    const other = await patient.page();
    const ids = [await write(patient, "Here."), await write(other, "There.")];
    for (let round = 0; round < 5; round++) {
      await Promise.all([write(patient, `Here ${round}.`, ids[0]), write(other, `There ${round}.`, ids[1])]);
      await Promise.all([patient.sync.now(), other.sync.now()]);
    }
    await settle(patient, other);
    const texts = (on: typeof patient) => ids.map((id) => entry(on, id ?? "").text);
    expect(texts(patient)).toEqual(["Here 4.", "There 4."]);
    expect(texts(other)).toEqual(["Here 4.", "There 4."]);
    for (const each of [patient, other]) expect(each.sync.faults).toEqual([]);
  });
});

describe("a server restored from a backup", () => {
  test("gets back what this device has and it lost, and the person is told", async () => {
    const { server, patient, therapist } = await pair();
    const kept = await write(patient, "Before the backup.");
    const deleted = await write(patient, "Deleted after it.");
    await settle(patient, therapist);
    const restore = server.backup();
    await write(patient, "Before the backup, changed after.", kept);
    const lost = await write(patient, "Written after the backup.");
    await patient.journal.setReaders(lost, "to-read");
    await patient.journal.deleteEntry(deleted);
    patient.wait(10_000);
    await settle(patient, therapist);
    restore();
    await settle(patient, therapist, patient);
    expect(patient.sync.restored).toBe(true);
    expect(entry(patient, kept)).toMatchObject({ text: "Before the backup, changed after.", where: "sent" });
    expect(entry(patient, lost)).toMatchObject({ text: "Written after the backup.", where: "sent" });
    expect(patient.journal.entry(deleted)).toBeUndefined();
    expect(therapist.review.shared(lost)?.text).toBe("Written after the backup.");
    expect(patient.sync.faults).toEqual([]);
    expect(therapist.sync.faults).toEqual([]);
    patient.sync.dismissRestored();
  });
});

describe("what can't go out", () => {
  test("a row that doesn't open closes nothing else", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Fine.");
    await patient.sync.now();
    patient.line.away = true;
    const broken = await write(patient, "Will break.");
    const [{ name } = { name: "" }] = (await indexedDB.databases()).slice(-1);
    const database = await openDB(name ?? "");
    const row = await database.get("outbox", broken);
    await database.put("outbox", { ...row, content: new Uint8Array(100) });
    database.close();
    const again = await patient.reopen();
    expect(entry(again, id).text).toBe("Fine.");
    expect(again.sync.faults).toMatchObject([{ kind: "unopened", record: broken }]);
    expect(again.sync.unsent).toBe(1);
  });

  test("an entry that is too large stays here and says so, and goes out once it is shorter", async () => {
    const { patient } = await pair();
    const id = await write(patient, "x".repeat(2 ** 20));
    await patient.sync.now();
    expect(entry(patient, id)).toMatchObject({ where: "on-this-phone", refused: "too-large" });
    await write(patient, "Short.", id);
    await patient.sync.now();
    expect(entry(patient, id)).toMatchObject({ where: "sent", refused: undefined, text: "Short." });
  });

  test("a share after the relation has ended: the words go out, unshared, and the person is told", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "For you.");
    await patient.sync.now();
    for (const relation of server.relations) relation.ended = new Date().toISOString();
    await patient.journal.setReaders(id, "to-read", [therapist.session.account ?? ""]);
    await settle(patient, therapist);
    expect(entry(patient, id)).toMatchObject({ where: "sent", choice: "only-you", readers: [] });
    expect(patient.sync.faults).toMatchObject([{ kind: "share-refused", record: id }]);
    await patient.sync.dismissFault(patient.sync.faults[0]?.id ?? "");
    expect(patient.sync.faults).toEqual([]);
    expect(therapist.review.toRead).toEqual([]);
  });

  test("keys renewed elsewhere: the words are sealed anew after signing in", async () => {
    const { server, patient } = await pair();
    server.refuse = (what) => (what.startsWith("PUT /api/records/") ? { status: 409, code: "stale-gen" } : undefined);
    const id = await write(patient, "Under old keys.");
    await patient.sync.now();
    expect(patient.session.expired).toBe(true);
    expect(entry(patient, id).text).toBe("Under old keys.");
    server.refuse = () => undefined;
    await patient.session.signIn("ana@example.org", PASSPHRASE);
    expect(entry(patient, id).where).toBe("sent");
    const bodies = patient.line.seen.filter(({ what }) => what === `PUT /api/records/${id}`).map(({ body }) => body);
    expect(new Set(bodies).size).toBe(2);
  });

  test("a fault of the server with one record doesn't hold the others up", async () => {
    const { server, patient } = await pair();
    patient.line.away = true;
    const bad = await write(patient, "Stumbles.");
    const good = await write(patient, "Runs.");
    patient.line.away = false;
    server.refuse = (what) => (what === `PUT /api/records/${bad}` ? { status: 500, code: "server-error" } : undefined);
    await patient.sync.now();
    expect(entry(patient, good).where).toBe("sent");
    expect(entry(patient, bad)).toMatchObject({ where: "on-this-phone", refused: undefined });
    server.refuse = () => undefined;
    await patient.sync.now();
    expect(entry(patient, bad).where).toBe("sent");
  });
});
