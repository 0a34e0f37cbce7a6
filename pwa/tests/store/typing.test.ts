import { openDB } from "idb";
import { describe, expect, test } from "vitest";
import { sealDraft, utf8 } from "../../src/protocol";
import type { Here } from "../../src/store/database";
import { answer, entry, PASSPHRASE, pair, settle, write } from "./devices";

describe("an answer that is being typed", () => {
  test("survives a killed tab and the lock, and is sent once", async () => {
    const { therapist, patient } = await pair();
    const id = await write(patient, "Read me.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    therapist.journal.setAnswer(id, "I was th");
    therapist.journal.setAnswer(id, "I was there with you.");
    expect(therapist.journal.answer(id)).toBe("I was there with you.");
    await expect.poll(() => therapist.sync.unsent).toBe(1);

    const again = await therapist.reopen();
    expect(again.journal.answer(id)).toBe("I was there with you.");
    await again.session.lock();
    expect(again.journal.answer(id)).toBe("");
    expect(again.sync.unsent).toBe(1);
    await again.session.unlock(PASSPHRASE);
    await again.journal.sendAnswer(id);
    await again.journal.sendAnswer(id);
    await settle(again, patient);
    expect(again.journal.answer(id)).toBe("");
    expect(entry(patient, id).comments.map(({ text }) => text)).toEqual(["I was there with you."]);
    expect(again.sync.unsent).toBe(0);
  });

  test("sent from two pages is one comment", async () => {
    const { therapist, patient } = await pair();
    const id = await write(patient, "Read me.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    therapist.journal.setAnswer(id, "Yes.");
    await expect.poll(() => therapist.sync.unsent).toBe(1);
    const other = await therapist.page();
    await Promise.all([therapist.journal.sendAnswer(id), other.journal.sendAnswer(id)]);
    await settle(therapist, other, patient);
    expect(entry(patient, id).comments).toHaveLength(1);
  });

  test("can be thrown away", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Mine.");
    await patient.sync.now();
    patient.journal.setAnswer(id, "Not this.");
    await expect.poll(() => patient.sync.unsent).toBe(1);
    await patient.journal.discardAnswer(id);
    expect(patient.journal.answer(id)).toBe("");
    expect((await patient.reopen()).journal.answer(id)).toBe("");
  });

  test("stays here, and says so, when the entry was taken back meanwhile", async () => {
    const { therapist, patient } = await pair();
    const id = await write(patient, "Read me.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    therapist.journal.setAnswer(id, "Half an answer");
    await expect.poll(() => therapist.sync.unsent).toBe(1);
    await answer(patient, id, "Mine.");
    await patient.journal.takeBack(id);
    await settle(patient, therapist);
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(therapist.review.stranded).toMatchObject([{ text: "Half an answer" }]);
    await therapist.review.discardStranded(therapist.review.stranded[0]?.id ?? "");
    expect(therapist.review.stranded).toEqual([]);
    expect(therapist.sync.unsent).toBe(0);
  });
});

describe("one entry open in two pages", () => {
  test("a new one, gone on with in both: every word of either is kept, and both come together", async () => {
    const { patient } = await pair();
    const begun = await patient.journal.openDraft();
    begun.set({ text: "The tide. " });
    await begun.kept();
    const other = await patient.page();
    const there = await other.journal.openDraft(begun.id);
    begun.set({ text: "The tide. Here." });
    there.set({ text: "Again: The tide. " });
    await Promise.all([begun.kept(), there.kept()]);

    // Both pages are killed; what a third one finds has the words of both.
    const third = await patient.reopen();
    expect(third.journal.drafts).toHaveLength(1);
    const joined = await third.journal.openDraft(begun.id);
    expect(joined.fields.text).toBe("Again: The tide. Here.");
    await joined.done();
    await settle(third);
    expect(entry(third, begun.id)).toMatchObject({ where: "sent", text: "Again: The tide. Here." });
    expect(third.journal.drafts).toEqual([]);
    expect((await third.reopen()).journal.drafts).toEqual([]);

    // Should a page live on that wrote before, what it adds is a draft again.
    begun.set({ text: "The tide. Here. More." });
    await begun.kept();
    expect((await third.reopen()).journal.drafts).toHaveLength(1);
  });

  test("done in one while the other goes on: the second done adds what it has", async () => {
    const { patient } = await pair();
    const begun = await patient.journal.openDraft();
    begun.set({ text: "One.\n" });
    await begun.kept();
    const other = await patient.page();
    const there = await other.journal.openDraft(begun.id);
    begun.set({ text: "One.\nTwo.\n" });
    there.set({ text: "Zero.\nOne.\n" });
    await begun.done();
    await settle(patient);
    await there.done();
    await settle(other, patient);
    for (const each of [patient, other]) {
      expect(entry(each, begun.id)).toMatchObject({ text: "Zero.\nOne.\nTwo.\n", where: "sent" });
    }
  });
});

describe("a draft of an entry that is deleted", () => {
  test("comes back with the entry when the deletion is undone", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Whole.");
    await patient.sync.now();
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "Whole, and half a" });
    await draft.kept();
    await patient.journal.deleteEntry(id);
    await patient.journal.undoDelete(id);
    expect((await patient.journal.openDraft(id)).fields.text).toBe("Whole, and half a");
  });

  test("goes with it, but not what was written after", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Whole.");
    await patient.sync.now();
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "Whole, and half a" });
    await draft.kept();
    const other = await patient.page();
    const later = await other.journal.openDraft(id);
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    later.set({ text: "Whole, and half a sentence." });
    await later.kept();
    await patient.sync.now();
    const again = await patient.reopen();
    expect(again.journal.drafts).toMatchObject([{ id, entry: undefined, beginning: "Whole, and half a sentence." }]);
    await (await again.journal.openDraft(id)).done();
    await settle(again);
    expect(again.journal.entries).toMatchObject([{ text: "Whole, and half a sentence.", where: "sent" }]);
  });
});

