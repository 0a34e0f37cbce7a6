import { afterEach, describe, expect, test, vi } from "vitest";
import { answer, type Device, device, entry, PASSPHRASE, pair, settle, write } from "./devices";
import { authenticator } from "./fake-passkeys";

afterEach(() => vi.unstubAllGlobals());

const ANOTHER = "gravel moth window seventh rope";
const SHOWN = { method: "passphrase", passphrase: PASSPHRASE } as const;
const NEW = { method: "passphrase", passphrase: ANOTHER } as const;
const untold = (): void => undefined;

/** A couple with an entry of its own, one that is shared and answered, and one that was deleted. */
async function withJournal() {
  const { server, therapist, patient } = await pair();
  const own = await write(patient, "One.");
  const shared = await write(patient, "For Monday.");
  await patient.journal.setReaders(shared, "to-read");
  const gone = await write(patient, "To go.");
  await settle(patient, therapist);
  await answer(therapist, shared, "I have read it.");
  await patient.journal.deleteEntry(gone);
  patient.wait(60_000);
  await settle(therapist, patient);
  return { server, therapist, patient, own, shared, gone };
}

/** Who still has keys makes the link, from the other's page; who has new ones answers it. */
async function reconnect(by: Device, other: Device): Promise<void> {
  const { link } = await by.care.reconnect(other.session.account ?? "");
  await other.session.openInvitation(new URL(link));
  await other.session.acceptInvitation();
  await settle(by, other, by);
}

