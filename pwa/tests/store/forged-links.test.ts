/** Links as weapons: replayed, or made by a stranger or by the server in the name of somebody known. */
import { expect, test } from "vitest";
import type { Schemas } from "../../src/api/client";
import {
  createIdentity,
  deriveAccountKeys,
  fromBase64,
  hash,
  type Identity,
  newAccountKey,
  newId,
  openGrant,
  toBase64,
} from "../../src/protocol";
import {
  invitationKeys,
  invitationLink,
  inviterTag,
  newInvitationSecret,
  sealCard,
} from "../../src/protocol/invitations";
import { type Device, entry, pair, settle, therapistOf, write } from "./devices";
import type { FakeServer } from "./fake-server";

const idOf = (on: Device): string => on.session.account ?? "";
const kinds = (on: Device): string[] => on.sync.faults.map(({ kind }) => kind);

async function newIdentity(account: string): Promise<Identity> {
  return (await createIdentity(await deriveAccountKeys(newAccountKey()), account, 1)).identity;
}

/** A link with a secret and a key of the forger's own, in the name of `account`, which the server shows as if it were theirs. */
async function forgedLink(
  server: FakeServer,
  as: { account: string; publicKey: Identity["publicKey"]; name: string; reconnects: string | undefined },
): Promise<URL> {
  const [invite, secret] = [newId(), newInvitationSecret()];
  const keys = await invitationKeys(secret);
  const { account, publicKey, name, reconnects } = as;
  const tag = toBase64(await inviterTag(keys, invite, { account, publicKey, name }));
  const card = toBase64(await sealCard(keys, { invite, role: "inviter", account }, name, reconnects));
  const redeem_hash = toBase64(await hash(keys.redeem));
  const at = new Date(Date.now() + 60_000).toISOString();
  server.invitations.set(invite, {
    inviter: account,
    redeemHash: redeem_hash,
    shown: { id: invite, redeem_hash, tag, card, adult: true },
    view: { id: invite, state: "open", created: at, expires: at },
  });
  server.lie = (path, answer) =>
    path === `/api/invitations/${invite}/open` ? { ...(answer as object), inviter_key: toBase64(publicKey) } : answer;
  return new URL(invitationLink("https://tide.example", invite, secret));
}

test("a link in the name of somebody known that says it reconnects pins nothing and shares nothing", async () => {
  const { server, patient, therapist } = await pair();
  const id = await write(patient, "For Dr. Rivera alone.");
  await patient.journal.setReaders(id, "to-read");
  await settle(patient, therapist);
  const [contacts, digits] = [patient.care.contacts.length, await patient.care.checkDigits(idOf(therapist))];
  const forger = await newIdentity(idOf(therapist));
  const as = { account: idOf(therapist), publicKey: forger.publicKey, name: "Dr. Rivera", reconnects: idOf(patient) };
  await patient.session.openInvitation(await forgedLink(server, as));
  // It is answered: whoever lost their keys needs that. It changes nothing here.
  const saved = () => patient.line.seen.filter(({ what }) => what.startsWith("PUT /api/records/"));
  const before = saved().length;
  await patient.session.acceptInvitation();
  await settle(patient);
  expect(saved()).toHaveLength(before);
  expect(await patient.care.checkDigits(idOf(therapist))).toBe(digits);
  expect(patient.care.contacts).toHaveLength(contacts);
  await write(patient, "Changed since.", id);
  await patient.journal.sendTheChange(id);
  await settle(patient, therapist);
  expect(therapist.review.shared(id)?.text).toBe("Changed since.");
  const me = server.accounts.get(idOf(patient))?.me.identities[0]?.public_key ?? "";
  for (const { what, body } of saved()) {
    const { grants, epoch } = JSON.parse(body) as Schemas["Save"];
    const record = what.replace("PUT /api/records/", "");
    for (const { grantee, attention, sealed } of grants ?? []) {
      expect(grantee).toBe(idOf(therapist));
      const grant = { record, owner: idOf(patient), grantee, epoch, attention, sealed: fromBase64(sealed) } as const;
      await expect(openGrant(forger, grantee, { ...grant, attention: 1 }, fromBase64(me))).rejects.toThrow();
    }
  }
});

test("a stranger's link that says it reconnects stands in nobody's place", async () => {
  const { server, patient, therapist } = await pair();
  const id = await write(patient, "For Dr. Rivera alone.");
  await patient.journal.setReaders(id, "to-read");
  await settle(patient, therapist);
  const stranger = await therapistOf(server, "mallory@example.org", "Dr. Rivera");
  const { publicKey } = await newIdentity(idOf(stranger));
  const as = { account: idOf(stranger), publicKey, name: "Dr. Rivera", reconnects: idOf(patient) };
  await patient.session.openInvitation(await forgedLink(server, as));
  await patient.session.acceptInvitation();
  await settle(patient);
  // Beside the one who is known, and marked as a namesake.
  expect(patient.care.contact(idOf(stranger))).toMatchObject({ standsFor: [], sameName: true });
  expect((await patient.reconnecting()).toShareAnew).toEqual([]);
  await write(patient, "Changed since.", id);
  await patient.journal.sendTheChange(id);
  await settle(patient, therapist);
  expect([...(server.records.get(id)?.grants.keys() ?? [])]).toEqual([idOf(therapist)]);
  expect(entry(patient, id).text).toBe("Changed since.");
});

test("a stranger who plays a lost patient is given nothing back", async () => {
  const { server, patient, therapist } = await pair();
  const id = await write(patient, "Shared with Dr. Rivera.");
  await patient.journal.setReaders(id, "to-read");
  await settle(patient, therapist);
  const account = newId();
  const { publicKey, keyId } = await newIdentity(account);
  // An account that the server has made up for it.
  const made = structuredClone(server.accounts.get(idOf(patient)));
  const [identity] = made?.me.identities ?? [];
  if (!made || !identity) throw new Error("no account");
  const identities = [{ ...identity, key_id: keyId, public_key: toBase64(publicKey) }];
  server.accounts.set(account, { ...made, me: { ...made.me, id: account, email: "mallory@example.org", identities } });
  const as = { account, publicKey, name: "Ana", reconnects: idOf(therapist) };
  await therapist.session.openInvitation(await forgedLink(server, as));
  await therapist.session.acceptInvitation();
  await settle(therapist);
  expect(therapist.care.contact(account)).toMatchObject({ standsFor: [] });
  const reconnecting = await therapist.reconnecting();
  expect(reconnecting.toGiveBack).toEqual([]);
  await reconnecting.giveBack(account, true);
  await settle(therapist);
  const given = [...server.records].filter(([record, { grants }]) => record !== id && grants.has(account));
  // What it gets is the reading agreement, as everybody new does.
  expect(given).toHaveLength(1);
});

test("an answer replayed to another invitation pins nobody", async () => {
  const { server, patient, therapist } = await pair();
  const [answered] = [...server.invitations.values()].filter(({ view }) => view.invitee === idOf(patient));
  if (!answered) throw new Error("nobody has answered");
  const before = therapist.care.contacts.length;
  const other = await therapist.care.createInvitation({ name: "Bea", adultConfirmed: true });
  const open = server.invitations.get(other.id);
  if (!open) throw new Error("no invitation");
  open.view = { ...answered.view, id: other.id };
  await settle(therapist);
  expect(kinds(therapist)).toEqual(["forged-answer"]);
  expect(therapist.care.contacts).toHaveLength(before);
  expect(therapist.care.invitations.find(({ id }) => id === other.id)?.state).toBe("open");
});
