/** Passkeys of one's own: signing in, proving and unlocking with them, making and removing them. Fetched when first needed. */
import type { Api, Schemas } from "../api/client";
import { fromBase64, randomBytes } from "../protocol";
import { disown, type Known, type Made, makePasskey, type Used, usePasskey } from "./authenticator";
import { newPasskeySlot, type Opener } from "./credentials";
import { StoreError } from "./errors";
import { asStoreError } from "./problems";
import type { MakingStage, NewPasskey, Passkey, PasskeyInMaking, Passkeys, Shown } from "./waysIn";

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error);
  }
}

/** What opens the slot of the passkey just used; undefined where the device has no PRF, or the account no slot for it. */
function openerOf({ slotKey, credential }: Used, slots: readonly Schemas["Slot"][]): Opener | undefined {
  const has = slots.some((slot) => slot.method === "passkey" && slot.credential === credential);
  return slotKey && has ? { way: { method: "passkey", credential }, slotKey } : undefined;
}

function credentialsOf(slots: readonly Schemas["Slot"][]): Known[] {
  return slots.flatMap(({ credential, transports }) =>
    credential ? [{ credential, transports: transports as AuthenticatorTransport[] | undefined }] : [],
  );
}

/** Those that the server names, with what the slots here know of them. */
function knownOf(credentials: readonly string[] | undefined, slots: readonly Schemas["Slot"][]): Known[] {
  const known = new Map(credentialsOf(slots).map((one) => [one.credential, one]));
  return (credentials ?? []).map((credential) => known.get(credential) ?? { credential });
}

/** A passkey being made for an account, which may be one that isn't there yet. */
export class Making implements PasskeyInMaking {
  #made: Made | undefined;
  #slotKey: CryptoKey | undefined;
  #givenUp = false;

  constructor(
    readonly account: string,
    readonly email: string,
    private readonly challenge: () => Promise<Schemas["Challenge"]>,
  ) {}

  /** What the device answered, for the server; undefined before it was made. */
  get answer(): Schemas["Attestation"] | undefined {
    return this.#made?.answer;
  }

  /** Opens its slot; undefined where it can't. */
  get slotKey(): CryptoKey | undefined {
    return this.#slotKey;
  }

  get there(): boolean {
    return this.#made !== undefined;
  }

  make(): Promise<MakingStage> {
    return guarded(async () => {
      if (!this.#made) {
        const { challenge, credentials } = await this.challenge();
        const who = { account: this.account, email: this.email };
        const made = await makePasskey(challenge, who, knownOf(credentials, []));
        if (this.#givenUp) {
          await disown(made.credential);
          throw new StoreError("passkey-cancelled");
        }
        this.#made = made;
        this.#slotKey = made.slotKey;
      }
      if (this.#slotKey) return "opens";
      return this.#made.hasPrf ? "once-more" : "cannot-open";
    });
  }

  touch(): Promise<MakingStage> {
    return guarded(async () => {
      if (!this.#made) throw new StoreError("unknown");
      // Nobody is signed in by it, and nothing is posted: only what the PRF gives is wanted.
      const used = await usePasskey(randomBytes(32), [{ credential: this.#made.credential }]);
      if (this.#givenUp) throw new StoreError("passkey-cancelled");
      this.#slotKey = used.slotKey;
      return used.slotKey ? "opens" : "cannot-open";
    });
  }

  async giveUp(): Promise<void> {
    const made = this.#made;
    this.#givenUp = true;
    this.#made = undefined;
    this.#slotKey = undefined;
    if (made) await disown(made.credential);
  }
}

/** One more passkey for the account that is here, whose key was opened afresh for it. */
class OneMore extends Making implements NewPasskey {
  constructor(
    private readonly api: Api,
    private readonly me: Schemas["Me"],
    private readonly opener: Opener,
    private readonly kept: () => Promise<void>,
  ) {
    super(me.id, me.email, () => api.challengeToRegister());
  }

  keep(name: string): Promise<void> {
    return guarded(async () => {
      const { answer, slotKey } = this;
      if (!answer) throw new StoreError("unknown");
      const slot = slotKey ? await newPasskeySlot(this.opener, this.me, slotKey) : null;
      await this.api.addPasskey({ name, answer, slot });
      await this.kept();
    });
  }
}

/** What passkeys need of whoever is here. */
export interface Holder {
  /** Shows the server once more who this is, and gives the account with what opens its key. */
  reveal(shown: Shown): Promise<{ me: Schemas["Me"]; opener: Opener }>;
  /** The account's slots have changed: the device keeps them as they are now. */
  keepSlots(): Promise<void>;
}

export class PasskeyDesk implements Passkeys {
  constructor(
    private readonly api: Api,
    private readonly holder: Holder,
  ) {}

  /**
   * Signs in by a passkey of these slots, without any by whichever the device has; `opener` is undefined where it signs in
   * and opens nothing.
   */
  async signIn(
    device: string,
    slots: readonly Schemas["Slot"][] = [],
  ): Promise<{ me: Schemas["Me"]; opener: Opener | undefined }> {
    const { challenge } = await this.api.challengeToSignIn();
    const used = await usePasskey(fromBase64(challenge), credentialsOf(slots));
    const me = await this.api.signInByPasskey({ answer: used.answer, device, bearer: false });
    return { me, opener: openerOf(used, me.slots) };
  }

  /** Shows the server once more who this is, and gives the account as it is now, with what opens it, if this passkey does. */
  async prove(slots: readonly Schemas["Slot"][]): Promise<{ me: Schemas["Me"]; opener: Opener | undefined }> {
    const { challenge, credentials } = await this.api.challengeToProve();
    const used = await usePasskey(fromBase64(challenge), knownOf(credentials, slots));
    await this.api.proveByPasskey(used.answer);
    const me = await this.api.account();
    return { me, opener: openerOf(used, me.slots) };
  }

  /**
   * Asks for a passkey of these slots without asking the server: what it opens shows who this is. Rejects with
   * `passkey-opens-nothing` where the device has no PRF any more.
   */
  async unlock(slots: readonly Schemas["Slot"][]): Promise<Opener> {
    const opener = openerOf(await usePasskey(randomBytes(32), credentialsOf(slots)), slots);
    if (!opener) throw new StoreError("passkey-opens-nothing");
    return opener;
  }

  /** Begins a passkey for an account about to be made. */
  first(account: string, email: string): Making {
    return new Making(account, email, () => this.api.challengeToSignUp(account));
  }

  list(): Promise<readonly Passkey[]> {
    return guarded(() => this.api.passkeys());
  }

  rename(id: string, name: string): Promise<void> {
    return guarded(() => this.api.renamePasskey(id, name));
  }

  remove(id: string): Promise<void> {
    return guarded(async () => {
      const credential = (await this.api.passkeys()).find((passkey) => passkey.id === id)?.credential;
      await this.api.removePasskey(id);
      await this.holder.keepSlots();
      if (credential) await disown(credential);
    });
  }

  begin(shown: Shown): Promise<NewPasskey> {
    return guarded(async () => {
      const { me, opener } = await this.holder.reveal(shown);
      return new OneMore(this.api, me, opener, () => this.holder.keepSlots());
    });
  }
}
