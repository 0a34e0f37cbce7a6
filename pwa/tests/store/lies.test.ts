import { describe, expect, test } from "vitest";
import type { Schemas } from "../../src/api/client";
import { hash, newId, randomBytes, toBase64 } from "../../src/protocol";
import {
  invitationKeys,
  invitationLink,
  inviterTag,
  newInvitationSecret,
  sealCard,
} from "../../src/protocol/invitations";
import { answer, type Device, device, entry, PASSPHRASE, pair, patientOf, settle, therapistOf, write } from "./devices";
import { FakeServer } from "./fake-server";

type Record_ = Schemas["RecordView"];

/** Lets the server alter each record that it shows in the feed. */
function alter(server: FakeServer, change: (record: Record_) => Record_ | undefined): void {
  server.lie = (path, answer) => {
    if (path !== "/api/changes") return answer;
    const page = answer as Schemas["Changes"];
    const changes = page.changes.map((row) => ({ ...row, record: row.record && (change(row.record) ?? row.record) }));
    return { ...page, changes };
  };
}

function honest(server: FakeServer): void {
  server.lie = (_, answer) => answer;
}

/** Makes the server show a record again to everybody who may see it. */
function showAgain(server: FakeServer, record: string): void {
  for (const account of server.accounts.values()) {
    if (account.changes.has(record)) account.changes.set(record, ++account.counter);
  }
}

function kinds(on: Device): string[] {
  return on.sync.faults.map((fault) => fault.kind);
}

async function shared(choice: "to-read" | "for-our-session" = "to-read") {
  const made = await pair();
  const id = await write(made.patient, "What I wrote.");
  await made.patient.journal.setReaders(id, choice);
  await settle(made.patient, made.therapist);
  return { ...made, id };
}

