import { type Bytes, equalBytes, fromBase64Url, randomBytes, requireId, toBase64Url, utf8 } from "./bytes";
import { ctx } from "./context";
import { EncodingError, InvitationError, KeyError, SecondAnswerError } from "./errors";
import { parseJsonObject, printJson } from "./ijson";
import { pad, unpad } from "./padding";
import { derivationKey, deriveMacKey, deriveSealingKey, hash, hkdf, mac, open, seal, verifyMac } from "./symmetric";

/** 32 random bytes: the secret `K` of an invitation, which travels in a link's fragment and never to the server. */
export function newInvitationSecret(): Bytes {
  return randomBytes(32);
}

/** What `K` gives. */
export interface InvitationKeys {
  readonly tagKey: CryptoKey;
  readonly cardKey: CryptoKey;
  /** Shown to the server, which knows its hash; 32 bytes. */
  readonly redeem: Bytes;
}

/** The keys of an invitation. Throws {@link KeyError} unless `secret` has 32 bytes. */
export async function invitationKeys(secret: Bytes): Promise<InvitationKeys> {
  if (secret.length !== 32) throw new KeyError("an invitation's secret has 32 bytes");
  const root = await derivationKey(secret);
  const [tagKey, cardKey, redeem] = await Promise.all([
    deriveMacKey(root, "aftertide/1/invite-mac"),
    deriveSealingKey(root, "aftertide/1/invite-card"),
    hkdf(root, "aftertide/1/invite-redeem"),
  ]);
  return { tagKey, cardKey, redeem };
}

/** Somebody in an invitation: account, 32 bytes of public key, name. */
export interface Party {
  readonly account: string;
  readonly publicKey: Bytes;
  readonly name: string;
}

async function inviterContext(invite: string, inviter: Party): Promise<Bytes> {
  const name = toBase64Url(await hash(utf8(inviter.name)));
  return ctx("aftertide/1/invite", "inviter", invite, inviter.account, toBase64Url(inviter.publicKey), name);
}

async function inviteeContext(invite: string, inviter: Omit<Party, "name">, invitee: Party): Promise<Bytes> {
  return ctx(
    "aftertide/1/invite",
    "invitee",
    invite,
    inviter.account,
    toBase64Url(inviter.publicKey),
    invitee.account,
    toBase64Url(invitee.publicKey),
    toBase64Url(await hash(utf8(invitee.name))),
  );
}

/** `tag_t`: the inviter's key and name, bound to the invitation. */
export async function inviterTag(keys: InvitationKeys, invite: string, inviter: Party): Promise<Bytes> {
  return mac(keys.tagKey, await inviterContext(invite, inviter));
}

/** Throws {@link InvitationError} unless `tag` names this account, key and name: the server swapped one. */
export async function requireInviterTag(
  keys: InvitationKeys,
  invite: string,
  inviter: Party,
  tag: Bytes,
): Promise<void> {
  if (!(await verifyMac(keys.tagKey, tag, await inviterContext(invite, inviter)))) {
    throw new InvitationError("the invitation doesn't come from whom it says");
  }
}

/** `tag_p`: the invitee's answer, to this inviter's key only. */
export async function inviteeTag(
  keys: InvitationKeys,
  invite: string,
  inviter: Omit<Party, "name">,
  invitee: Party,
): Promise<Bytes> {
  return mac(keys.tagKey, await inviteeContext(invite, inviter, invitee));
}

/** Throws {@link InvitationError} unless the answer comes from who has the link, to this inviter's key. */
export async function requireInviteeTag(
  keys: InvitationKeys,
  invite: string,
  inviter: Omit<Party, "name">,
  invitee: Party,
  tag: Bytes,
): Promise<void> {
  if (!(await verifyMac(keys.tagKey, tag, await inviteeContext(invite, inviter, invitee)))) {
    throw new InvitationError("the answer doesn't come from who has the link");
  }
}

/**
 * Whether an answer is to be pinned now (`"pin"`) or is the one already pinned (`"known"`). `pinned` is what this
 * invitation led to. Throws {@link InvitationError} as {@link requireInviteeTag} does, and {@link SecondAnswerError} for
 * another right answer: somebody else has the link.
 */
export async function judgeAnswer(
  keys: InvitationKeys,
  invite: string,
  inviter: Omit<Party, "name">,
  invitee: Party,
  tag: Bytes,
  pinned: Omit<Party, "name"> | undefined,
): Promise<"pin" | "known"> {
  await requireInviteeTag(keys, invite, inviter, invitee, tag);
  if (!pinned) return "pin";
  if (pinned.account !== invitee.account || !equalBytes(pinned.publicKey, invitee.publicKey)) {
    throw new SecondAnswerError("another right answer to an invitation that was answered");
  }
  return "known";
}