describe("all keys are renewed", () => {
  test("and everything opens under the new ones, here and on a new device", async () => {
    const { server, patient, own, shared } = await withJournal();
    const told: number[] = [];
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start((done, all) => told.push(done / all));
    await patient.sync.now();
    expect(told.at(-1)).toBe(1);
    expect([...told].sort((a, b) => a - b)).toEqual(told);

    const laptop = await device(server);
    await laptop.session.signInWithKit("ana@example.org", renewal.kit);
    for (const each of [patient, await patient.reopen(), laptop]) {
      expect(each.session.phase).toBe("unlocked");
      expect(each.session.renewing).toBe(false);
      expect(each.sync.faults).toEqual([]);
      expect(each.journal.entries.map(({ text }) => text).sort()).toEqual(["For Monday.", "One."]);
      expect(entry(each, shared).comments.map(({ text }) => text)).toEqual(["I have read it."]);
      expect(entry(each, own).text).toBe("One.");
    }
  });

  test("and an entry of before goes on under a record key that nobody had", async () => {
    const { server, patient, therapist, own, shared } = await withJournal();
    const before = new Map([...server.records].map(([id, { view }]) => [id, view?.epoch ?? 0]));
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await settle(patient);
    await reconnect(therapist, patient);
    for (const id of [own, shared]) await write(patient, "Changed since.", id);
    await patient.journal.sendTheChange(shared);
    await settle(patient, therapist);
    for (const id of [own, shared]) expect(server.records.get(id)?.view?.epoch).toBe((before.get(id) ?? 0) + 1);
    await write(patient, "Once more.", own);
    await settle(patient);
    expect(server.records.get(own)?.view?.epoch).toBe((before.get(own) ?? 0) + 1);
  });

  test("and what is shared waits until both have reconnected, and is then read on every device of the reader", async () => {
    const { server, patient, therapist, shared } = await withJournal();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    therapist.wait(61_000);
    await settle(patient, therapist);
    expect(patient.care.contacts).toMatchObject([{ lacksMine: true, newKeys: false }]);
    expect(therapist.care.contacts).toMatchObject([{ lacksMine: false, newKeys: true }]);
    const id = await write(patient, "Shared since.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    expect(entry(patient, id)).toMatchObject({ sharing: true, waitsFor: [therapist.session.account] });
    expect(therapist.review.shared(id)).toBeUndefined();

    await reconnect(therapist, patient);
    await settle(patient, therapist);
    expect(patient.care.contacts).toMatchObject([{ lacksMine: false }]);
    const laptop = await device(server);
    await laptop.session.signIn("rivera@example.org", PASSPHRASE);
    await settle(laptop);
    for (const each of [therapist, await therapist.reopen(), laptop]) {
      expect(each.sync.faults).toEqual([]);
      expect([each.review.shared(id)?.text, each.review.shared(shared)?.text]).toEqual([
        "Shared since.",
        "For Monday.",
      ]);
    }
    await patient.journal.takeBack(shared);
    await settle(patient, therapist);
    expect(therapist.review.shared(shared)).toBeUndefined();
  });

  test("and what a therapist has reviewed stays reviewed on all of their devices, though it is sealed anew", async () => {
    const { server, patient, therapist, shared } = await withJournal();
    await therapist.review.markReviewed(shared);
    await settle(therapist, patient);
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    therapist.wait(61_000);
    await settle(patient, therapist);
    await reconnect(therapist, patient);
    await settle(patient, therapist, patient);
    const laptop = await device(server);
    await laptop.session.signIn("rivera@example.org", PASSPHRASE);
    await settle(laptop);
    for (const each of [therapist, await therapist.reopen(), laptop]) {
      expect(each.review.toRead).toEqual([]);
      expect(each.review.shared(shared)).toMatchObject({ changedSinceReview: false });
    }
    expect(entry(patient, shared).readers[0]?.reviewedAt).toBeDefined();

    await write(patient, "For Monday, and Tuesday.", shared);
    await patient.journal.sendTheChange(shared);
    await settle(patient, therapist);
    expect(therapist.review.toRead).toMatchObject([{ id: shared, changedSinceReview: true }]);
  });

  test.each([
    [/^POST .*rotation$/],
    [/^GET .*rotation\/records$/],
    [/^PUT .*rotation\/records$/],
    [/^POST .*rotation\/finish$/],
  ])("and cut off after %s it goes on here, from the new passphrase", async (step) => {
    const { patient, own } = await withJournal();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    patient.line.loseAnswerTo = step;
    await expect(renewal.start(untold)).rejects.toMatchObject({ reason: "offline" });
    await write(patient, "Written while it was cut off.");
    const again = await patient.reopen();
    expect(again.session.renewing).toBe(true);
    expect(await (await again.rotation()).goOn(NEW, untold)).toBe(true);
    await settle(again);
    expect(again.session.renewing).toBe(false);
    expect(again.sync.faults).toEqual([]);
    expect(again.sync.unsent).toBe(0);
    expect(entry(again, own).text).toBe("One.");
    expect(again.journal.entries).toHaveLength(3);
  });

  test.each([[/^POST .*rotation$/], [/^PUT .*rotation\/records$/], [/^POST .*rotation\/finish$/], [/^never$/]])(
    "and cut off after %s it goes on in the same page, without anything typed",
    async (step) => {
      const { patient, own } = await withJournal();
      const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
      patient.line.loseAnswerTo = step;
      patient.line.away = step.source === "^never$";
      await expect(renewal.start(untold)).rejects.toMatchObject({ reason: "offline" });
      patient.line.away = false;
      await renewal.start(untold);
      await settle(patient);
      expect(patient.session.renewing).toBe(false);
      expect(patient.sync.faults).toEqual([]);
      expect(entry(patient, own).text).toBe("One.");
      await patient.session.lock();
      await patient.session.unlock(ANOTHER);
    },
  );

  test("while another page of the device is about to: it says that something has changed", async () => {
    const { server, patient } = await withJournal();
    const other = await patient.page();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    const honestly = server.answer.bind(server);
    let began = false;
    server.answer = async (request, ...more) => {
      const answered = await honestly(request, ...more);
      if (request.url.endsWith("/api/account/proof") && !began) {
        began = true;
        await renewal.start(untold);
      }
      return answered;
    };
    const late = (await other.rotation()).prepare(SHOWN, "salt chair under nine bells");
    await expect(late).rejects.toMatchObject({ reason: "changed-meanwhile" });
    await settle(other);
    expect(other.sync.faults).toEqual([]);
  });

  test("and a device that was locked meanwhile stays locked", async () => {
    const { patient } = await withJournal();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await patient.session.lock();
    await renewal.start(untold);
    expect(patient.session.phase).toBe("locked");
    await patient.session.unlock(ANOTHER);
    await settle(patient);
    expect(patient.journal.entries).toHaveLength(2);
    expect(patient.sync.faults).toEqual([]);
  });

  test("and cut off, it is finished by whoever signs in with the new kit elsewhere", async () => {
    const { server, patient, own } = await withJournal();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    patient.line.loseAnswerTo = /^PUT .*rotation\/records$/;
    await expect(renewal.start(untold)).rejects.toMatchObject({ reason: "offline" });
    const laptop = await device(server);
    await expect(laptop.session.signIn("ana@example.org", PASSPHRASE)).rejects.toMatchObject({ reason: "wrong-proof" });
    await laptop.session.signInWithKit("ana@example.org", renewal.kit);
    await settle(laptop);
    expect(entry(laptop, own).text).toBe("One.");
    // The phone hears of it, and opens with the new passphrase what it has kept.
    await write(patient, "On the phone meanwhile.");
    await settle(patient);
    expect(patient.session.expired).toBe(true);
    await patient.session.signIn("ana@example.org", ANOTHER);
    await settle(patient, laptop);
    expect(patient.sync.faults).toEqual([]);
    for (const each of [patient, laptop]) {
      expect(each.journal.entries.map(({ text }) => text)).toContain("On the phone meanwhile.");
    }
  });

  test("and what never began has changed nothing", async () => {
    const { patient } = await withJournal();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    patient.line.away = true;
    await expect(renewal.start(untold)).rejects.toMatchObject({ reason: "offline" });
    patient.line.away = false;
    expect(patient.session.renewing).toBe(true);
    await expect((await patient.rotation()).goOn(NEW, untold)).rejects.toMatchObject({ reason: "wrong-proof" });
    expect(await (await patient.rotation()).goOn(SHOWN, untold)).toBe(false);
    expect(patient.session.renewing).toBe(false);
    await write(patient, "As before.");
    await settle(patient);
    expect(patient.sync.unsent).toBe(0);
  });

  test("on another device of theirs, which had words that wait: they go out under the new keys", async () => {
    const { server, patient, own } = await withJournal();
    const tablet = await device(server);
    await tablet.session.signIn("ana@example.org", PASSPHRASE);
    await settle(tablet);
    tablet.line.loseAnswerTo = /^PUT .*records/;
    await write(tablet, "One. And two.", own);
    const typed = await tablet.journal.openDraft();
    typed.set({ text: "Half a sen" });
    await settle(tablet);
    tablet.line.away = true;
    await write(tablet, "One. And two. And three.", own);
    await write(tablet, "New, offline.");

    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await settle(patient);
    tablet.line.away = false;
    await settle(tablet);
    expect(tablet.session.expired).toBe(true);
    const again = await tablet.reopen();
    await again.session.lock();
    await again.session.unlock(ANOTHER);
    await settle(again, patient, again);
    for (const each of [again, patient]) {
      expect(each.sync.faults).toEqual([]);
      expect(entry(each, own).text).toBe("One. And two. And three.");
      expect(each.journal.entries.map(({ text }) => text)).toContain("New, offline.");
    }
    expect(again.journal.drafts.map(({ beginning }) => beginning)).toEqual(["Half a sen"]);
  });

  test("and what is deleted then is gone from another device of theirs, too, which never saw it under the new keys", async () => {
    const { server, patient, own } = await withJournal();
    const tablet = await device(server);
    await tablet.session.signIn("ana@example.org", PASSPHRASE);
    await settle(tablet);
    tablet.line.away = true;
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await patient.journal.deleteEntry(own);
    patient.wait(60_000);
    await settle(patient);
    tablet.line.away = false;
    await settle(tablet);
    await tablet.session.lock();
    await tablet.session.unlock(ANOTHER);
    await settle(tablet);
    for (const each of [tablet, await tablet.reopen()]) {
      expect(each.sync.faults).toEqual([]);
      expect(each.journal.entries.map(({ text }) => text)).toEqual(["For Monday."]);
    }
  });

  test("passkeys are made anew, and one of before opens nothing", async () => {
    authenticator();
    const { patient } = await withJournal();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await settle(patient);
    expect(patient.session.opensBy).toEqual({ passphrase: true, passkey: false });
    await patient.session.lock();
    await expect(patient.session.unlock(PASSPHRASE)).rejects.toMatchObject({ reason: "wrong-proof" });
    await patient.session.unlock(ANOTHER);
    expect(patient.journal.entries).toHaveLength(2);
  });

  test("a server that shows an older generation afterwards is refused", async () => {
    const { server, patient } = await withJournal();
    const me = structuredClone([...server.accounts.values()][1]?.me);
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await settle(patient);
    server.lie = (path, answer) => (path === "/api/sign-in" ? { ...(answer as object), ...me } : answer);
    await expect(patient.session.signIn("ana@example.org", ANOTHER)).rejects.toMatchObject({
      reason: "weak-parameters",
    });
    expect(patient.session.phase).toBe("unlocked");
  });

  test("after a restore to a state from before it nothing is taken or sent, and nothing is lost", async () => {
    const { server, patient, own } = await withJournal();
    const restore = server.backup();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await settle(patient);
    restore();
    Object.assign(server.accounts.get(patient.session.account ?? "")?.me ?? {}, { gen: 1 });
    await write(patient, "Written since.");
    await settle(patient);
    expect(patient.sync.faults.map(({ kind }) => kind)).toEqual(["older-keys"]);
    expect(patient.sync.unsent).toBe(1);
    expect(entry(patient, own).text).toBe("One.");
    expect((await patient.reopen()).journal.entries).toHaveLength(3);
  });

  test("a device that was away gives back what a restored server had lost before that, though it is sealed under the former keys", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const restore = server.backup();
    const id = await write(laptop, "Only on the laptop.");
    await laptop.sync.now();
    expect(entry(laptop, id).where).toBe("sent");
    restore();
    await patient.sync.now();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await laptop.sync.now();
    const again = await laptop.reopen();
    await again.session.signIn("ana@example.org", ANOTHER);
    await settle(again, patient);
    expect(entry(patient, id).text).toBe("Only on the laptop.");
    expect(again.sync.faults).toEqual([]);
    expect((await again.reopen()).sync.faults).toEqual([]);
  });

  test("a revision that the server made up isn't proved anew", async () => {
    const { server, patient, own } = await withJournal();
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    const proofs: { record: string; proof: string }[] = [];
    server.lie = (path, answer) => {
      if (!path.endsWith("/rotation/records") || !answer) return answer;
      const page = answer as { proofs: { record: string; proof: string; hash: string }[] };
      proofs.push(...page.proofs);
      return {
        ...page,
        proofs: page.proofs.map((one) => (one.record === own ? { ...one, hash: btoa("?".repeat(32)) } : one)),
      };
    };
    await renewal.start(untold);
    await settle(patient);
    expect(server.records.get(own)?.view?.proof).toBe(proofs.find(({ record }) => record === own)?.proof);
    expect(patient.sync.faults.map(({ kind, record }) => [kind, record])).toContainEqual(["unproven", own]);
  });
});
