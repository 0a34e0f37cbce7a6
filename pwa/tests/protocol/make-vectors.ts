import {
  type Attention,
  baseOf,
  createIdentity,
  ctx,
  deriveAccountKeys,
  fromUtf8,
  hash,
  importIdentity,
  kitSecrets,
  mac,
  macKey,
  newAccountKey,
  newId,
  newRecordKey,
  open,
  paddedLength,
  passkeySlotKey,
  passphraseSecrets,
  prove,
  proveTombstone,
  type RecordContent,
  randomBytes,
  type SlotMethod,
  sealBody,
  sealDraft,
  sealGrant,
  sealSlot,
  toBase64,
  utf8,
  wrapRecordKey,
} from "../../src/protocol";
import {
  checkDigits,
  invitationKeys,
  inviteeTag,
  inviterTag,
  newInvitationSecret,
  sealCard,
} from "../../src/protocol/invitations";
import { newKitSecret, printKit } from "../../src/protocol/kit";
import type { Vectors } from "./vectors";

async function makeAccount(saltSecret: CryptoKey, email: string, passphrase: string) {
  const id = newId();
  const gen = 1;
  const ak = newAccountKey();
  const keys = await deriveAccountKeys(ak);
  const { identity, sealed } = await createIdentity(keys, id, gen);
  const raw = await open(keys.privateKeys, ctx("aftertide/1/private-key", id, identity.keyId, gen), sealed.sealed);
  const salt = (await mac(saltSecret, utf8(email))).slice(0, 16);
  const kit = newKitSecret();
  const byPassphrase = await passphraseSecrets(passphrase, email, salt);
  const byKit = await kitSecrets(kit);
  const prf = randomBytes(32);
  const slotIds = { passphrase: newId(), recovery: newId(), passkey: newId() };
  const slot = async (method: SlotMethod, key: CryptoKey) =>
    toBase64(await sealSlot(key, { account: id, id: slotIds[method], method, gen }, ak));
  const vector: Vectors["accounts"][number] = {
    id,
    email,
    gen,
    passphrase,
    ak: toBase64(ak),
    private: toBase64(raw),
    public: toBase64(identity.publicKey),
    key_id: identity.keyId,
    slots: [
      {
        id: slotIds.passphrase,
        method: "passphrase",
        gen,
        salt: toBase64(salt),
        auth: toBase64(byPassphrase.auth),
        sealed: await slot("passphrase", byPassphrase.slotKey),
      },
      {
        id: slotIds.recovery,
        method: "recovery",
        gen,
        kit: printKit(kit),
        auth: toBase64(byKit.auth),
        sealed: await slot("recovery", byKit.slotKey),
      },
      {
        id: slotIds.passkey,
        method: "passkey",
        gen,
        prf: toBase64(prf),
        sealed: await slot("passkey", await passkeySlotKey(prf)),
      },
    ],
    private_sealed: toBase64(sealed.sealed),
  };
  return { vector, keys, identity: await importIdentity(raw) };
}

type Made = Awaited<ReturnType<typeof makeAccount>>;

/** Saves one record revision after revision, each with the readers that its content names. */
async function saveAll(owner: Made, grantee: Made, about: string, record: string, contents: RecordContent[]) {
  const revisions: Vectors["revisions"] = [];
  const grants: Vectors["grants"] = [];
  let epoch = 0;
  let base = "";
  let key = newRecordKey();
  let readers: string | undefined;
  for (const [index, content] of contents.entries()) {
    const changed = readers !== JSON.stringify(content.readers);
    readers = JSON.stringify(content.readers);
    if (changed) {
      epoch += 1;
      key = newRecordKey();
    }
    const head = { record, owner: owner.vector.id, about, epoch, revision: index + 1, base };
    const body = await sealBody(key, head, content);
    revisions.push({
      ...head,
      rk: toBase64(key),
      wrapped: toBase64(await wrapRecordKey(owner.keys.recordWrap, head, key)),
      body: toBase64(body),
      proof: toBase64(await prove(owner.keys.recordProof, head, body)),
      json: content,
    });
    if (changed) {
      for (const reader of content.readers) {
        const grant = { record, owner: head.owner, grantee: reader.account, epoch, attention: reader.attention };
        const { sealed } = await sealGrant(owner.identity, grant, grantee.identity.publicKey, key);
        grants.push({ ...grant, sealed: toBase64(sealed) });
      }
    }
    base = await baseOf(body);
  }
  return { revisions, grants };
}

