import { describe, expect, test } from "vitest";
import {
  type Attention,
  baseOf,
  canonicalEmail,
  ctx,
  deriveAccountKeys,
  fromBase64,
  fromUtf8,
  hash,
  type Identity,
  importIdentity,
  judgeArrival,
  kitSecrets,
  mac,
  macKey,
  openBody,
  openDraft,
  openGrant,
  openIdentity,
  openSlot,
  paddedLength,
  passkeySlotKey,
  passphraseSecrets,
  prfInput,
  prove,
  proveTombstone,
  requireProof,
  requireTombstone,
  type Seen,
  type SlotMethod,
  toBase64,
  unwrapRecordKey,
  utf8,
} from "../../src/protocol";
import {
  checkDigits,
  invitationKeys,
  inviteeTag,
  inviterTag,
  openCard,
  requireInviteeTag,
  requireInviterTag,
} from "../../src/protocol/invitations";
import { printKit, readKit } from "../../src/protocol/kit";
import { readVectors, toHex, type Vectors } from "./vectors";

/** One reader for all three makers: if these open, the clients open each other's bytes. */
describe.each(["suite1.json", "python.json", "typescript.json"])("%s", (file) => {
  const vectors = readVectors(file) as Vectors;
  const accounts = vectors.accounts;

  function accountOf(id: string): Vectors["accounts"][number] {
    const found = accounts.find((account) => account.id === id);
    if (!found) throw new Error("a vector about an account that isn't there");
    return found;
  }

  async function identityOf(id: string): Promise<Identity> {
    return importIdentity(fromBase64(accountOf(id).private));
  }

  test.each(accounts)(
    "opens the slots of $email with the passphrase, with the kit and with a passkey",
    async (account) => {
      expect(canonicalEmail(account.email)).toBe(account.email);
      const methods = file === "suite1.json" ? ["passphrase", "recovery"] : ["passkey", "passphrase", "recovery"];
      expect(account.slots.map((slot) => slot.method).sort()).toEqual(methods);
      for (const slot of account.slots) {
        const head = { account: account.id, id: slot.id, method: slot.method as SlotMethod, gen: slot.gen };
        if (slot.prf) {
          const key = await passkeySlotKey(fromBase64(slot.prf));
          expect(toBase64(await openSlot(key, head, fromBase64(slot.sealed)))).toBe(account.ak);
          continue;
        }
        const secrets = slot.kit
          ? await kitSecrets(readKit(slot.kit))
          : await passphraseSecrets(account.passphrase, account.email, fromBase64(slot.salt ?? ""));
        if (slot.kit) expect(printKit(readKit(slot.kit))).toBe(slot.kit);
        expect(toBase64(secrets.auth)).toBe(slot.auth);
        expect(toBase64(await openSlot(secrets.slotKey, head, fromBase64(slot.sealed)))).toBe(account.ak);
      }
    },
  );

  test.each(accounts)("gives $email the salt that the server's secret makes", async (account) => {
    const salt = (await mac(await macKey(fromBase64(vectors.salt_secret)), utf8(account.email))).slice(0, 16);
    expect(account.slots.find((slot) => slot.method === "passphrase")?.salt).toBe(toBase64(salt));
  });

  test.each(accounts)("opens the identity of $email and computes its public key", async (account) => {
    const keys = await deriveAccountKeys(fromBase64(account.ak));
    const stored = { keyId: account.key_id, gen: account.gen, sealed: fromBase64(account.private_sealed) };
    const identity = await openIdentity(keys, account.id, stored, "present");
    expect(toBase64(identity.publicKey)).toBe(account.public);
    expect(identity.keyPair.privateKey.extractable).toBe(false);
    for (const key of Object.values(keys) as CryptoKey[]) expect(key.extractable).toBe(false);
  });

  test("opens each revision with its owner's keys, proven and following the one before", async () => {
    const seen = new Map<string, Seen>();
    for (const made of vectors.revisions) {
      const { json, ...head } = made;
      const keys = await deriveAccountKeys(fromBase64(accountOf(made.owner).ak));
      const body = fromBase64(made.body);
      await requireProof(keys.recordProof, head, body, fromBase64(made.proof));
      expect(toBase64(await prove(keys.recordProof, head, body))).toBe(made.proof);
      const key = await unwrapRecordKey(keys.recordWrap, head, fromBase64(made.wrapped));
      expect(toBase64(key)).toBe(made.rk);
      expect(await openBody(key, head, body)).toEqual(json);
      const arrival = { ...head, hash: await baseOf(body) };
      expect(judgeArrival(seen.get(made.record), arrival)).toBe("new");
      expect(judgeArrival(arrival, arrival)).toBe("same");
      seen.set(made.record, arrival);
    }
  });

  test("opens each grant as its reader, and the body with what it holds", async () => {
    for (const made of vectors.grants) {
      const owner = fromBase64(accountOf(made.owner).public);
      const grant = { ...made, attention: made.attention as Attention, sealed: fromBase64(made.sealed) };
      const key = await openGrant(await identityOf(made.grantee), made.grantee, grant, owner);
      const revision = vectors.revisions.find((other) => other.record === made.record && other.epoch === made.epoch);
      if (!revision) throw new Error("a grant of a revision that isn't there");
      const content = await openBody(key, revision, fromBase64(revision.body));
      const grantee = accountOf(made.grantee);
      expect(content.readers).toContainEqual({
        account: made.grantee,
        key_id: grantee.key_id,
        attention: made.attention,
      });
    }
  });

  test("verifies the tombstone", async () => {
    const { tombstone } = vectors;
    const keys = await deriveAccountKeys(fromBase64(accountOf(tombstone.owner).ak));
    await requireTombstone(keys.recordProof, tombstone, fromBase64(tombstone.mac));
    expect(toBase64(await proveTombstone(keys.recordProof, tombstone))).toBe(tombstone.mac);
  });

  test("opens the draft", async () => {
    const { draft } = vectors;
    const text = await openDraft(await identityOf(draft.account), draft.account, draft.id, fromBase64(draft.sealed));
    expect(fromUtf8(text)).toBe(draft.text);
  });

  test("verifies the invitation, its cards and both tags", async () => {
    const { invitation } = vectors;
    const keys = await invitationKeys(fromBase64(invitation.K));
    expect(toBase64(await hash(keys.redeem))).toBe(invitation.redeem_hash);
    const names: Record<string, string> = {};
    for (const card of invitation.cards) {
      const head = { invite: invitation.id, role: card.role, account: card.account };
      names[card.account] = await openCard(keys, head, fromBase64(card.sealed));
      expect(names[card.account]).toBe(card.json.name);
    }
    const party = (id: string) => ({
      account: id,
      publicKey: fromBase64(accountOf(id).public),
      name: names[id] ?? "",
    });
    const inviter = party(invitation.inviter);
    const invitee = party(invitation.invitee);
    await requireInviterTag(keys, invitation.id, inviter, fromBase64(invitation.tag_t));
    await requireInviteeTag(keys, invitation.id, inviter, invitee, fromBase64(invitation.tag_p));
    expect(toBase64(await inviterTag(keys, invitation.id, inviter))).toBe(invitation.tag_t);
    expect(toBase64(await inviteeTag(keys, invitation.id, inviter, invitee))).toBe(invitation.tag_p);
    expect(await checkDigits(inviter, invitee)).toBe(vectors.check_digits);
    expect(await checkDigits(invitee, inviter)).toBe(vectors.check_digits);
  });

  test("pads and prints contexts alike", () => {
    for (const [length, padded] of vectors.padding) expect(paddedLength(length)).toBe(padded);
    for (const [values, text] of vectors.ctx) expect(fromUtf8(ctx(...values))).toBe(text);
  });
});

test("a passkey is asked for the hash of the protocol's words", async () => {
  expect(toHex(await prfInput())).toBe("3583fc9df89a3bd86e3ff4bae6a81fc37b8212939726eac623090e1caafd9da2");
});
