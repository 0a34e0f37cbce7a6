/** Signing up and answering invitations: rare, so it is loaded when somebody does it. */
import { type Api, ApiProblem, type Schemas } from "../api/client";
import { canonicalEmail, fromBase64, newId, requireSettablePassphrase, toBase64 } from "../protocol";
import { invitationKeys, inviteeTag, sealCard } from "../protocol/invitations";
import type { CareDesk } from "./care.svelte";
import { newContact } from "./contents";
import { makeAccount, type NewKeys } from "./credentials";
import type { Keys } from "./database";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type { SignUp } from "./interface";
import { type HeldInvitation, Links } from "./links";
import { type Outbox, withoutReaders } from "./outbox";
import type { Making, PasskeyDesk } from "./passkeys";
import type { Shelf } from "./shelf.svelte";
import type { SyncRounds } from "./sync.svelte";

/** What a sign-up needs of the device. */
export interface NewHome {
  /** Nobody else is here any more. Rejects with `unsent-words` where another account's words are kept. */
  makeRoom(): Promise<void>;
  /** The new account is here, with its kit to be saved. */
  moveIn(me: Schemas["Me"], keys: Keys, kit: string): Promise<void>;
}

/** Refusals of the passkey or the e-mail themselves: nothing was made, and nothing would be by sending it again. */
const USELESS: ReadonlySet<string> = new Set([
  "email-taken",
  "malformed-email",
  "malformed-keys",
  "malformed-passkey",
  "passkey-taken",
  "passkeys-off",
  "challenge-over",
]);

/** What was made for a sign-up: the keys that stay, and the account as it is sent. */
interface MadeAccount {
  readonly passphrase: string | undefined;
  readonly making: Making | undefined;
  readonly slotKey: CryptoKey | undefined;
  readonly keys: NewKeys;
  readonly account: Schemas["NewAccount"];
}