/** Two accounts with slots, revisions, grants, a draft, a tombstone and an invitation, as `suite1.json` has them. */
async function makeVectors(): Promise<Vectors & { suite: 1; note: string }> {
  const saltSecret = randomBytes(32);
  const saltKey = await macKey(saltSecret);
  const patient = await makeAccount(saltKey, "noor@example.org", "Grüße – ﬁrst tide, 潮の満ち引き");
  const therapist = await makeAccount(
    saltKey,
    "okafor@xn--praxis-mnchen-0ob.example",
    "five small words, then the sea",
  );
  const ana = patient.vector.id;
  const asReader = (made: Made, attention: Attention) => ({
    account: made.vector.id,
    key_id: made.vector.key_id,
    attention,
  });
  const written = { form: "free", written: "2026-11-20T06:05:09.250-08:00", zone: "America/Vancouver" };
  const entry = (text: string, readers: RecordContent["readers"], more = {}): RecordContent =>
    ({ kind: "entry", v: 1, readers, ...written, text, sliders: {}, feelings: [], ...more }) satisfies RecordContent;
  const record = newId();
  const entries = await saveAll(patient, therapist, "", record, [
    entry("", []),
    entry('line\r\nline\u2028\u0000 \\ " é e\u0301 🫧', [asReader(therapist, 0)], { sliders: { mood: 0, sleep: 10 } }),
    entry("y".repeat(30_000), [asReader(therapist, 0)], { kept: { deep: [1, 2.5, null, true, { a: [] }] } }),
    entry("Only mine again.", [], { feelings: ["calm"], prompt: "What stayed?" }),
    entry("Soon, please.", [asReader(therapist, 2)]),
  ]);
  const comments = await saveAll(therapist, patient, record, newId(), [
    { kind: "comment", v: 1, readers: [asReader(patient, 0)], text: "I read it.", revision: 5 },
  ]);
  const draft = newId();
  const ended = { record, owner: ana, revision: 5 };
  const secret = newInvitationSecret();
  const keys = await invitationKeys(secret);
  const invite = newId();
  const inviter = { account: therapist.vector.id, publicKey: therapist.identity.publicKey, name: "Dr. Ọlá Okafor" };
  const invitee = { account: ana, publicKey: patient.identity.publicKey, name: "Noor" };
  const card = async (role: "inviter" | "invitee", party: typeof inviter) => ({
    role,
    account: party.account,
    json: { name: party.name },
    sealed: toBase64(await sealCard(keys, { invite, role, account: party.account }, party.name)),
  });
  const contexts: (string | number)[][] = [
    ["a", 1, ""],
    ["aftertide/1/x", 2 ** 53 - 1, 0, " !#~"],
  ];
  return {
    suite: 1,
    note: "made by pwa/src/protocol (npm run vectors)",
    accounts: [patient.vector, therapist.vector],
    salt_secret: toBase64(saltSecret),
    revisions: [...entries.revisions, ...comments.revisions],
    grants: [...entries.grants, ...comments.grants],
    tombstone: { ...ended, mac: toBase64(await proveTombstone(patient.keys.recordProof, ended)) },
    invitation: {
      id: invite,
      K: toBase64(secret),
      inviter: inviter.account,
      invitee: invitee.account,
      cards: [await card("inviter", inviter), await card("invitee", invitee)],
      redeem_hash: toBase64(await hash(keys.redeem)),
      tag_t: toBase64(await inviterTag(keys, invite, inviter)),
      tag_p: toBase64(await inviteeTag(keys, invite, inviter, invitee)),
    },
    check_digits: await checkDigits(inviter, invitee),
    draft: {
      id: draft,
      account: ana,
      text: "half a sentence, and —",
      sealed: toBase64(await sealDraft(patient.identity.keyPair.publicKey, ana, draft, utf8("half a sentence, and —"))),
    },
    padding: [1, 1023, 1024, 1025, 16_384, 16_385, 50_000, 2 ** 20, 2 ** 20 + 1].map((n) => [n, paddedLength(n)]),
    ctx: contexts.map((values) => [values, fromUtf8(ctx(...values))]),
  };
}

/** Made while the module loads: Vite's runner is closed once it has loaded, and the protocol imports parts lazily. */
export const vectors = await makeVectors();
