import { describe, expect, test } from "vitest";
import type { Schemas } from "../../src/api/client";
import { createIdentity, deriveAccountKeys, fromBase64, newAccountKey, toBase64 } from "../../src/protocol";
import { invitationKeys, inviteeTag, readInvitationLink, sealCard } from "../../src/protocol/invitations";
import { IndexedDatabase } from "../../src/store/indexed";
import { answer, type Device, device, entry, PASSPHRASE, pair, patientOf, settle, therapistOf, write } from "./devices";
import type { FakeServer } from "./fake-server";

const DAY = 86_400_000;
const idOf = (on: Device): string => on.session.account ?? "";
const kinds = (on: Device): string[] => on.sync.faults.map(({ kind }) => kind);
const contactOf = (on: Device, of: Device) => on.care.contact(idOf(of));

/** The same account with another key pair, as after its keys were renewed: the one before still opens what came earlier. */
async function withNewKeys(server: FakeServer, before: Device): Promise<Device> {
  const account = idOf(before);
  const { identity, sealed } = await createIdentity(await deriveAccountKeys(newAccountKey()), account, 1);
  const me = server.accounts.get(account)?.me;
  if (!me) throw new Error("no such account");
  const shown = {
    key_id: sealed.keyId,
    gen: 1,
    public_key: toBase64(identity.publicKey),
    private_sealed: toBase64(sealed.sealed),
  };
  me.identities = [shown, ...me.identities];
  const disk = new IndexedDatabase(before.databaseName, {
    onFailure: () => undefined,
    onWrite: () => undefined,
    onBlocked: () => undefined,
  });
  const [keys, here] = [await disk.get("keys", "here"), await disk.get("here", "here")];
  if (!keys || !here) throw new Error("locked");
  await disk.write(["keys", "here"], "strict", async (transaction) => {
    await transaction.put("keys", { ...keys, identities: [identity, ...keys.identities] }, "here");
    await transaction.put(
      "here",
      { ...here, publicKey: identity.keyPair.publicKey, identities: me.identities },
      "here",
    );
  });
  disk.close();
  return before.reopen();
}

/** `by` makes the reconnect link from the contact's page, `other` answers it with the account it has. */
async function reconnect(by: Device, account: string, other: Device): Promise<void> {
  const { link } = await by.care.reconnect(account);
  await other.session.openInvitation(new URL(link));
  await other.session.acceptInvitation();
  await settle(by, other);
}

/** Ana shares an entry, which Dr. Rivera opens and answers; then Ana's keys are renewed. */
async function renewedPatient() {
  const made = await pair();
  const id = await write(made.patient, "Before.");
  await made.patient.journal.setReaders(id, "to-read");
  await settle(made.patient, made.therapist);
  await answer(made.therapist, id, "I was there.");
  await settle(made.therapist, made.patient);
  const patient = await withNewKeys(made.server, made.patient);
  return { ...made, patient, id };
}

