import { describe, expect, test, vi } from "vitest";
import { answer, type Device, device, entry, PASSPHRASE, pair, settle, therapistOf, write } from "./devices";
import { FakeServer } from "./fake-server";

describe("a device out of sight", () => {
  test("stays open for a while, and locks itself after", async () => {
    const { patient, therapist } = await pair();
    await therapist.hideFor(14 * 60_000);
    expect(therapist.session.phase).toBe("unlocked");
    await therapist.hideFor(16 * 60_000);
    expect(therapist.session.phase).toBe("locked");
    await patient.hideFor(11 * 3_600_000);
    expect(patient.session.phase).toBe("unlocked");
    await patient.hideFor(13 * 3_600_000);
    expect(patient.session.phase).toBe("locked");
  });

  test("signed out while it exchanges, it keeps nothing of what arrives", async () => {
    const { patient, therapist } = await pair();
    await write(patient, "Arriving.");
    await settle(patient, therapist);
    const round = patient.sync.now();
    await patient.session.signOut();
    await round;
    const again = await patient.reopen();
    expect(again.session.phase).toBe("signed-out");
    expect(again.sync.unsent).toBe(0);
  });
});

const MINUTE = 60_000;
const SECRET = "The rope on the third post.";

/** Everything that a screen could read of a store, as text. */
function readable(on: Device): string {
  const { session, journal, care, review, appointments, sync } = on;
  const { kit, name, language, halfway } = session;
  return JSON.stringify([
    { kit, name, language, halfway },
    journal.entries,
    journal.drafts,
    care.contacts,
    care.invitations,
    care.agreements,
    care.template,
    review.toRead,
    review.patients,
    review.stranded,
    appointments.list,
    sync.faults,
  ]);
}

describe("a device that locks as soon as it is left", () => {
  test("has nothing to read from the moment on, before anything has reached the disk", async () => {
    const { patient, therapist } = await pair();
    const id = await write(patient, SECRET);
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    await answer(therapist, id, SECRET);
    await settle(therapist, patient);
    patient.journal.setAnswer(id, SECRET);
    for (const on of [patient, therapist]) {
      expect(readable(on)).toContain(SECRET);
      on.session.chooseLockAfter(0);
      on.hide();
      expect(on.session.phase).toBe("locked");
      expect(readable(on)).not.toContain(SECRET);
      expect(readable(on)).not.toContain("Ana");
      expect(on.journal.entry(id) ?? on.review.shared(id)).toBeUndefined();
    }
  });

  test("keeps what is being typed, and it is there after unlocking", async () => {
    const { patient } = await pair();
    patient.session.chooseLockAfter(0);
    const draft = await patient.journal.openDraft();
    draft.set({ text: SECRET });
    patient.hide();
    await draft.kept();
    await vi.waitFor(async () => expect((await patient.reopen()).session.phase).toBe("locked"));
    const again = await patient.reopen();
    expect(again.sync.unsent).toBe(1);
    await again.session.unlock(PASSPHRASE);
    expect((await again.journal.openDraft(draft.id)).fields.text).toBe(SECRET);
  });

  test("is locked however the page before ended", async () => {
    const { patient } = await pair();
    patient.session.chooseLockAfter(0);
    const again = await patient.reopen();
    expect(again.session).toMatchObject({ phase: "locked", lockAfter: 0 });
    await again.session.unlock(PASSPHRASE);
    again.session.chooseLockAfter(15);
    const later = await again.reopen();
    expect(later.session.phase).toBe("unlocked");
  });

  test("stays so for whoever signs in on it next", async () => {
    const { patient } = await pair();
    patient.session.chooseLockAfter(0);
    await patient.session.signOut();
    await patient.session.signIn("ana@example.org", PASSPHRASE);
    expect(patient.session.lockAfter).toBe(0);
  });

  test("leaves a new kit on the screen for five minutes: it may just be kept elsewhere", async () => {
    const { patient } = await pair();
    patient.session.chooseLockAfter(0);
    const { kit } = await patient.session.newKit({ method: "passphrase", passphrase: PASSPHRASE });
    await patient.hideFor(4 * MINUTE);
    expect(patient.session).toMatchObject({ phase: "unlocked", kit });
    await patient.hideFor(6 * MINUTE);
    expect(patient.session).toMatchObject({ phase: "locked", kit: undefined });
  });
});

describe("who says at sign-up that somebody else looks", () => {
  test.each([true, false])("(%s) has a device that locks when it is left, once the kit is kept", async (othersLook) => {
    const server = new FakeServer();
    const laptop = await device(server);
    await laptop.session.openFirstLink(`#${"A".repeat(43)}`);
    await laptop.session.signUp({
      by: "first-link",
      email: "rivera@example.org",
      passphrase: PASSPHRASE,
      name: "Dr. Rivera",
      language: "en",
      device: "",
      othersLook,
    });
    const sent = laptop.line.seen.find(({ what }) => what === "POST /api/begin");
    expect(JSON.parse(sent?.body ?? "{}")).toMatchObject({ account: { others_look: othersLook } });
    expect(laptop.session.lockAfter).toBe(othersLook ? 0 : 15);
    laptop.hide();
    expect(laptop.session.phase).toBe("unlocked");
    await laptop.session.confirmKitSaved();
    laptop.hide();
    expect(laptop.session.phase).toBe(othersLook ? "locked" : "unlocked");
  });
});

describe("how long a device stays open out of sight", () => {
  test("is fifteen minutes for a therapist and twelve hours for a patient until somebody chooses", async () => {
    const { patient, therapist } = await pair();
    expect([patient.session.lockAfter, therapist.session.lockAfter]).toEqual([720, 15]);
  });

  test.each([1, 5, 15, 60, 720] as const)("is %i minutes where that was chosen", async (minutes) => {
    const laptop = await therapistOf(new FakeServer());
    laptop.session.chooseLockAfter(minutes);
    await laptop.hideFor(minutes * MINUTE - 10_000);
    expect(laptop.session.phase).toBe("unlocked");
    await laptop.hideFor(minutes * MINUTE + 10_000);
    expect(laptop.session.phase).toBe("locked");
    const again = await laptop.reopen();
    expect(again.session.lockAfter).toBe(minutes);
  });

  test("is a device's own matter: another one of the same person goes on as it was", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    patient.session.chooseLockAfter(1);
    await settle(patient, laptop);
    expect(laptop.session.lockAfter).toBe(720);
    expect(entry(laptop, await write(laptop, "Still here.")).text).toBe("Still here.");
  });
});
