import { describe, expect, test } from "vitest";
import { answer, device, entry, PASSPHRASE, pair, settle, write } from "./devices";

describe("from a word to a read entry", () => {
  test("an entry shared to read arrives, is read, answered and reviewed", async () => {
    const { patient, therapist } = await pair();
    expect(therapist.care.contacts).toMatchObject([{ name: "Ana", role: "patient", active: true }]);
    expect(patient.care.contacts).toMatchObject([{ name: "Dr. Rivera", role: "therapist", active: true }]);
    const id = await write(patient, "The water again.");
    expect(entry(patient, id)).toMatchObject({ where: "on-this-phone", choice: "only-you" });
    await settle(patient, therapist);
    expect(entry(patient, id)).toMatchObject({ where: "sent", revision: 1 });
    expect(therapist.review.toRead).toEqual([]);

    await patient.journal.setReaders(id, "to-read");
    expect(entry(patient, id)).toMatchObject({ choice: "to-read", sharing: true });
    await settle(patient, therapist);
    expect(entry(patient, id)).toMatchObject({ sharing: false, readers: [{ name: "Dr. Rivera", readAt: undefined }] });
    expect(therapist.review.toRead).toMatchObject([{ id, text: "The water again.", patientName: "Ana", attention: 1 }]);

    await therapist.review.markRead(id);
    await answer(therapist, id, "I was there with you.");
    await therapist.review.markReviewed(id);
    expect(therapist.review.toRead).toEqual([]);
    await settle(therapist, patient);
    const [reader] = entry(patient, id).readers;
    expect(reader?.readAt).toBeDefined();
    expect(reader?.reviewedAt).toBeDefined();
    expect(entry(patient, id).comments).toMatchObject([
      { text: "I was there with you.", name: "Dr. Rivera", own: false },
    ]);
    await therapist.review.undoReviewed(id);
    await settle(therapist, patient);
    expect(therapist.review.toRead).toHaveLength(1);
    expect(entry(patient, id).readers[0]?.reviewedAt).toBeUndefined();
    for (const each of [patient, therapist]) expect(each.sync).toMatchObject({ faults: [], unsent: 0, state: "idle" });
  });

  test("what is for the session waits on the patient's page, not in the list", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "For Tuesday.");
    await patient.journal.setReaders(id, "for-our-session");
    await settle(patient, therapist);
    expect(therapist.review.toRead).toEqual([]);
    const account = patient.session.account ?? "";
    expect(therapist.review.patient(account)).toMatchObject({
      forSession: 1,
      forOurSession: [{ text: "For Tuesday." }],
    });
  });

  /** A patient's draft on top of a change that is kept to oneself, which another device has, too. */
  async function draftOnKeptChange() {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "First.\n\nLast.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await write(patient, "Second.\n\nFirst.\n\nLast.", id);
    await settle(patient, laptop);
    const draft = await patient.journal.openDraft(id);
    draft.set({ text: "Second.\n\nFirst.\n\nThird.\n\nLast." });
    await draft.kept();
    return { patient, laptop, id, draft };
  }

  test("what was typed on top of a kept change goes into the entry whole, whatever another device made of that change", async () => {
    const { patient, laptop, id, draft } = await draftOnKeptChange();
    await write(laptop, "Second.\n\nFirst.\n\nLast.\n\nFourth.", id);
    await laptop.journal.takeBack(id);
    await settle(laptop, patient);
    await draft.done();
    await settle(patient, laptop);
    expect(entry(laptop, id)).toMatchObject({
      text: "Second.\n\nFirst.\n\nThird.\n\nLast.",
      unsentChange: { text: "Second.\n\nFirst.\n\nLast.\n\nFourth." },
    });
    await laptop.journal.sendTheChange(id);
    await settle(laptop, patient);
    expect(entry(patient, id)).toMatchObject({
      text: "Second.\n\nFirst.\n\nThird.\n\nLast.\n\nFourth.",
      unsentChange: undefined,
    });
  });

  test("what was typed on top of a kept change that was sent since takes nothing away that came after", async () => {
    const { patient, laptop, id } = await draftOnKeptChange();
    await laptop.journal.takeBack(id);
    await laptop.journal.sendTheChange(id);
    await write(laptop, "Second.\n\nFirst.\n\nLast.\n\nFifth.", id);
    await laptop.journal.setReaders(id, "to-read");
    await settle(laptop);
    // Another kept change, which isn't the one that the draft began from.
    await write(laptop, "Second.\n\nFirst.\n\nLast.\n\nFifth.\n\nSixth.", id);
    await laptop.journal.takeBack(id);
    await settle(laptop, patient);
    const again = await patient.reopen();
    await (await again.journal.openDraft(id)).done();
    await settle(again, laptop);
    expect(entry(laptop, id).text).toBe("Second.\n\nFirst.\n\nThird.\n\nLast.\n\nFifth.");
  });

  test("what was typed on top of a kept change and is kept, too, is sent whole, though another device changed that", async () => {
    const { patient, laptop, id, draft } = await draftOnKeptChange();
    await write(laptop, "Second.\n\nFirst.\n\nLast.\n\nFourth.", id);
    await settle(laptop, patient);
    patient.wait(2_000);
    await draft.done();
    await settle(patient, laptop);
    // Two changes are kept now: each is sent whole, and what both began with stands once.
    const shown = entry(patient, id).unsentChange?.text;
    await patient.journal.sendTheChange(id);
    await settle(patient, laptop);
    expect(entry(laptop, id).text).toBe(shown);
    await laptop.journal.sendTheChange(id);
    await settle(laptop);
    expect(entry(laptop, id).text).toBe("Second.\n\nFirst.\n\nThird.\n\nLast.\n\nFourth.");
  });

  test("a change to a shared entry stays one's own until it is sent, and brings it back to the list", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "First words.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    await therapist.review.markReviewed(id);
    await settle(therapist, patient);
    await write(patient, "First words, and second thoughts.", id);
    await settle(patient, therapist);
    expect(entry(patient, id)).toMatchObject({
      text: "First words.",
      unsentChange: { text: "First words, and second thoughts." },
    });
    expect(therapist.review.shared(id)?.text).toBe("First words.");
    await patient.journal.sendTheChange(id);
    await settle(patient, therapist);
    expect(entry(patient, id)).toMatchObject({ text: "First words, and second thoughts.", unsentChange: undefined });
    expect(therapist.review.toRead).toMatchObject([
      { changedSinceReview: true, text: "First words, and second thoughts." },
    ]);
  });

  test("a reviewed entry stays off the list while the mark is on its way, whatever arrives before it", async () => {
    const { server, patient, therapist } = await pair();
    const desk = await device(server);
    await desk.session.signIn("rivera@example.org", PASSPHRASE);
    const id = await write(patient, "Read at two desks.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, desk, therapist);
    await therapist.review.markRead(id);
    await therapist.sync.now();
    desk.line.away = true;
    await desk.review.markReviewed(id);
    const waiting: number[] = [];
    const honest = server.answer.bind(server);
    server.answer = (request, ...more) => {
      waiting.push(desk.review.toRead.length);
      return honest(request, ...more);
    };
    desk.line.away = false;
    await settle(desk);
    expect(new Set(waiting)).toEqual(new Set([0]));
    expect(desk.review.shared(id)?.readAt).toBeDefined();
  });

  test("taken back, the entry closes for its reader, and later words are under another key", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "Read this.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    await patient.journal.takeBack(id);
    expect(entry(patient, id)).toMatchObject({ choice: "only-you", waitingToBeTakenBack: true });
    await settle(patient, therapist);
    expect(entry(patient, id)).toMatchObject({ waitingToBeTakenBack: false, readers: [] });
    expect(therapist.review.shared(id)).toBeUndefined();
    await expect(answer(therapist, id, "But")).rejects.toMatchObject({ reason: "unknown" });
  });

  test("what the therapist wrote before it was taken back stays, on a new device too", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Read this.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    await answer(therapist, id, "I have.");
    await settle(therapist, patient);
    await patient.journal.takeBack(id);
    await settle(patient, therapist);
    expect(entry(patient, id).comments).toMatchObject([{ text: "I have." }]);
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    expect(entry(laptop, id)).toMatchObject({ readers: [], comments: [{ text: "I have.", name: "Dr. Rivera" }] });
    expect(laptop.sync.faults).toEqual([]);
  });

  test("sharing asks for an accepted agreement first", async () => {
    const { patient, therapist } = await pair();
    await therapist.care.saveTemplate("I read on Fridays now.", "in-session");
    await settle(therapist, patient);
    const id = await write(patient, "Not yet.");
    await expect(patient.journal.setReaders(id, "to-read")).rejects.toMatchObject({ reason: "no-agreement" });
    const agreement = patient.care.agreements[0];
    expect(agreement).toMatchObject({ version: 2, text: "I read on Fridays now.", acceptedAt: undefined });
    await patient.care.acceptAgreement(agreement?.id ?? "");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    expect(therapist.care.agreementWith(patient.session.account ?? "")?.acceptedAt).toBeDefined();
    expect(therapist.review.toRead).toMatchObject([{ canAnswer: false }]);
  });

  test("a deleted entry is gone on both sides, and can be brought back for ten seconds", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "Away with it.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    await patient.journal.deleteEntry(id);
    expect(patient.journal.entries).toEqual([]);
    await patient.journal.undoDelete(id);
    expect(entry(patient, id).text).toBe("Away with it.");
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await settle(patient, therapist);
    expect(patient.journal.entries).toEqual([]);
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(therapist.sync.faults).toEqual([]);
  });
});
