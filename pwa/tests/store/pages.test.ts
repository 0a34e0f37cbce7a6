/** What the simulation has found (tests/simulation): several pages of one device that hear nothing of each other. */
import { describe, expect, test, vi } from "vitest";
import { answer, device, entry, PASSPHRASE, pair, settle, write } from "./devices";
import type { FakeServer } from "./fake-server";

describe("a page that hasn't heard of another one", () => {
  test("doesn't sign out over words that the other keeps", async () => {
    const { patient } = await pair();
    const other = await patient.page();
    const draft = await other.journal.openDraft();
    draft.set({ text: "Typed in the other page." });
    await draft.kept();
    await expect(patient.session.signOut()).rejects.toMatchObject({ reason: "unsent-words" });
    const again = await patient.reopen();
    expect(again.journal.drafts).toMatchObject([{ beginning: "Typed in the other page." }]);
  });

  test("doesn't sign out over words that the other keeps while it tells the server", async () => {
    const { server, patient } = await pair();
    const other = await patient.page();
    const draft = await other.journal.openDraft();
    const answer = server.answer.bind(server);
    server.answer = async (request, ...more) => {
      if (request.url.endsWith("/api/sign-out")) {
        draft.set({ text: "In the last moment." });
        await draft.kept();
      }
      return answer(request, ...more);
    };
    await expect(patient.session.signOut()).rejects.toMatchObject({ reason: "unsent-words" });
    expect(patient.sync.unsent).toBe(1);
    await patient.session.signIn("ana@example.org", PASSPHRASE);
    expect(patient.journal.drafts).toMatchObject([{ beginning: "In the last moment." }]);
  });

  test("stops asking the server when the other has signed out without network", async () => {
    const { server, patient } = await pair();
    const other = await patient.page();
    patient.line.away = true;
    await patient.session.signOut();
    patient.line.away = false;
    server.incarnation = crypto.randomUUID();
    await other.sync.now();
    expect(other.session.phase).toBe("signed-out");
    expect((await patient.reopen()).session.phase).toBe("signed-out");
  });

  test("signs in again with everything, although the other had emptied the device", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Sent before.");
    await patient.sync.now();
    const other = await patient.page();
    await other.sync.now();
    await patient.session.signOut();
    await other.session.signIn("ana@example.org", PASSPHRASE);
    const again = await other.reopen();
    expect(entry(again, id).text).toBe("Sent before.");
  });

  test("goes on from where the device is, not from where it was before the other signed out and in", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Sent before.");
    await patient.sync.now();
    const other = await patient.page();
    await other.sync.now();
    await patient.session.signOut();
    // Signed in, and nothing fetched yet.
    patient.line.loseAnswerTo = /changes/;
    await patient.session.signIn("ana@example.org", PASSPHRASE);
    await other.sync.now();
    const again = await patient.reopen();
    await again.sync.now();
    expect(entry(again, id).text).toBe("Sent before.");
  });

  test("keeps no keys where the other has signed out", async () => {
    const { patient } = await pair();
    const other = await patient.page();
    await other.session.lock();
    await patient.session.unlock(PASSPHRASE);
    const third = await patient.page();
    await third.session.lock();
    await other.session.signOut();
    await expect(third.session.unlock(PASSPHRASE)).rejects.toMatchObject({ reason: "signed-out" });
    expect((await patient.reopen()).session.phase).toBe("signed-out");
  });

  test("goes on with what the other has typed in an entry, instead of writing over it", async () => {
    const { patient } = await pair();
    const id = await write(patient, "One.");
    const other = await patient.page();
    const draft = await other.journal.openDraft(id);
    draft.set({ text: "One. Two." });
    await draft.kept();
    expect((await patient.journal.openDraft(id)).fields.text).toBe("One. Two.");
  });

  test("adds to what the other has queued, also once it has met that while sending", async () => {
    const { server, patient } = await pair();
    server.refuse = (what) => (what.startsWith("PUT") ? { status: 500, code: "server-error" } : undefined);
    patient.line.away = true;
    const id = await write(patient, "One.");
    const other = await patient.page();
    const draft = await other.journal.openDraft(id);
    await write(patient, "One. Two.", id);
    patient.line.away = false;
    await other.sync.now();
    draft.set({ text: "Zero. One." });
    await draft.done();
    server.refuse = () => undefined;
    await settle(other);
    expect(entry(other, id).text).toBe("Zero. One. Two.");
  });

  test("deletes no draft that the other keeps, and no change that it has queued", async () => {
    const { patient } = await pair();
    const [drafted, queued] = [await write(patient, "One."), await write(patient, "Two.")];
    await patient.sync.now();
    const other = await patient.page();
    const draft = await other.journal.openDraft(drafted);
    draft.set({ text: "One. And half of another." });
    await draft.kept();
    patient.line.away = true;
    await write(other, "Two. And a whole one.", queued);
    await patient.journal.deleteEntry(drafted);
    await patient.journal.deleteEntry(queued);
    expect(entry(patient, queued).text).toBe("Two. And a whole one.");
    expect(patient.sync.faults).toMatchObject([{ kind: "kept-after-deletion", record: queued }]);
    patient.wait(10_000);
    patient.line.away = false;
    await patient.sync.now();
    const again = await patient.reopen();
    const resumed = await again.journal.openDraft(drafted);
    expect(resumed.fields.text).toBe("One. And half of another.");
    await resumed.done();
    await settle(again);
    expect(again.journal.entries.map(({ text }) => text).sort()).toEqual([
      "One. And half of another.",
      "Two. And a whole one.",
    ]);
  });
});