describe("a contact whose keys have changed", () => {
  test("is pinned anew by the answer to a link from that contact's page, and what waited opens in the same round", async () => {
    const { patient, therapist, id } = await renewedPatient();
    const digits = await therapist.care.checkDigits(idOf(patient));
    const later = await write(patient, "After.");
    await patient.journal.setReaders(later, "to-read");
    await settle(patient, therapist);
    expect(therapist.review.shared(later)).toBeUndefined();
    expect(kinds(therapist)).toEqual(["key-changed"]);
    expect(contactOf(therapist, patient)).toMatchObject({ newKeys: true });
    const { link } = await therapist.care.reconnect(idOf(patient));
    await patient.session.openInvitation(new URL(link));
    await patient.session.acceptInvitation();
    await therapist.sync.now();
    expect(therapist.review.shared(later)?.text).toBe("After.");
    expect(therapist.review.shared(id)?.text).toBe("Before.");
    expect(kinds(therapist)).toEqual([]);
    expect(contactOf(therapist, patient)).toMatchObject({ newKeys: false, verified: { how: "reconnect" } });
    const now = await therapist.care.checkDigits(idOf(patient));
    expect(now).not.toBe(digits);
    expect(await patient.care.checkDigits(idOf(therapist))).toBe(now);
  });

  test("what was opened under the key before still opens after a restart, and nothing new by it", async () => {
    const { server, patient, therapist, id } = await renewedPatient();
    const old = structuredClone(server.records.get(id)?.view);
    await reconnect(therapist, idOf(patient), patient);
    const again = await therapist.reopen();
    await again.sync.now();
    expect(again.review.shared(id)).toMatchObject({ text: "Before.", comments: [{ text: "I was there." }] });
    expect(kinds(again)).toEqual([]);
    // Who has the key that was given up, and the server, show another record by it: a new id is enough.
    const other = crypto.randomUUID();
    const stored = server.records.get(id);
    if (!old || !stored) throw new Error("no record");
    server.records.set(other, { ...structuredClone(stored), view: { ...old, id: other } });
    const account = server.accounts.get(idOf(again));
    account?.changes.set(other, ++account.counter);
    await again.sync.now();
    expect(again.review.shared(other)).toBeUndefined();
    expect(kinds(again)).toEqual(["unopened"]);
  });

  test("gets nothing sealed to either key meanwhile; the words are safe, and go out once both have reconnected", async () => {
    const { server, patient, therapist } = await pair();
    const shared = await write(patient, "Shared before.");
    await patient.journal.setReaders(shared, "for-our-session");
    await settle(patient, therapist);
    const renewed = await withNewKeys(server, therapist);
    patient.wait(DAY);
    await patient.sync.now();
    const id = await write(patient, "Typed meanwhile.");
    expect(patient.sync.losesWords).toBe(true);
    await patient.journal.setReaders(id, "to-read");
    await patient.sync.now();
    expect([patient.sync.unsent, patient.sync.losesWords]).toEqual([1, false]);
    await write(patient, "Shared before, changed.", shared);
    await expect(patient.journal.sendTheChange(shared)).rejects.toMatchObject({ reason: "new-keys" });
    await patient.sync.now();
    expect(server.records.get(id)).toMatchObject({ revision: 1 });
    expect(server.records.get(id)?.grants.size).toBe(0);
    expect(entry(patient, id)).toMatchObject({ sharing: true, waitsFor: [idOf(therapist)], text: "Typed meanwhile." });
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await settle(laptop);
    expect(entry(laptop, id).text).toBe("Typed meanwhile.");
    await reconnect(patient, idOf(renewed), renewed);
    expect(entry(patient, id)).toMatchObject({ waitsFor: [], where: "sent" });
    expect(renewed.review.shared(id)?.text).toBe("Typed meanwhile.");
    await patient.journal.sendTheChange(shared);
    await settle(patient, renewed);
    expect(renewed.review.shared(shared)?.text).toBe("Shared before, changed.");
    expect([...kinds(patient), ...kinds(renewed)]).toEqual([]);
  });

  test("can be taken back from meanwhile", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Shared before.");
    await patient.journal.setReaders(id, "for-our-session");
    await settle(patient, therapist);
    await withNewKeys(server, therapist);
    patient.wait(DAY);
    await patient.sync.now();
    await patient.journal.takeBack(id);
    await patient.sync.now();
    expect(server.records.get(id)?.grants.size).toBe(0);
    expect(entry(patient, id)).toMatchObject({ where: "sent", choice: "only-you" });
  });

  test("and who has new keys too, each answering the other's link, have each other's in the end", async () => {
    const { server, patient: before, therapist: unrenewed } = await pair();
    const patient = await withNewKeys(server, before);
    const therapist = await withNewKeys(server, unrenewed);
    const { link } = await therapist.care.reconnect(idOf(patient));
    await patient.session.openInvitation(new URL(link));
    const known = await patient.care.checkDigits(idOf(therapist));
    await patient.session.acceptInvitation();
    await settle(therapist, patient);
    expect(await patient.care.checkDigits(idOf(therapist))).toBe(known);
    await reconnect(patient, idOf(therapist), therapist);
    expect(await patient.care.checkDigits(idOf(therapist))).toBe(await therapist.care.checkDigits(idOf(patient)));
  });
});