export class Joining {
  readonly links: Links;
  /** Made for a sign-up whose answer may have been lost: the same request again makes the same account. */
  #made: MadeAccount | undefined;
  /** The passkey being made for the account to be, which has its id already. */
  #making: Making | undefined;

  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly rounds: SyncRounds,
    private readonly environment: Environment,
    private readonly passkeys: () => Promise<PasskeyDesk>,
  ) {
    this.links = new Links(shelf.database, api, environment);
  }

  /** Begins a passkey for an account to be, which `signUp` with this e-mail then has. */
  async firstPasskey(typedEmail: string): Promise<Making> {
    const email = canonicalEmail(typedEmail);
    // Sent already: there may be an account that nothing else opens, so that it is never disowned.
    const sent = this.#made?.making;
    if (sent?.answer && sent === this.#making) {
      if (sent.email === email) return sent;
    } else await this.#making?.giveUp();
    this.#making = (await this.passkeys()).first(newId(), email);
    return this.#making;
  }

  /** Makes an account by the link opened last, with its first records; gives its kit. */
  async signUp(wanted: SignUp, home: NewHome): Promise<string> {
    const email = canonicalEmail(wanted.email);
    const making = this.#making?.email === email && this.#making.answer ? this.#making : undefined;
    if (wanted.passphrase !== undefined) await requireSettablePassphrase(wanted.passphrase);
    else if (!making?.slotKey) throw new StoreError("passkey-opens-nothing");
    // Taken first: making room forgets what is on the device, the link among it.
    const invitation = wanted.by === "invitation" ? await this.links.invitation() : undefined;
    const token = invitation ? new Uint8Array() : await this.links.token();
    await home.makeRoom();
    const made = await this.#make(email, wanted, making);
    const send = async ({ account, keys }: MadeAccount) =>
      invitation
        ? this.api.join(invitation.shown.invite, {
            account,
            answer: await this.#answer(invitation, { account: account.id, keys: keys.keys, name: wanted.name }),
          })
        : this.api.begin({ token: toBase64(token), account });
    const me = await send(made).catch(async (error: unknown) => {
      // Unanswered, or refused for the moment: an earlier try may have made the account, which only the same one finds.
      if (!(error instanceof ApiProblem && USELESS.has(error.code))) throw error;
      await this.#giveUpPasskey();
      // Who thought about a passphrase for long has one now, and can make a passkey later.
      if (error.code !== "challenge-over" || wanted.passphrase === undefined) throw error;
      const account = { ...made.account, passkey: null };
      this.#made = { ...made, making: undefined, slotKey: undefined, account };
      return send(this.#made);
    });
    const { keys, kit } = made.keys;
    await home.moveIn(me, keys, kit);
    this.#made = undefined;
    this.#making = undefined;
    await this.#begin(wanted, invitation);
    return kit;
  }

  /** The device is told that this passkey opens nothing, and what was made with it is dropped. */
  async #giveUpPasskey(): Promise<void> {
    await this.#making?.giveUp();
    this.#making = undefined;
    this.#made = undefined;
  }

  async #make(email: string, wanted: SignUp, making: Making | undefined): Promise<MadeAccount> {
    const { passphrase } = wanted;
    const slotKey = making?.slotKey;
    const before = this.#made;
    const same = before?.account.email === email && before.passphrase === passphrase && before.making === making;
    if (same && before.slotKey === slotKey) return before;
    const salt = passphrase === undefined ? undefined : fromBase64((await this.api.salt(email)).salt);
    const keys = await makeAccount(making?.account ?? newId(), {
      passphrase: passphrase !== undefined && salt ? { text: passphrase, email, salt } : undefined,
      passkey: slotKey,
    });
    const answer = making?.answer;
    const account: Schemas["NewAccount"] = {
      id: keys.account,
      email,
      slots: keys.slots,
      identity: keys.identity,
      passkey: answer ? { name: wanted.device, answer, slot: keys.passkey ?? null } : null,
      locale: wanted.language,
      time_zone: this.environment.timeZone,
      device: wanted.device,
      others_look: wanted.othersLook ?? false,
      bearer: false,
    };
    this.#made = { passphrase, making, slotKey, keys, account };
    return this.#made;
  }

  /** The answer to an invitation: this account's key and name, bound to the inviter's key. */
  async #answer(
    { shown, secret, inviter }: HeldInvitation,
    own: { account: string; keys: Keys; name: string },
  ): Promise<Schemas["Answer"]> {
    const [identity] = own.keys.identities;
    if (!identity) throw new StoreError("locked");
    const keys = await invitationKeys(secret);
    const party = { account: own.account, publicKey: identity.publicKey, name: own.name };
    const head = { invite: shown.invite, role: "invitee", account: own.account } as const;
    return {
      redeem: toBase64(keys.redeem),
      tag: toBase64(await inviteeTag(keys, shown.invite, inviter, party)),
      card: toBase64(await sealCard(keys, head, own.name)),
    };
  }

  /** The first records of a new account: settings, and the contact who invited. */
  async #begin(wanted: SignUp, invitation: HeldInvitation | undefined): Promise<void> {
    const settings = newId();
    const { name, language } = wanted;
    await this.outbox.save({ record: settings, content: { kind: "settings", v: 1, name, language } });
    await this.shelf.updateHere({ settingsRecord: settings });
    if (invitation) await this.#pinInviter(invitation);
    await this.links.forget();
    await this.rounds.now();
    // The pointer is set once; should this fail, the next sign-in does it.
    await this.api.setPointer("settings", settings).catch(() => undefined);
  }

  async #pinInviter({ shown, inviter }: HeldInvitation): Promise<void> {
    const { account, role, gen } = this.shelf.requireHere();
    const known = this.shelf.pins.get(inviter.account);
    if (known) {
      // A link one opens never changes a key that is known. One that reconnects this account is answered all the same: where
      // both have new keys, each answers the other's link, and each pins by the answer to their own.
      const same = toBase64(known.publicKey) === toBase64(inviter.publicKey);
      if (!same && shown.reconnects !== account) throw new StoreError("forged");
      return;
    }
    const at = new Date(this.environment.now()).toISOString();
    const party = { ...inviter, name: shown.inviterName };
    const isPatient = role === "patient";
    const [other, practice] = isPatient ? (["therapist", shown.practice] as const) : (["patient", undefined] as const);
    const content = newContact(party, other, practice, { at, invitation: shown.invite }, undefined, gen);
    await this.outbox.save({ record: newId(), content });
  }

  /** The account here, by its `name`, answers the invitation opened last. */
  async accept(name: string): Promise<void> {
    const keys = this.shelf.requireKeys();
    const { account } = this.shelf.requireHere();
    const invitation = await this.links.invitation();
    const { shown } = invitation;
    // Only patients invite a therapist, and always from a contact's page, which the sealed card says.
    const { role } = this.shelf.requireHere();
    if (shown.inviterRole === role || (role === "therapist" && !shown.reconnects)) throw new StoreError("link");
    await this.#pinInviter(invitation);
    await this.api.answerInvitation(invitation.shown.invite, await this.#answer(invitation, { account, keys, name }));
    await this.#tellMine(invitation.inviter.account);
    await this.links.forget();
    // As to whoever answers a link of the therapist's own.
    if (role === "therapist" && this.care.template) await this.care.offerAgreement(invitation.inviter.account);
    await this.care.refresh(true);
    await this.rounds.now();
  }

  /** Whoever made the link pins the key of its answer: from here on it may be sealed from, and what they read is, anew. */
  async #tellMine(account: string): Promise<void> {
    const { shelf, outbox } = this;
    const pin = shelf.pins.get(account);
    if (!pin || !shelf.lacksMine(account)) return;
    const { gen } = shelf.requireHere();
    await outbox.save({ record: pin.record, content: { ...withoutReaders(pin.content), knows: gen } });
    for (const { id, content } of shelf.own.values()) {
      const readers = content.readers.map(({ account: reader, attention }) => ({ account: reader, attention }));
      if ((content.gen ?? 1) < gen && readers.some((reader) => reader.account === account))
        await outbox.save({ record: id, readers });
    }
  }
}