describe("an entry that another page has deleted, and that the server never had", () => {
  test("stays deleted when its readers change here, and comes back whole", async () => {
    const { patient } = await pair();
    patient.line.away = true;
    const id = await write(patient, "Never sent.");
    await patient.journal.setReaders(id, "to-read");
    const other = await patient.page();
    await patient.journal.deleteEntry(id);
    await other.journal.takeBack(id);
    expect(other.journal.entries).toEqual([]);
    await other.journal.undoDelete(id);
    patient.line.away = false;
    await settle(other);
    expect(entry(await patient.reopen(), id)).toMatchObject({ text: "Never sent.", choice: "only-you" });
  });

  test("leaves a change that was kept to oneself here", async () => {
    const { patient } = await pair();
    patient.line.away = true;
    const id = await write(patient, "Never sent.");
    await patient.journal.setReaders(id, "to-read");
    const other = await patient.page();
    await write(other, "Never sent. But kept.", id);
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    patient.line.away = false;
    await settle(patient, other);
    const again = await patient.reopen();
    await settle(again);
    expect(again.journal.entries.map(({ text }) => text)).toEqual(["Never sent. But kept."]);
  });
});

describe("a draft that is done while locked", () => {
  test("stays a draft where other words wait that can't be opened, and both are there in the end", async () => {
    const { patient } = await pair();
    patient.line.away = true;
    const id = await write(patient, "One.");
    const draft = await patient.journal.openDraft(id);
    await write(await patient.page(), "One. Two.", id);
    await patient.session.lock();
    draft.set({ text: "Zero. One." });
    await draft.done();
    await patient.session.unlock(PASSPHRASE);
    expect(patient.journal.drafts).toMatchObject([{ id, beginning: "Zero. One." }]);
    await (await patient.journal.openDraft(id)).done();
    expect(entry(patient, id).text).toBe("Zero. One. Two.");
  });
});

describe("a change to a shared entry that is done while locked", () => {
  test("stays a draft, and reaches nobody", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const draft = await patient.journal.openDraft(id);
    await patient.session.lock();
    draft.set({ text: "Shared. But not this." });
    await draft.done();
    await patient.session.unlock(PASSPHRASE);
    await settle(patient, therapist);
    expect(therapist.review.shared(id)?.text).toBe("Shared.");
    expect(patient.journal.drafts).toMatchObject([{ id, beginning: "Shared. But not this." }]);
  });
});

describe("a draft that is left and opened again at once", () => {
  test("has the last keystroke", async () => {
    const { patient } = await pair();
    const draft = await patient.journal.openDraft();
    draft.set({ text: "Half" });
    await draft.kept();
    draft.set({ text: "Half a" });
    draft.set({ text: "Half a word" });
    expect((await patient.journal.openDraft(draft.id)).fields.text).toBe("Half a word");
  });
});