describe("an answer that doesn't change a key", () => {
  test("to an invitation that wasn't made from that contact's page", async () => {
    const { patient, therapist } = await renewedPatient();
    const digits = await therapist.care.checkDigits(idOf(patient));
    const { link } = await therapist.care.createInvitation({ name: "Somebody new", adultConfirmed: true });
    await patient.session.openInvitation(new URL(link));
    await patient.session.acceptInvitation();
    await settle(therapist, patient);
    expect(kinds(therapist)).toContain("second-answer");
    expect(await therapist.care.checkDigits(idOf(patient))).toBe(digits);
  });

  test("by another contact than the one from whose page it was made", async () => {
    const { server, patient, therapist } = await pair();
    const other = await patientOf(server, therapist, "ben@example.org");
    await reconnect(therapist, idOf(patient), other);
    expect(kinds(therapist)).toEqual(["second-answer"]);
    expect(therapist.care.contacts.map(({ standsFor }) => standsFor)).toEqual([[], []]);
  });

  test("by a key that was given up before", async () => {
    const { server, patient, therapist } = await renewedPatient();
    await reconnect(therapist, idOf(patient), patient);
    const digits = await therapist.care.checkDigits(idOf(patient));
    const me = server.accounts.get(idOf(patient))?.me;
    const former = me?.identities[1];
    if (!me || !former) throw new Error("no former key");
    const { id, link } = await therapist.care.reconnect(idOf(patient));
    await answerAs(server, link, { account: idOf(patient), publicKey: fromBase64(former.public_key), name: "Ana" });
    expect(server.invitations.get(id)?.view.state).toBe("answered");
    await therapist.sync.now();
    expect(kinds(therapist)).toContain("second-answer");
    expect(await therapist.care.checkDigits(idOf(patient))).toBe(digits);
  });

  test("that comes after seven days", async () => {
    const { patient, therapist } = await renewedPatient();
    const digits = await therapist.care.checkDigits(idOf(patient));
    const { id, link } = await therapist.care.reconnect(idOf(patient));
    therapist.wait(8 * DAY);
    await patient.session.openInvitation(new URL(link));
    await patient.session.acceptInvitation();
    await settle(therapist, patient);
    expect(await therapist.care.checkDigits(idOf(patient))).toBe(digits);
    expect(therapist.care.invitations.find((one) => one.id === id)?.state).toBe("expired");
  });

  test("to a link from before new keys of who made it, which is too old and not an attack", async () => {
    const { patient, therapist } = await renewedPatient();
    const { id, link } = await therapist.care.reconnect(idOf(patient));
    await patient.session.openInvitation(new URL(link));
    const typed = { method: "passphrase", passphrase: PASSPHRASE } as const;
    const renewal = await (await therapist.rotation()).prepare(typed, "gravel moth window seventh rope");
    await renewal.start(() => undefined);
    await patient.session.acceptInvitation();
    await settle(therapist, patient, therapist);
    expect(kinds(therapist)).toEqual([]);
    expect(therapist.care.contact(idOf(patient))?.earlierKeys).toBe(0);
    expect(therapist.care.invitations.find((one) => one.id === id)?.state).toBe("expired");
    await expect(therapist.care.invitationLink(id)).rejects.toMatchObject({ reason: "link-gone" });
    expect((await therapist.care.reconnect(idOf(patient))).id).not.toBe(id);
  });

  test("to a link that was withdrawn", async () => {
    const { patient, therapist } = await renewedPatient();
    const digits = await therapist.care.checkDigits(idOf(patient));
    const { id, link } = await therapist.care.reconnect(idOf(patient));
    await therapist.care.withdrawInvitation(id);
    await patient.session.openInvitation(new URL(link));
    await patient.session.acceptInvitation();
    await settle(therapist, patient);
    expect(await therapist.care.checkDigits(idOf(patient))).toBe(digits);
    expect(therapist.care.invitations.find((one) => one.id === id)?.state).toBe("withdrawn");
  });

  test("whatever key the server names with it", async () => {
    const { server, patient, therapist } = await pair();
    const digits = await therapist.care.checkDigits(idOf(patient));
    server.lie = (path, given) =>
      path === "/api/invitations" && Array.isArray(given)
        ? given.map((view: Schemas["InvitationView"]) => ({
            ...view,
            ...(view.invitee_key ? { invitee_key: btoa("k".repeat(32)) } : {}),
          }))
        : given;
    await reconnect(therapist, idOf(patient), patient);
    expect(kinds(therapist)).toContain("forged-answer");
    expect(await therapist.care.checkDigits(idOf(patient))).toBe(digits);
  });
});

