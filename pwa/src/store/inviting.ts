/** One's invitations and their answers, by which alone a pinned key changes: loaded when there are some. */
import type { Api, Schemas } from "../api/client";
import {
  fromBase64,
  hash,
  type InvitationContent,
  InvitationError,
  newId,
  type Party,
  ProtocolError,
  SecondAnswerError,
  toBase64,
} from "../protocol";
import {
  invitationKeys,
  invitationLink,
  inviterTag,
  judgeAnswer,
  judgeReconnect,
  newInvitationSecret,
  openCard,
  requireInviteeTag,
  sealCard,
} from "../protocol/invitations";
import type { CareDesk } from "./care.svelte";
import { isOver, newContact } from "./contents";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { OwnRecord, Pin } from "./opening";
import type { Outbox } from "./outbox";
import type { Shelf } from "./shelf.svelte";

const WEEK = 7 * 24 * 3_600_000;

type Shown = Schemas["InvitationView"];
type Mine = OwnRecord & { readonly content: InvitationContent };

export class Inviting {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly environment: Environment,
    private readonly origin: string,
    private readonly kick: () => void,
  ) {}

  /** Makes an invitation; gives its link. */
  create(wanted: { name: string; adultConfirmed: true }): Promise<{ id: string; link: string }> {
    return this.#make(wanted.name, undefined);
  }

  /**
   * Gives the link by which a contact's new key, or the account in that contact's place, comes to be pinned: the one that is
   * open, or a new one. Rejects with `unknown` for who isn't a contact.
   */
  async reconnect(account: string): Promise<{ id: string; link: string }> {
    const pin = this.shelf.pins.get(account);
    if (!pin) throw new StoreError("unknown");
    const open = this.shelf
      .mine<InvitationContent>("invitation")
      .find((one) => one.content.reconnects === account && this.#isOpen(one));
    if (open) return { id: open.id, link: await this.link(open.id) };
    return this.#make(pin.content.name, account);
  }

  #isOpen({ content }: Mine): boolean {
    return content.state === "open" && !isOver(content, this.shelf.requireHere().gen, this.environment.now());
  }

  async #make(name: string, reconnects: string | undefined): Promise<{ id: string; link: string }> {
    const here = this.shelf.requireHere();
    const [identity] = this.shelf.requireKeys().identities;
    const { settings } = this.care;
    if (!identity || !settings) throw new StoreError("locked");
    const id = newId();
    const secret = newInvitationSecret();
    const keys = await invitationKeys(secret);
    const inviter = { account: here.account, publicKey: identity.publicKey, name: settings.content.name };
    const created = this.environment.now();
    const content = {
      kind: "invitation",
      v: 1,
      name,
      created: new Date(created).toISOString(),
      expires: new Date(created + WEEK).toISOString(),
      secret: toBase64(secret),
      state: "open",
      ...(reconnects && { reconnects }),
    };
    // Kept before it is published: an answer to an invitation without its secret could never be verified.
    await this.outbox.save({ record: id, content });
    const card = await sealCard(keys, { invite: id, role: "inviter", account: here.account }, inviter.name, reconnects);
    try {
      await this.api.invite({
        id,
        redeem_hash: toBase64(await hash(keys.redeem)),
        tag: toBase64(await inviterTag(keys, id, inviter)),
        card: toBase64(card),
        // Asked on the screen where somebody new is invited; a contact was asked for then.
        adult: here.role === "therapist",
      });
    } catch (error) {
      await this.outbox.delete(id, 0);
      throw error;
    }
    this.kick();
    return { id, link: invitationLink(this.origin, id, secret) };
  }

  /** The link of an open invitation. Rejects with `link-gone` where it isn't. */
  async link(id: string): Promise<string> {
    this.shelf.requireKeys();
    const found = this.#invitation(id);
    if (!found?.content.secret || !this.#isOpen(found)) throw new StoreError("link-gone");
    return invitationLink(this.origin, id, fromBase64(found.content.secret));
  }

  /** Nobody can answer it any more. */
  async withdraw(id: string): Promise<void> {
    this.shelf.requireKeys();
    const found = this.#invitation(id);
    if (!found) throw new StoreError("unknown");
    await this.api.withdrawInvitation(id);
    await this.#endInvitation(found, { state: "withdrawn" });
    this.kick();
  }

  #invitation(id: string): Mine | undefined {
    return this.shelf.mine<InvitationContent>("invitation").find((invitation) => invitation.id === id);
  }

  /** Writes how an invitation ended, and erases its secret. */
  async #endInvitation(
    { id, content }: Mine,
    ended: { state: InvitationContent["state"]; contact?: string },
  ): Promise<void> {
    const { readers: _, secret: __, ...rest } = content;
    await this.outbox.save({ record: id, content: { ...rest, ...ended } });
  }

  /** Pins who answered an invitation, if the answer is right. Gives whether a key was pinned. */
  async answered(shown: Shown): Promise<boolean> {
    const found = this.#invitation(shown.id);
    if (!found || shown.state !== "answered") return false;
    const { content } = found;
    if (content.state === "answered") {
      if (shown.invitee && !this.#isPinned(content.contact, shown))
        await this.shelf.addFault("second-answer", shown.id, shown.invitee);
      return false;
    }
    if (!content.secret || !this.#isOpen(found)) return false;
    try {
      return await this.#pin(found, shown, content.secret);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const second = error instanceof SecondAnswerError;
      await this.shelf.addFault(second ? "second-answer" : "forged-answer", shown.id, shown.invitee ?? undefined);
      return false;
    }
  }

  /** Whether an answer is by whom its invitation led to, with a key that they have or had. */
  #isPinned(contact: string | undefined, { invitee, invitee_key }: Shown): boolean {
    const pin = this.shelf.pins.get(contact ?? "");
    const keys = pin ? [pin.publicKey, ...pin.former] : [];
    return invitee === contact && (!pin || keys.some((key) => toBase64(key) === invitee_key));
  }

  /** Pins the first right answer, erases the secret, and offers the agreement. Gives whether a key was pinned. */
  async #pin(found: Mine, shown: Shown, secret: string): Promise<boolean> {
    const { account, role, gen } = this.shelf.requireHere();
    const { invitee, invitee_key, tag, card } = shown;
    if (!invitee || !invitee_key || !tag || !card) throw new InvitationError("an answer without its parts");
    const keys = await invitationKeys(fromBase64(secret));
    const name = await openCard(keys, { invite: shown.id, role: "invitee", account: invitee }, fromBase64(card));
    const party = { account: invitee, publicKey: fromBase64(invitee_key), name };
    const known = this.shelf.pins.get(invitee);
    const [identity] = this.shelf.requireKeys().identities;
    if (!identity) throw new StoreError("locked");
    const inviter = { account, publicKey: identity.publicKey };
    const { reconnects } = found.content;
    if (reconnects) await requireInviteeTag(keys, shown.id, inviter, party, fromBase64(tag));
    else await judgeAnswer(keys, shown.id, inviter, party, fromBase64(tag), known);
    const invitation = known?.content.verified.invitation;
    const place = reconnects && judgeReconnect(shown.id, reconnects, party, known && { ...known, invitation });
    const verified = { at: new Date(this.environment.now()).toISOString(), invitation: shown.id };
    if (place === "change" && known) await this.#change(known, party, verified);
    else if (!known) {
      const other = role === "therapist" ? "patient" : "therapist";
      // A therapist begins at a practice of the patient's, or brings theirs: the server's list says which.
      const content = newContact(party, other, undefined, verified, reconnects, gen);
      await this.outbox.save({ record: newId(), content });
    }
    await this.#endInvitation(found, { state: "answered", contact: invitee });
    if (role === "therapist" && this.care.template) await this.care.offerAgreement(invitee);
    return !known || place === "change";
  }

  /** Another key for somebody known. The one before still opens what was accepted under it. */
  async #change(known: Pin, { publicKey }: Party, verified: { at: string; invitation: string }): Promise<void> {
    const { readers: _, ...rest } = known.content;
    const former = [known.content.key, ...(known.content.former ?? [])];
    const content = { ...rest, key: toBase64(publicKey), former, verified: { how: "reconnect", ...verified } };
    await this.outbox.save({ record: known.record, content });
  }
}