describe("a lying server is refused, and shown", () => {
  test("an own record with a proof that its owner didn't make", async () => {
    const { server, patient, id } = await shared();
    alter(server, (record) => (record.id === id ? { ...record, proof: record.proof.replace(/^../, "AA") } : undefined));
    showAgain(server, id);
    await patient.sync.now();
    expect(kinds(patient)).toEqual(["unproven"]);
    expect(entry(patient, id)).toMatchObject({ text: "What I wrote.", faults: [{ kind: "unproven" }] });
  });

  test("an earlier body under the newest revision, and an earlier revision, on the owner's device and the reader's", async () => {
    const { server, patient, therapist, id } = await shared();
    const old = structuredClone(server.records.get(id)?.view);
    await write(patient, "What I wrote, changed.", id);
    await patient.journal.sendTheChange(id);
    await settle(patient, therapist);
    const stored = server.records.get(id);
    if (!old || !stored) throw new Error("no record");
    stored.view = old;
    stored.revision = old.revision;
    showAgain(server, id);
    await settle(patient, therapist);
    expect(kinds(patient)).toEqual(["rollback"]);
    expect(kinds(therapist)).toEqual(["rollback"]);
    expect(entry(patient, id).text).toBe("What I wrote, changed.");
    expect(therapist.review.shared(id)?.text).toBe("What I wrote, changed.");
  });

  test("a reader whom the owner didn't name", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "Only mine.");
    await patient.sync.now();
    const account = therapist.session.account ?? "";
    const grant = {
      grantee: account,
      attention: 1,
      sealed: btoa("x".repeat(80)),
      epoch: 1,
      granted: "2026-11-01T00:00:00Z",
    };
    server.records.get(id)?.grants.set(account, grant);
    const stamped = server.accounts.get(account);
    stamped?.changes.set(id, ++stamped.counter);
    showAgain(server, id);
    await settle(patient, therapist);
    expect(kinds(patient)).toEqual(["readers"]);
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(kinds(therapist)).toEqual(["unopened"]);
  });

  test("another attention than the owner asked for", async () => {
    const { server, patient, therapist, id } = await shared("for-our-session");
    alter(server, (record) =>
      record.id !== id
        ? undefined
        : {
            ...record,
            readers: record.readers.map((reader) => ({ ...reader, attention: 2 })),
            grant: record.grant && { ...record.grant, attention: 2 },
          },
    );
    showAgain(server, id);
    await settle(patient, therapist);
    expect(kinds(patient)).toEqual(["attention"]);
    expect(kinds(therapist)).toEqual(["unopened"]);
    expect(therapist.review.toRead).toEqual([]);
  });

  test("one comment passed off as being about another entry", async () => {
    const { server, patient, therapist, id } = await shared();
    const other = await write(patient, "Another entry.");
    await patient.journal.setReaders(other, "to-read");
    await settle(patient, therapist);
    await answer(therapist, id, "Good.");
    alter(server, (record) => (record.about === id ? { ...record, about: other } : undefined));
    await settle(therapist, patient);
    expect(entry(patient, other).comments).toEqual([]);
    expect(kinds(patient)).toEqual(["unopened"]);
  });

  test("a forged tombstone, and an own record that is said to be gone", async () => {
    const { server, patient, id } = await shared();
    const stored = server.records.get(id);
    if (!stored) throw new Error("no record");
    stored.tombstone = btoa("y".repeat(32));
    showAgain(server, id);
    await patient.sync.now();
    expect(kinds(patient)).toEqual(["tombstone"]);
    stored.tombstone = undefined;
    stored.view = undefined;
    showAgain(server, id);
    await patient.sync.now();
    expect(entry(patient, id).text).toBe("What I wrote.");
  });

  test("a record that was deleted, shown again", async () => {
    const { server, patient, id } = await shared();
    const before = structuredClone(server.records.get(id));
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await patient.sync.now();
    if (before) server.records.set(id, before);
    showAgain(server, id);
    await patient.sync.now();
    expect(patient.journal.entries).toEqual([]);
    expect(kinds(patient)).toEqual(["rollback"]);
  });

  test("many deletions at once wait for the person's word", async () => {
    const { server, patient } = await pair();
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) ids.push(await write(patient, `Entry ${i}`));
    await patient.sync.now();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    for (const id of ids) await laptop.journal.deleteEntry(id);
    laptop.wait(10_000);
    await settle(laptop, patient);
    expect(laptop.journal.entries).toEqual([]);
    expect(patient.journal.entries).toHaveLength(12);
    expect(patient.sync.heldDeletions).toBe(12);
    expect(kinds(patient)).toEqual(["deletion-wave"]);
    await patient.sync.applyDeletions();
    expect(patient.journal.entries).toEqual([]);
    expect(patient.sync.faults).toEqual([]);
  });

  test("another key for a contact than the pinned one", async () => {
    const { server, patient, therapist } = await pair();
    const stranger = await patientOf(server, therapist, "eve@example.org");
    const account = server.accounts.get(therapist.session.account ?? "");
    const eve = server.accounts.get(stranger.session.account ?? "");
    if (!account || !eve) throw new Error("no account");
    const { identities } = account.me;
    account.me.identities = eve.me.identities;
    patient.wait(60_000);
    const id = await write(patient, "For Dr. Rivera alone.");
    await patient.journal.setReaders(id, "to-read");
    await patient.sync.now();
    expect(kinds(patient)).toEqual(["key-changed"]);
    // Sealed to nobody: the server's word is enough to hold back, never enough to pin.
    expect(server.records.get(id)?.grants.size).toBe(0);
    expect(entry(patient, id)).toMatchObject({ waitsFor: [therapist.session.account] });
    account.me.identities = identities;
    patient.wait(60_000);
    await settle(patient, therapist);
    expect(kinds(patient)).toEqual([]);
    expect(therapist.review.shared(id)?.text).toBe("For Dr. Rivera alone.");
  });
});