describe("a device's store from another release", () => {
  test("0.1.0: a draft whose id is its record is gone on with", async () => {
    const { patient } = await pair();
    const id = crypto.randomUUID();
    patient.close();
    const raw = await openDB(patient.databaseName);
    const here: Here = await raw.get("here", "here");
    const fields = {
      form: "free",
      written: "2026-11-20T21:00:00+01:00",
      zone: "Europe/Madrid",
      text: "Written with the first release.",
      sliders: {},
      feelings: [],
    };
    const sealed = await sealDraft(here.publicKey, here.account, id, utf8(JSON.stringify(fields)));
    await raw.put("drafts", { id, changes: false, sealed, base: undefined, baseRevision: 0, at: 1 });
    raw.close();
    const again = await patient.reopen();
    expect(again.journal.drafts).toMatchObject([{ id, beginning: fields.text }]);
    const draft = await again.journal.openDraft(id);
    draft.set({ text: `${fields.text} And gone on with.` });
    await draft.done();
    await settle(again);
    expect(entry(again, id)).toMatchObject({
      text: "Written with the first release. And gone on with.",
      where: "sent",
    });
    expect(again.journal.drafts).toEqual([]);
  });

  test("a later one: a page of this release lets it change the store, and goes on keeping words in it", async () => {
    const { patient } = await pair();
    const draft = await patient.journal.openDraft();
    draft.set({ text: "Before" });
    await draft.kept();
    const later = await openDB(patient.databaseName, 99, {
      upgrade: (database) => void database.createObjectStore("of-a-later-release"),
    });
    draft.set({ text: "Before, and after." });
    await draft.kept();
    later.close();
    expect((await patient.reopen()).journal.drafts).toMatchObject([{ beginning: "Before, and after." }]);
  });
});

describe("a change to a shared entry that is being deleted in another page", () => {
  test("reaches no reader: its words are an entry of their own", async () => {
    const { therapist, patient } = await pair();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "Shared. And what is mine." });
    await draft.kept();
    await patient.journal.deleteEntry(id);
    draft.set({ text: "Shared. And what is mine, and more." });
    await draft.done();
    patient.wait(10_000);
    await settle(patient, therapist, patient, therapist);
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(therapist.journal.entries).toEqual([]);
    expect(patient.journal.entries).toMatchObject([
      { text: "Shared. And what is mine, and more.", choice: "only-you", where: "sent" },
    ]);
  });
});
