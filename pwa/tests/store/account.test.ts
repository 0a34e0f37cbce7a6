import { describe, expect, test, vi } from "vitest";
import { device, PASSPHRASE, pair, settle, therapistOf, write } from "./devices";
import { FakeServer } from "./fake-server";

const OTHER = "driftwood lantern quiet oar";

describe("an account", () => {
  test("a sign-up whose answer was lost is made once", async () => {
    const server = new FakeServer();
    const therapist = await therapistOf(server);
    const { link } = await therapist.care.createInvitation({ name: "Ana", adultConfirmed: true });
    const patient = await device(server);
    await patient.session.openInvitation(new URL(link));
    const wanted = {
      by: "invitation",
      email: " Ana@Example.org",
      passphrase: PASSPHRASE,
      name: "Ana",
      language: "es",
      device: "",
    } as const;
    patient.line.loseAnswerTo = /join$/;
    await expect(patient.session.signUp(wanted)).rejects.toMatchObject({ reason: "offline" });
    const { kit } = await patient.session.signUp(wanted);
    expect(kit).toBe(patient.session.kit);
    expect(patient.session).toMatchObject({ phase: "unlocked", email: "ana@example.org", kitUnconfirmed: true });
    await patient.session.confirmKitSaved();
    expect(patient.session).toMatchObject({ kit: undefined, kitUnconfirmed: false });
    expect(server.accounts.size).toBe(2);
  });

  test("an opened invitation survives a reload, for an hour", async () => {
    const server = new FakeServer();
    const therapist = await therapistOf(server);
    const { link } = await therapist.care.createInvitation({ name: "Ana", adultConfirmed: true });
    const first = await device(server);
    await first.session.openInvitation(new URL(link));
    const again = await first.reopen();
    await expect(again.session.resumeInvitation()).resolves.toMatchObject({ inviterName: "Dr. Rivera" });
    const late = await again.reopen();
    late.wait(3_600_001);
    await expect(late.session.resumeInvitation()).resolves.toBeUndefined();
  });

  test("refuses an e-mail, a passphrase and a kit that can't be, saying what is wrong", async () => {
    const { patient, server } = await pair();
    await expect(patient.session.signIn("ana", PASSPHRASE)).rejects.toMatchObject({ reason: "email" });
    await expect(patient.session.signIn("ana@example.org", "wrong passphrase")).rejects.toMatchObject({
      reason: "wrong-proof",
    });
    await expect(
      patient.session.changePassphrase({ method: "passphrase", passphrase: PASSPHRASE }, "password1234"),
    ).rejects.toMatchObject({
      reason: "passphrase",
      detail: "common",
    });
    const laptop = await device(server);
    await expect(laptop.session.signInWithKit("ana@example.org", "AAAA")).rejects.toMatchObject({
      reason: "kit",
      detail: "length",
    });
    await expect(patient.session.checkPassphrase("short")).resolves.toBe("too-short");
  });

  test("comes back by the kit, sets a new passphrase with it, and the old one is refused", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "Still here.");
    await patient.sync.now();
    const { kit } = await patient.session.newKit({ method: "passphrase", passphrase: PASSPHRASE });
    const laptop = await device(server);
    await laptop.session.signInWithKit("ana@example.org", kit.toLowerCase());
    expect(laptop.journal.entry(id)?.text).toBe("Still here.");
    await laptop.session.changePassphrase({ method: "recovery", kit }, OTHER);
    const third = await device(server);
    await expect(third.session.signIn("ana@example.org", PASSPHRASE)).rejects.toMatchObject({ reason: "wrong-proof" });
    await third.session.signIn("ana@example.org", OTHER);
    expect(third.journal.entry(id)?.text).toBe("Still here.");
    await laptop.session.lock();
    await laptop.session.unlock(OTHER);
    expect(laptop.session.phase).toBe("unlocked");
  });

  test("unlocks without network", async () => {
    const { patient } = await pair();
    const id = await write(patient, "Offline.");
    await patient.sync.now();
    patient.line.away = true;
    await patient.session.lock();
    await patient.session.unlock(PASSPHRASE);
    expect(patient.journal.entry(id)?.text).toBe("Offline.");
  });

  test("signed out, leaves nothing on the device", async () => {
    const { server, patient, therapist } = await pair();
    await write(patient, "Something.");
    await settle(patient, therapist);
    await patient.session.signOut();
    expect(patient.session).toMatchObject({ phase: "signed-out", account: undefined });
    expect(patient.journal.entries).toEqual([]);
    const again = await patient.reopen();
    expect(again.session.phase).toBe("signed-out");
    expect(server.accounts.size).toBe(2);
  });

  test("another person's unsent words are never dropped to make room", async () => {
    const { patient } = await pair();
    patient.line.away = true;
    await write(patient, "Not sent.");
    patient.line.away = false;
    patient.line.signedOut = true;
    await patient.sync.now();
    patient.line.signedOut = false;
    await expect(patient.session.signIn("rivera@example.org", PASSPHRASE)).rejects.toMatchObject({
      reason: "unsent-words",
    });
    expect(patient.session.email).toBe("ana@example.org");
    expect(patient.sync.unsent).toBe(1);
  });

  test("two people compare the same forty digits", async () => {
    const { patient, therapist } = await pair();
    const digits = await patient.care.checkDigits(therapist.session.account ?? "");
    expect(digits).toMatch(/^(\d{5} ){7}\d{5}$/);
    expect(await therapist.care.checkDigits(patient.session.account ?? "")).toBe(digits);
  });

  test("an invitation's secret is erased once its answer is pinned", async () => {
    const { therapist } = await pair();
    const [invitation] = therapist.care.invitations;
    expect(invitation).toMatchObject({ state: "answered", name: "Ana" });
    await expect(therapist.care.invitationLink(invitation?.id ?? "")).rejects.toMatchObject({ reason: "link-gone" });
  });

  test("takes a second therapist by another invitation, and shares with whom is chosen", async () => {
    const { server, patient, therapist } = await pair();
    const other = await therapistOf(server, "okafor@example.org", "Dr. Okafor");
    const { link } = await other.care.createInvitation({ name: "Ana", adultConfirmed: true });
    await patient.session.openInvitation(new URL(link));
    await patient.session.acceptInvitation();
    await settle(other, patient);
    expect(patient.care.contacts.map(({ name }) => name)).toEqual(["Dr. Okafor", "Dr. Rivera"]);
    const account = other.session.account ?? "";
    await patient.care.acceptAgreement(patient.care.agreementWith(account)?.id ?? "");
    const id = await write(patient, "For Dr. Okafor.");
    await patient.journal.setReaders(id, "to-read", [account]);
    await settle(patient, therapist, other);
    expect(other.review.toRead).toMatchObject([{ text: "For Dr. Okafor." }]);
    expect(therapist.review.toRead).toEqual([]);
  });

  test("ends working together: nothing new can be shared", async () => {
    const { patient, therapist } = await pair();
    const account = therapist.session.account ?? "";
    await patient.care.endRelation(account, false);
    expect(patient.care.contact(account)).toMatchObject({ name: "Dr. Rivera", active: false });
    const id = await write(patient, "Mine.");
    await expect(patient.journal.setReaders(id, "to-read")).rejects.toMatchObject({ reason: "no-reader" });
  });

  test("says whose account was closed, until somebody has noted it", async () => {
    const { server, patient, therapist } = await pair();
    const account = therapist.session.account ?? "";
    expect(patient.care.newlyClosed).toEqual([]);
    server.erase(account);
    const later = await patient.reopen();
    await settle(later);
    expect(later.care.newlyClosed).toMatchObject([{ name: "Dr. Rivera", active: false, closed: true }]);
    later.line.away = true;
    const offline = await later.reopen();
    expect(offline.care.newlyClosed).toMatchObject([{ name: "Dr. Rivera" }]);
    await offline.care.noteClosed(account);
    offline.line.away = false;
    const again = await offline.reopen();
    await settle(again);
    expect(again.care.newlyClosed).toEqual([]);
    expect(again.care.contact(account)).toMatchObject({ active: false, closed: true });
  });

  test("takes nobody's account for closed whose working together has ended", async () => {
    const { patient, therapist } = await pair();
    await patient.care.endRelation(therapist.session.account ?? "", false);
    expect(patient.care.newlyClosed).toEqual([]);
  });

  test("says at once when the device can't keep words", async () => {
    const { patient } = await pair();
    const draft = await patient.journal.openDraft();
    const put = vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
      throw new DOMException("full", "QuotaExceededError");
    });
    draft.set({ text: "No room." });
    await expect(draft.kept()).rejects.toMatchObject({ reason: "storage" });
    expect(draft.state).toBe("failed");
    expect(patient.sync.storageFailed).toBe(true);
    put.mockRestore();
    draft.set({ text: "No room. Now there is." });
    await draft.kept();
    expect(draft.state).toBe("kept");
    expect(patient.sync.storageFailed).toBe(false);
  });
});