describe("a device without room", () => {
  test("goes on to exchange once there is some, though it couldn't note that its session had ended", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Not sent yet.");
    vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("the disk is full", "QuotaExceededError");
    });
    patient.line.signedOut = true;
    await patient.sync.now().catch(() => undefined);
    vi.restoreAllMocks();
    patient.line.signedOut = false;
    await patient.sync.now();
    expect(entry(patient, id).where).toBe("sent");
  });
});

describe("two devices of one person, offline", () => {
  test("a change kept to oneself outlives its entry, which another device deleted", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    laptop.line.away = true;
    await write(laptop, "Shared. But not this yet.", id);
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await patient.sync.now();
    laptop.line.away = false;
    await settle(laptop, patient, laptop, therapist);
    for (const each of [laptop, patient]) {
      expect(each.journal.entries).toMatchObject([{ text: "Shared. But not this yet.", choice: "only-you" }]);
      expect(each.sync.unsent).toBe(0);
    }
    expect(laptop.sync.faults).toMatchObject([{ kind: "kept-after-deletion" }]);
    expect(therapist.review.toRead).toEqual([]);
  });

  test("both keep a change to themselves, and neither takes the other's place", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const draft = await laptop.journal.openDraft(id);
    draft.set({ text: "Shared. From the laptop." });
    await write(patient, "From the phone. Shared.", id);
    await settle(patient, laptop);
    await draft.done();
    await settle(laptop, patient);
    for (let sent = 0; sent < 2; sent++) {
      await patient.journal.sendTheChange(id);
      await settle(patient, laptop);
    }
    for (const each of [laptop, patient]) {
      expect(entry(each, id)).toMatchObject({
        text: "From the phone. Shared. From the laptop.",
        unsentChange: undefined,
      });
    }
  });
});

describe("words written while others are on their way", () => {
  /** Does something while the server handles the next save. */
  function during(server: FakeServer, what: () => Promise<unknown>): void {
    const answer = server.answer.bind(server);
    server.answer = async (request, ...more) => {
      if (request.method !== "PUT") return answer(request, ...more);
      server.answer = answer;
      await what();
      return answer(request, ...more);
    };
  }

  async function both() {
    const { server, patient } = await pair();
    const id = await write(patient, "One.\n\nTwo.\n");
    await patient.sync.now();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    patient.line.away = true;
    await write(laptop, "One.\n\nTwo.\n\nFrom the laptop.\n", id);
    await laptop.sync.now();
    return { server, patient, laptop, id };
  }

  test("take nothing away of what was merged into those", async () => {
    const { server, patient, laptop, id } = await both();
    await write(patient, "First.\n\nOne.\n\nTwo.\n", id);
    during(server, () => write(patient, "Zero.\n\nFirst.\n\nOne.\n\nTwo.\n", id));
    patient.line.away = false;
    await settle(patient, laptop);
    for (const each of [patient, laptop])
      expect(entry(each, id).text).toBe("Zero.\n\nFirst.\n\nOne.\n\nTwo.\n\nFrom the laptop.\n");
  });

  test("take nothing away of what is there by the time that only its readers change", async () => {
    const { server, patient, laptop, id } = await both();
    await patient.journal.setReaders(id, "for-our-session");
    await patient.journal.setReaders(id, "only-you");
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "First.\n\nOne.\n\nTwo.\n" });
    await draft.kept();
    during(server, () => draft.done());
    patient.line.away = false;
    await settle(patient, laptop);
    for (const each of [patient, laptop])
      expect(entry(each, id).text).toBe("First.\n\nOne.\n\nTwo.\n\nFrom the laptop.\n");
  });
});

describe("what was taken back", () => {
  test("stays taken back when the entry is deleted, and the deletion comes to nothing", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    patient.line.away = true;
    await patient.journal.takeBack(id);
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await write(laptop, "Shared. And more.", id);
    await laptop.journal.sendTheChange(id);
    await laptop.sync.now();
    patient.line.away = false;
    await settle(patient, laptop, therapist);
    expect(entry(patient, id)).toMatchObject({ text: "Shared. And more.", choice: "only-you", readers: [] });
    expect(therapist.review.shared(id)).toBeUndefined();
  });
});

describe("a draft of a shared entry", () => {
  test("that is done while the entry waits to be deleted isn't sent to its readers", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "Shared. But not this." });
    await patient.journal.deleteEntry(id);
    await draft.done();
    await settle(patient, therapist);
    expect(therapist.review.shared(id)?.text).toBe("Shared.");
    patient.wait(10_000);
    await settle(patient, therapist, patient);
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(patient.journal.entries).toMatchObject([{ text: "Shared. But not this.", choice: "only-you" }]);
  });
});