/** What an account has pinned of somebody who answers. */
export interface Pinned {
  readonly publicKey: Bytes;
  /** Keys that the same account had before. */
  readonly former: readonly Bytes[];
  /** The invitation that verified it. */
  readonly invitation: string | undefined;
}

/**
 * What a right answer to an invitation that was made from the page of `reconnects` does, once the answer's tag holds:
 * `"change"`: the key of exactly that account; `"instead"`: an unknown account is pinned in its place; `"known"`: nothing,
 * it is pinned already. `pinned` is what is known of who answers. Throws {@link SecondAnswerError} for everybody else: a
 * contact who isn't asked, or a key that was given up before.
 */
export function judgeReconnect(
  invite: string,
  reconnects: string,
  invitee: Omit<Party, "name">,
  pinned: Pinned | undefined,
): "change" | "instead" | "known" {
  const same = pinned && equalBytes(pinned.publicKey, invitee.publicKey);
  if (same && (invitee.account === reconnects || pinned.invitation === invite)) return "known";
  if (!pinned && invitee.account !== reconnects) return "instead";
  const givenUp = pinned?.former.some((key) => equalBytes(key, invitee.publicKey));
  if (pinned && invitee.account === reconnects && !givenUp) return "change";
  throw new SecondAnswerError("an answer from somebody who wasn't asked, or by a key that was given up");
}

/** Whose name a card holds. */
export interface CardHead {
  readonly invite: string;
  readonly role: "inviter" | "invitee";
  readonly account: string;
}

function cardContext(head: CardHead): Bytes {
  return ctx("aftertide/1/invite-card", head.invite, head.role, head.account);
}

/** What a card says, under the server's eyes and sealed from them. */
export interface Card {
  readonly name: string;
  /** On an inviter's: the account from whose page the invitation was made. It changes words on a screen, never a pin. */
  readonly reconnects: string | undefined;
}

/** Seals a name, so that the server never sees it; an inviter's with whom it reconnects. */
export async function sealCard(
  keys: InvitationKeys,
  head: CardHead,
  name: string,
  reconnects?: string,
): Promise<Bytes> {
  return seal(keys.cardKey, cardContext(head), pad(printJson({ name, ...(reconnects && { reconnects }) })));
}

/** Reads a card. Throws {@link SealError} for another invitation, role or account, {@link InvitationError} without a name. */
export async function readCard(keys: InvitationKeys, head: CardHead, sealed: Bytes): Promise<Card> {
  const { name, reconnects } = parseJsonObject(unpad(await open(keys.cardKey, cardContext(head), sealed)));
  if (typeof name !== "string" || name === "") throw new InvitationError("a card without a name");
  if (reconnects !== undefined && typeof reconnects !== "string")
    throw new InvitationError("a card that names no account");
  return { name, reconnects };
}

/** The name on a card; throws as {@link readCard}. */
export async function openCard(keys: InvitationKeys, head: CardHead, sealed: Bytes): Promise<string> {
  return (await readCard(keys, head, sealed)).name;
}

/** The link of an invitation: only its fragment, which no browser sends, holds the secret. */
export function invitationLink(origin: string, invite: string, secret: Bytes): string {
  return `${origin}/join/${requireId(invite)}#${toBase64Url(secret)}`;
}

/** The parts of a link, from its path and fragment. Throws {@link EncodingError} for anything else. */
export function readInvitationLink(link: URL): { invite: string; secret: Bytes } {
  const path = /^\/join\/([^/]+)\/?$/.exec(link.pathname);
  const invite = requireId(path?.[1] ?? "");
  const secret = fromBase64Url(link.hash.replace(/^#/, ""));
  if (secret.length !== 32) throw new EncodingError("not the link of an invitation");
  return { invite, secret };
}

/**
 * 40 decimal digits that two people may compare: the same on both sides, whoever computes them, as long as both hold
 * the same two keys.
 */
export async function checkDigits(a: Omit<Party, "name">, b: Omit<Party, "name">): Promise<string> {
  const [first, second] = a.account < b.account ? [a, b] : [b, a];
  const parts = [first.account, toBase64Url(first.publicKey), second.account, toBase64Url(second.publicKey)];
  const digest = await hash(ctx("aftertide/1/check", ...parts));
  const number = digest.reduce((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
  return (number % 10n ** 40n).toString().padStart(40, "0");
}