/** What somebody who has the link and works with the server can answer, as any account and key that they have. */
async function answerAs(
  server: FakeServer,
  link: string,
  party: { account: string; publicKey: Uint8Array<ArrayBuffer>; name: string },
): Promise<void> {
  const { invite, secret } = readInvitationLink(new URL(link));
  const keys = await invitationKeys(secret);
  const invited = server.invitations.get(invite);
  const inviter = server.accounts.get(invited?.inviter ?? "")?.me;
  if (!invited || !inviter?.identities[0]) throw new Error("no such invitation");
  const by = { account: inviter.id, publicKey: fromBase64(inviter.identities[0].public_key) };
  invited.view = {
    ...invited.view,
    state: "answered",
    invitee: party.account,
    invitee_key: toBase64(party.publicKey),
    tag: toBase64(await inviteeTag(keys, invite, by, party)),
    card: toBase64(await sealCard(keys, { invite, role: "invitee", account: party.account }, party.name)),
  };
}

/** Signs up anew by a link, as who has lost every way in. */
async function anew(server: FakeServer, link: string, email: string): Promise<Device> {
  const on = await device(server);
  await on.session.openInvitation(new URL(link));
  await on.session.signUp({
    by: "invitation",
    email,
    passphrase: PASSPHRASE,
    name: "Ana",
    language: "es",
    device: "Phone",
  });
  await on.session.confirmKitSaved();
  return on;
}

/** Ana shared two of three entries, lost every way in, and has begun anew by the link from her page at Dr. Rivera's. */
async function lostPatient() {
  const made = await pair();
  const ids = [];
  for (const text of ["First.", "Second."]) {
    const id = await write(made.patient, text);
    await made.patient.journal.setReaders(id, "to-read");
    ids.push(id);
  }
  await write(made.patient, "Never shared.");
  await settle(made.patient, made.therapist);
  const { link } = await made.therapist.care.reconnect(idOf(made.patient));
  const patient = await anew(made.server, link, "ana.anew@example.org");
  await settle(made.therapist, patient, made.therapist);
  return { ...made, former: made.patient, patient, ids };
}

const texts = (on: Device): string[] => on.journal.entries.map(({ text }) => text).sort();

describe("a patient who lost every way in", () => {
  test("is a new contact in the former one's place, not marked as a namesake; the former one stays", async () => {
    const { therapist, patient, former, ids } = await lostPatient();
    expect(contactOf(therapist, patient)).toMatchObject({
      standsFor: [idOf(former)],
      sameName: false,
      verified: { how: "reconnect" },
    });
    expect(contactOf(therapist, former)).toMatchObject({ replaced: true, sameName: false });
    expect(therapist.review.shared(ids[0] ?? "")?.text).toBe("First.");
    // Nothing comes by itself.
    expect(patient.journal.entries).toEqual([]);
    expect(kinds(therapist)).toEqual([]);
  });

  test("gets back what was shared, each entry once, also where it is begun again and on two devices at once", async () => {
    const { server, therapist, patient } = await lostPatient();
    expect((await therapist.reconnecting()).toGiveBack).toMatchObject([
      { account: idOf(patient), entries: 2, made: 0 },
    ]);
    await (await therapist.reconnecting()).giveBack(idOf(patient), true);
    await (await therapist.reconnecting()).giveBack(idOf(patient), true);
    await settle(therapist, patient);
    expect((await therapist.reconnecting()).toGiveBack).toMatchObject([{ entries: 2, made: 2, unsent: 0 }]);
    const laptop = await device(server);
    await laptop.session.signIn("ana.anew@example.org", PASSPHRASE);
    await settle(laptop);
    expect((await patient.reconnecting()).givenBack).toMatchObject([
      { therapist: idOf(therapist), entries: 2, left: 2 },
    ]);
    await Promise.all([patient, laptop].map(async (on) => (await on.reconnecting()).takeIn(idOf(therapist))));
    await settle(patient, laptop, patient);
    for (const on of [patient, laptop]) {
      expect(texts(on)).toEqual(["First.", "Second."]);
      expect((await on.reconnecting()).givenBack).toMatchObject([{ left: 0 }]);
      expect(kinds(on)).toEqual([]);
    }
    for (const { choice, givenBack } of patient.journal.entries)
      expect([choice, givenBack?.name]).toEqual(["only-you", "Dr. Rivera"]);
  });

  test("doesn't get again what they have deleted", async () => {
    const { therapist, patient } = await lostPatient();
    await (await therapist.reconnecting()).giveBack(idOf(patient), true);
    await settle(therapist, patient);
    await (await patient.reconnecting()).takeIn(idOf(therapist));
    await patient.sync.now();
    await patient.journal.deleteEntry(patient.journal.entries[0]?.id ?? "");
    patient.wait(60_000);
    await settle(patient);
    await (await patient.reconnecting()).takeIn(idOf(therapist));
    await settle(patient);
    expect(patient.journal.entries).toHaveLength(1);
    expect((await patient.reconnecting()).givenBack).toMatchObject([{ left: 0 }]);
  });

  test("can't be stood in for by a second person who has the link", async () => {
    const { server, patient, therapist } = await pair();
    const { id, link } = await therapist.care.reconnect(idOf(patient));
    await anew(server, link, "ana.anew@example.org");
    await therapist.sync.now();
    const { identity } = await createIdentity(await deriveAccountKeys(newAccountKey()), crypto.randomUUID(), 1);
    const view = server.invitations.get(id)?.view;
    if (!view) throw new Error("no invitation");
    server.invitations.set(id, {
      ...(server.invitations.get(id) as NonNullable<ReturnType<typeof server.invitations.get>>),
      view: { ...view, invitee: crypto.randomUUID(), invitee_key: toBase64(identity.publicKey) },
    });
    therapist.wait(DAY);
    await therapist.sync.now();
    expect(kinds(therapist)).toEqual(["second-answer"]);
    expect(therapist.care.contacts.filter(({ standsFor }) => standsFor.length > 0)).toHaveLength(1);
  });
});