describe("a lie at the door is refused", () => {
  test("another key in an answer that led to a pin: the pin stays, and it is shown as an attack", async () => {
    const { server, patient, therapist } = await pair();
    const digits = await therapist.care.checkDigits(patient.session.account ?? "");
    server.lie = (path, answer) =>
      path === "/api/invitations"
        ? (answer as Schemas["InvitationView"][]).map((view) => ({ ...view, invitee_key: btoa("k".repeat(32)) }))
        : answer;
    therapist.wait(60_000);
    await therapist.sync.now();
    expect(kinds(therapist)).toEqual(["second-answer"]);
    expect(await therapist.care.checkDigits(patient.session.account ?? "")).toBe(digits);
  });

  test("an invitation with another key, or another card", async () => {
    const server = new FakeServer();
    const therapist = await therapistOf(server);
    const { link } = await therapist.care.createInvitation({ name: "Ana", adultConfirmed: true });
    const patient = await device(server);
    for (const lie of [
      { inviter_key: btoa("k".repeat(32)) },
      { card: btoa("c".repeat(1053)) },
      { inviter: crypto.randomUUID() },
    ]) {
      server.lie = (path, answer) => (path.endsWith("/open") ? { ...(answer as object), ...lie } : answer);
      await expect(patient.session.openInvitation(new URL(link))).rejects.toMatchObject({ reason: "forged" });
    }
    honest(server);
    await expect(patient.session.openInvitation(new URL(link))).resolves.toMatchObject({ inviterName: "Dr. Rivera" });
  });

  test("an answer to an invitation that doesn't come from who has the link", async () => {
    const server = new FakeServer();
    const therapist = await therapistOf(server);
    server.lie = (path, answer) =>
      path === "/api/invitations" && Array.isArray(answer)
        ? answer.map((view: Schemas["InvitationView"]) => ({
            ...view,
            ...(view.invitee_key ? { invitee_key: btoa("k".repeat(32)) } : {}),
          }))
        : answer;
    await patientOf(server, therapist);
    expect(therapist.care.contacts).toEqual([]);
    expect(kinds(therapist)).toEqual(["forged-answer"]);
  });

  test("a link that would change the key of somebody who is known", async () => {
    const { server, patient, therapist } = await pair();
    const account = therapist.session.account ?? "";
    const before = await patient.care.checkDigits(account);
    // Whoever makes a link has its secret, and so gets the tag right for any name, account and key.
    const [invite, secret, publicKey] = [newId(), newInvitationSecret(), randomBytes(32)];
    const keys = await invitationKeys(secret);
    const tag = toBase64(await inviterTag(keys, invite, { account, publicKey, name: "Dr. Rivera" }));
    const card = toBase64(await sealCard(keys, { invite, role: "inviter", account }, "Dr. Rivera"));
    const redeem_hash = toBase64(await hash(keys.redeem));
    const at = new Date().toISOString();
    server.invitations.set(invite, {
      inviter: account,
      redeemHash: redeem_hash,
      shown: { id: invite, redeem_hash, tag, card, adult: true },
      view: { id: invite, state: "open", created: at, expires: at },
    });
    server.lie = (path, answer) =>
      path.endsWith("/open") ? { ...(answer as object), inviter_key: toBase64(publicKey) } : answer;
    await patient.session.openInvitation(new URL(invitationLink("https://tide.example", invite, secret)));
    await expect(patient.session.acceptInvitation()).rejects.toMatchObject({ reason: "forged" });
    expect(await patient.care.checkDigits(account)).toBe(before);
    expect(patient.line.seen.filter(({ what }) => what.endsWith("/answer"))).toEqual([]);
  });

  test("weaker Argon2id, and keys of an earlier generation", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    server.lie = (path, answer) => {
      if (path !== "/api/sign-in") return answer;
      const me = answer as Schemas["Me"];
      return { ...me, slots: me.slots.map((slot) => ({ ...slot, params: slot.params && { ...slot.params, m: 8 } })) };
    };
    await expect(laptop.session.signIn("ana@example.org", PASSPHRASE)).rejects.toMatchObject({
      reason: "weak-parameters",
    });
    expect(laptop.session.phase).toBe("signed-out");
    server.lie = (path, answer) => (path === "/api/sign-in" ? { ...(answer as object), gen: 0 } : answer);
    await expect(patient.session.signIn("ana@example.org", PASSPHRASE)).rejects.toMatchObject({
      reason: "weak-parameters",
    });
  });

  test("a link that isn't whole", async () => {
    const server = new FakeServer();
    const patient = await device(server);
    const link = new URL(`https://tide.example/join/${crypto.randomUUID()}#AAAA`);
    await expect(patient.session.openInvitation(link)).rejects.toMatchObject({ reason: "link" });
    await expect(patient.session.openFirstLink("#AAAA")).rejects.toMatchObject({ reason: "link" });
  });
});
