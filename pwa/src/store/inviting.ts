/** A therapist's invitations and their answers: loaded when there are some. */
import type { Api, Schemas } from "../api/client";
import {
  fromBase64,
  hash,
  type InvitationContent,
  InvitationError,
  invitationKeys,
  invitationLink,
  inviterTag,
  judgeAnswer,
  newId,
  newInvitationSecret,
  openCard,
  ProtocolError,
  SecondAnswerError,
  sealCard,
  toBase64,
} from "../protocol";
import type { CareDesk } from "./care.svelte";
import { newContact } from "./contents";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { OwnRecord } from "./opening";
import type { Outbox } from "./outbox";
import type { Shelf } from "./shelf.svelte";

const WEEK = 7 * 24 * 3_600_000;

type Shown = Schemas["InvitationView"];

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
  async create(wanted: { name: string; adultConfirmed: true }): Promise<{ id: string; link: string }> {
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
      name: wanted.name,
      created: new Date(created).toISOString(),
      expires: new Date(created + WEEK).toISOString(),
      secret: toBase64(secret),
      state: "open",
    };
    // Kept before it is published: an answer to an invitation without its secret could never be verified.
    await this.outbox.save({ record: id, content });
    try {
      await this.api.invite({
        id,
        redeem_hash: toBase64(await hash(keys.redeem)),
        tag: toBase64(await inviterTag(keys, id, inviter)),
        card: toBase64(await sealCard(keys, { invite: id, role: "inviter", account: here.account }, inviter.name)),
        adult: wanted.adultConfirmed,
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
    const content = this.#invitation(id)?.content;
    if (content?.state !== "open" || !content.secret) throw new StoreError("link-gone");
    return invitationLink(this.origin, id, fromBase64(content.secret));
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

  #invitation(id: string): (OwnRecord & { readonly content: InvitationContent }) | undefined {
    return this.shelf.mine<InvitationContent>("invitation").find((invitation) => invitation.id === id);
  }

  /** Writes how an invitation ended, and erases its secret. */
  async #endInvitation(
    { id, content }: OwnRecord & { readonly content: InvitationContent },
    ended: { state: InvitationContent["state"]; contact?: string },
  ): Promise<void> {
    const { readers: _, secret: __, ...rest } = content;
    await this.outbox.save({ record: id, content: { ...rest, ...ended } });
  }

  /** Pins who answered an invitation, if the answer is right. */
  async answered(shown: Shown): Promise<void> {
    const found = this.#invitation(shown.id);
    if (!found || shown.state !== "answered") return;
    const { content } = found;
    if (content.state === "answered") {
      if (shown.invitee && shown.invitee !== content.contact)
        await this.shelf.addFault("second-answer", shown.id, shown.invitee);
      return;
    }
    if (content.state !== "open" || !content.secret || Date.parse(content.expires) <= this.environment.now()) return;
    try {
      await this.#pin(found, shown, content.secret);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const second = error instanceof SecondAnswerError;
      await this.shelf.addFault(second ? "second-answer" : "forged-answer", shown.id, shown.invitee ?? undefined);
    }
  }

  /** Pins the first right answer, erases the secret, and offers the agreement. */
  async #pin(found: OwnRecord & { readonly content: InvitationContent }, shown: Shown, secret: string): Promise<void> {
    const { account } = this.shelf.requireHere();
    const { invitee, invitee_key, tag, card } = shown;
    if (!invitee || !invitee_key || !tag || !card) throw new InvitationError("an answer without its parts");
    const keys = await invitationKeys(fromBase64(secret));
    const name = await openCard(keys, { invite: shown.id, role: "invitee", account: invitee }, fromBase64(card));
    const party = { account: invitee, publicKey: fromBase64(invitee_key), name };
    const known = this.shelf.pins.get(invitee);
    for (const identity of this.shelf.requireKeys().identities.slice(0, 1)) {
      const inviter = { account, publicKey: identity.publicKey };
      await judgeAnswer(keys, shown.id, inviter, party, fromBase64(tag), known);
    }
    if (!known) {
      const at = new Date(this.environment.now()).toISOString();
      await this.outbox.save({
        record: newId(),
        content: newContact(party, "patient", undefined, { at, invitation: shown.id }),
      });
    }
    await this.#endInvitation(found, { state: "answered", contact: invitee });
    if (this.care.template) await this.care.offerAgreement(invitee);
  }
}