describe("a draft of an entry that waits to be shared", () => {
  test("that is done while the entry waits to be deleted isn't sent with it", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "To be shared.");
    await settle(patient, therapist);
    patient.line.away = true;
    await patient.journal.setReaders(id, "to-read");
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "To be shared. But not this." });
    await patient.journal.deleteEntry(id);
    await draft.done();
    await patient.journal.undoDelete(id);
    patient.line.away = false;
    await settle(patient, therapist);
    expect(therapist.review.shared(id)?.text).toBe("To be shared.");
    expect(entry(patient, id)).toMatchObject({ unsentChange: { text: "To be shared. But not this." } });
  });
});

describe("a deletion", () => {
  test("doesn't take with it what was written elsewhere and is hidden by what waits here", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "One.");
    await patient.sync.now();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await write(laptop, "One. From the laptop.", id);
    server.refuse = (what) => (what.startsWith("PUT") ? { status: 500, code: "server-error" } : undefined);
    await write(patient, "Here. One.", id);
    server.refuse = () => undefined;
    await laptop.sync.now();
    server.refuse = (what) => (what.startsWith("PUT") ? { status: 500, code: "server-error" } : undefined);
    await patient.sync.now();
    expect(entry(patient, id).text).toBe("Here. One.");
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    server.refuse = () => undefined;
    await settle(patient, laptop, patient);
    for (const each of [patient, laptop]) expect(entry(each, id).text).toBe("One. From the laptop.");
    expect(patient.sync.faults).toMatchObject([{ kind: "kept-after-deletion", record: id }]);
  });
});

describe("an answer below an entry that the server doesn't have", () => {
  test("goes out once the entry is there, also where another page had deleted that", async () => {
    const { patient } = await pair();
    patient.line.away = true;
    const id = await write(patient, "Never sent.");
    const seeing = await patient.page();
    const draft = await seeing.journal.openDraft(id);
    draft.set({ text: "Never sent, and written on." });
    await draft.kept();
    await answer(seeing, id, "About it.");
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    patient.line.away = false;
    await settle(patient);
    await settle(seeing);
    await draft.done();
    await settle(seeing, seeing);
    expect(entry(seeing, id)).toMatchObject({ where: "sent", comments: [{ text: "About it.", where: "sent" }] });
  });
});

describe("an entry that another device deleted", () => {
  test("leaves all words, also those that were done while it was being forgotten", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const id = await write(patient, "One.");
    await settle(patient, laptop);
    laptop.line.away = true;
    await write(laptop, "One. Two.", id);
    const draft = await laptop.journal.openDraft(id);
    draft.set({ text: "One. Two. Three." });
    await draft.kept();
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await patient.sync.now();
    laptop.line.away = false;
    await Promise.all([laptop.sync.now(), draft.done()]);
    await settle(laptop, patient);
    for (const each of [laptop, patient]) {
      expect(each.journal.entries.map(({ text }) => text).join(" ")).toContain("Three.");
    }
  });
});

describe("a deletion that is undone", () => {
  test("brings back the words that were being typed in the entry", async () => {
    const { patient } = await pair();
    const id = await write(patient, "One.");
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "One. Two." });
    await draft.kept();
    await patient.journal.deleteEntry(id);
    expect(patient.journal.drafts).toEqual([]);
    await patient.journal.undoDelete(id);
    expect(patient.journal.drafts).toMatchObject([{ entry: id, beginning: "One. Two." }]);
    expect((await patient.journal.openDraft(id)).fields.text).toBe("One. Two.");
  });

  test("brings back what is about the entry, on a device that was locked meanwhile, too", async () => {
    const { patient } = await pair();
    const id = await write(patient, "One.");
    await answer(patient, id, "About it.");
    await patient.sync.now();
    await patient.journal.deleteEntry(id);
    await patient.session.lock();
    await patient.journal.undoDelete(id);
    await patient.session.unlock(PASSPHRASE);
    patient.wait(10_000);
    await settle(patient);
    expect(entry(patient, id).comments).toMatchObject([{ text: "About it." }]);
  });
});