describe("a therapist who lost every way in", () => {
  async function lostTherapist() {
    const made = await pair();
    const [session, soon] = [await write(made.patient, "For the session."), await write(made.patient, "To read.")];
    await made.patient.journal.setReaders(session, "for-our-session");
    await made.patient.journal.setReaders(soon, "to-read");
    const own = await write(made.patient, "Only mine.");
    await settle(made.patient, made.therapist);
    await answer(made.therapist, session, "I was there.");
    await settle(made.therapist, made.patient);
    const therapist = await therapistOf(made.server, "rivera.anew@example.org");
    await reconnect(made.patient, idOf(made.therapist), therapist);
    return { ...made, former: made.therapist, therapist, session, soon, own };
  }

  test("stands in the former one's place, and is shared anew what is chosen, each entry as it was", async () => {
    const { server, patient, therapist, former, session, soon, own } = await lostTherapist();
    expect(contactOf(patient, therapist)).toMatchObject({ standsFor: [idOf(former)], sameName: false });
    expect(therapist.review.shared(session)).toBeUndefined();
    const [offered] = (await patient.reconnecting()).toShareAnew;
    expect(offered?.entries.map(({ id, attention }) => [id, attention]).sort()).toEqual(
      [
        [session, 0],
        [soon, 1],
      ].sort(),
    );
    await expect((await patient.reconnecting()).shareAnew(idOf(therapist), [session])).rejects.toMatchObject({
      reason: "no-agreement",
    });
    await patient.care.acceptAgreement(patient.care.agreementWith(idOf(therapist))?.id ?? "");
    await (await patient.reconnecting()).shareAnew(idOf(therapist), [session, soon]);
    await settle(patient, therapist);
    expect(therapist.review.shared(session)).toMatchObject({ text: "For the session.", attention: 0 });
    expect(therapist.review.shared(soon)).toMatchObject({ text: "To read.", attention: 1 });
    expect(therapist.review.shared(own)).toBeUndefined();
    expect([...(server.records.get(session)?.grants.keys() ?? [])]).toEqual([idOf(therapist)]);
    expect((await patient.reconnecting()).toShareAnew).toMatchObject([{ entries: [] }]);
    // What the former account wrote stays readable.
    expect(entry(patient, session).comments).toMatchObject([{ text: "I was there.", name: "Dr. Rivera" }]);
    expect([...kinds(patient), ...kinds(therapist)]).toEqual([]);
  });

  test("isn't preselected before the agreement, and the former one isn't any more", async () => {
    const { patient, own } = await lostTherapist();
    await expect(patient.journal.setReaders(own, "to-read")).rejects.toMatchObject({ reason: "no-agreement" });
  });
});

test("a therapist opens no link but a patient's from their own page", async () => {
  const { server, therapist } = await pair();
  const other = await therapistOf(server, "sol@example.org", "Dr. Sol");
  const { link } = await other.care.createInvitation({ name: "A patient", adultConfirmed: true });
  await therapist.session.openInvitation(new URL(link));
  await expect(therapist.session.acceptInvitation()).rejects.toMatchObject({ reason: "link" });
});
