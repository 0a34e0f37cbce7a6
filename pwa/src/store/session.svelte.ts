import { type Api, NoAnswer, type Schemas } from "../api/client";
import {
  canonicalEmail,
  fiveWords,
  fromBase64,
  PassphraseError,
  type PassphraseFault,
  type Role,
  requireGeneration,
  requireSettablePassphrase,
  SealError,
  type SlotSecrets,
  toBase64,
} from "../protocol";
import type { CareDesk } from "./care.svelte";
import type { Typed } from "./credentials";
import type { Here, Keys } from "./database";
import { deviceLabel } from "./device";
import type { Environment } from "./environment";
import { StoreError, unlessStorage } from "./errors";
import type { Device, FirstLink, OpenedInvitation, Phase, Session, SignUp } from "./interface";
import type { Joining } from "./joining";
import { later } from "./later";
import type { Outbox } from "./outbox";
import { asStoreError } from "./problems";
import type { Shelf } from "./shelf.svelte";
import type { SyncRounds } from "./sync.svelte";

/** Milliseconds out of sight after which a device locks itself. */
const HIDDEN: Record<Role, number> = { therapist: 15 * 60_000, patient: 12 * 3_600_000 };

/** Signing in and up is rare: its code is loaded when it is needed. */
const credentials = later(() => import("./credentials"));

/** What the server has in plain and a device keeps as last seen. */
export interface Lists {
  load(): Promise<void>;
  clear(): void;
}

/** Who is here: signing up and in, keys, devices. */
export class SessionDesk implements Session {
  kit = $state<string | undefined>(undefined);

  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly lists: Lists,
    private readonly joining: () => Promise<Joining>,
    private readonly rounds: SyncRounds,
    private readonly environment: Environment,
  ) {}

  get phase(): Phase {
    return this.shelf.phase;
  }
  get account(): string | undefined {
    return this.shelf.here?.account;
  }
  get email(): string | undefined {
    return this.shelf.here?.email;
  }
  get role(): Role | undefined {
    return this.shelf.here?.role;
  }
  get name(): string | undefined {
    return this.care.settings?.content.name;
  }
  get language(): string | undefined {
    return this.care.settings?.content.language;
  }
  get expired(): boolean {
    return this.shelf.here?.expired ?? false;
  }
  get kitUnconfirmed(): boolean {
    return this.shelf.here?.kitUnconfirmed ?? false;
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asStoreError(error);
    }
  }

  openFirstLink(fragment: string): Promise<FirstLink> {
    return this.#guarded(async () => (await this.joining()).links.openFirst(fragment));
  }

  openInvitation(link: URL): Promise<OpenedInvitation> {
    return this.#guarded(async () => (await this.joining()).links.openInvitation(link));
  }

  resumeInvitation(): Promise<OpenedInvitation | undefined> {
    return this.#guarded(async () => (await this.joining()).links.resume());
  }

  signUp(wanted: SignUp): Promise<{ kit: string }> {
    return this.#guarded(async () => {
      const joining = await this.joining();
      const kit = await joining.signUp(wanted, {
        makeRoom: () => this.#makeRoom(undefined),
        moveIn: async (me, keys, kit) => {
          await this.#settle(me, keys, true);
          this.kit = kit;
        },
      });
      return { kit };
    });
  }

  acceptInvitation(): Promise<void> {
    return this.#guarded(async () => (await this.joining()).accept(this.name ?? ""));
  }

  async confirmKitSaved(): Promise<void> {
    await this.shelf.updateHere({ kitUnconfirmed: false });
    this.kit = undefined;
  }

  signIn(email: string, passphrase: string): Promise<void> {
    return this.#signIn(email, { method: "passphrase", passphrase });
  }

  signInWithKit(email: string, kit: string): Promise<void> {
    return this.#signIn(email, { method: "recovery", kit });
  }

  #signIn(typedEmail: string, typed: Typed): Promise<void> {
    return this.#guarded(async () => {
      const email = canonicalEmail(typedEmail);
      const salt = typed.method === "passphrase" ? fromBase64((await this.api.salt(email)).salt) : new Uint8Array();
      const { secretsOf } = await credentials();
      const secrets = await secretsOf(typed, email, salt);
      await this.#enter(email, typed.method, secrets);
    });
  }

  /** Asks for a session, opens the keys that come with it, and is here. */
  async #enter(email: string, method: Typed["method"], secrets: SlotSecrets): Promise<void> {
    const device = deviceLabel();
    const me = await this.api.signIn({ email, method, auth: toBase64(secrets.auth), device, bearer: false });
    const { here } = this.shelf;
    const { openKeys } = await credentials();
    if (here?.account === me.id) requireGeneration(here.gen, me.gen);
    await this.#makeRoom(me.id);
    await this.#settle(me, await openKeys(secrets, method, me), this.kitUnconfirmed);
    await this.rounds.now();
    await this.#pointSettings();
  }

  /** Another account's unsent words are never dropped to make room. */
  async #makeRoom(account: string | undefined): Promise<void> {
    // Another page may have signed out, or in, unheard.
    await this.shelf.load();
    const { here } = this.shelf;
    if (!here || here.account === account) return;
    if (this.rounds.unsent > 0) throw new StoreError("unsent-words");
    await this.#clear(false);
  }

  async #settle(me: Schemas["Me"], keys: Keys, kitUnconfirmed: boolean): Promise<void> {
    const [identity] = keys.identities;
    if (!identity) throw new StoreError("locked");
    await this.shelf.database.write(["here", "keys"], "strict", async (transaction) => {
      // What lies here now, not what this page remembers: another one may have emptied the device.
      const before = await transaction.get("here", "here");
      const here: Here = {
        account: me.id,
        email: me.email,
        role: me.role,
        gen: me.gen,
        publicKey: identity.keyPair.publicKey,
        slots: me.slots,
        identities: me.identities,
        settingsRecord: me.settings_record ?? before?.settingsRecord,
        cursor: before?.cursor ?? 0,
        incarnation: before?.incarnation,
        comparing: before?.comparing ?? false,
        complete: before?.complete ?? false,
        lastPull: before?.lastPull,
        restored: before?.restored ?? false,
        expired: false,
        kitUnconfirmed,
        hiddenAt: undefined,
      };
      await transaction.put("here", here, "here");
      await transaction.put("keys", keys, "here");
    });
    await this.shelf.load();
    await this.lists.load();
    this.environment.tellOthers("keys");
    this.rounds.listen();
  }

  async #pointSettings(): Promise<void> {
    const { here } = this.shelf;
    const { settings } = this.care;
    if (!here || here.settingsRecord || !settings) return;
    await this.api.setPointer("settings", settings.id).catch(() => undefined);
    await this.shelf.updateHere({ settingsRecord: settings.id });
  }

  unlock(passphrase: string): Promise<void> {
    return this.#unlock({ method: "passphrase", passphrase });
  }

  unlockWithKit(kit: string): Promise<void> {
    return this.#unlock({ method: "recovery", kit });
  }

  /** Opens a slot that is on this device: needs no network, unless the session has ended too. */
  #unlock(typed: Typed): Promise<void> {
    return this.#guarded(async () => {
      const here = this.shelf.requireHere();
      const secrets = await this.#secrets(here, typed);
      if (here.expired) return this.#enter(here.email, typed.method, secrets);
      const { openKeys } = await credentials();
      let keys: Keys;
      try {
        keys = await openKeys(secrets, typed.method, { ...here, id: here.account });
      } catch (error) {
        if (!(error instanceof SealError)) throw error;
        // Not what is on this device: it may have been changed on another one, which only the server knows.
        return this.#enter(here.email, typed.method, secrets).catch((failure: unknown) => {
          throw failure instanceof NoAnswer ? new StoreError("wrong-proof") : failure;
        });
      }
      await this.shelf.keepKeys(keys);
      await this.shelf.load();
      this.environment.tellOthers("keys");
      void this.rounds.now();
    });
  }

  async #secrets(here: Here, typed: Typed): Promise<SlotSecrets> {
    const params = here.slots.find((slot) => slot.method === "passphrase")?.params;
    const { secretsOf } = await credentials();
    return secretsOf(typed, here.email, params ? fromBase64(params.salt) : new Uint8Array());
  }

  async lock(): Promise<void> {
    this.kit = undefined;
    await this.shelf.database.write(["keys"], "strict", (transaction) => transaction.delete("keys", "here"));
    this.shelf.close();
    // Before the store is open it isn't known who is here.
    if (this.shelf.phase !== "starting") this.shelf.phase = this.shelf.here ? "locked" : "signed-out";
    this.environment.tellOthers("keys");
  }

  async signOut(giveUp = false): Promise<void> {
    if (this.rounds.unsent > 0) await this.rounds.now();
    // Another page may have kept words that this one hasn't heard of.
    await this.shelf.load();
    if (this.rounds.unsent > 0 && !giveUp) throw new StoreError("unsent-words");
    // Signed out here even where the server can't be told: its session can be ended from another device.
    await this.api.signOut().catch(() => undefined);
    await this.#clear(giveUp);
  }

  /** Forgets what is on this device. Rejects with `unsent-words` where words are kept that aren't given up. */
  async #clear(giveUp: boolean): Promise<void> {
    this.kit = undefined;
    try {
      await this.rounds.between(() => this.shelf.erase(giveUp));
      this.lists.clear();
    } finally {
      await this.shelf.load();
    }
    this.rounds.listen();
    this.environment.tellOthers("keys");
  }

  changePassphrase(current: string, next: string): Promise<void> {
    return this.#newPassphrase({ method: "passphrase", passphrase: current }, next);
  }

  setPassphraseByKit(kit: string, next: string): Promise<void> {
    return this.#newPassphrase({ method: "recovery", kit }, next);
  }

  #newPassphrase(typed: Typed, passphrase: string): Promise<void> {
    return this.#guarded(async () => {
      await requireSettablePassphrase(passphrase);
      const { me, secrets } = await this.#prove(typed);
      const salt = fromBase64((await this.api.salt(me.email)).salt);
      const { renewSlot } = await credentials();
      const { slot } = await renewSlot(secrets, typed.method, me, { passphrase, salt });
      await this.api.replaceSlot("passphrase", slot);
      await this.#keepSlots();
    });
  }

  newKit(passphrase: string): Promise<{ kit: string }> {
    return this.#guarded(async () => {
      const { me, secrets } = await this.#prove({ method: "passphrase", passphrase });
      const { renewSlot } = await credentials();
      const { slot, kit } = await renewSlot(secrets, "passphrase", me, "kit");
      await this.api.replaceSlot("recovery", slot);
      await this.#keepSlots();
      await this.shelf.updateHere({ kitUnconfirmed: true });
      this.kit = kit;
      return { kit: kit ?? "" };
    });
  }

  /** Shows the server once more who this is, and gives the account with its slots as they are now. */
  async #prove(typed: Typed): Promise<{ me: Schemas["Me"]; secrets: SlotSecrets }> {
    const here = this.shelf.requireHere();
    const secrets = await this.#secrets(here, typed);
    await this.api.prove({ method: typed.method, auth: toBase64(secrets.auth) });
    const me = await this.api.account();
    requireGeneration(here.gen, me.gen);
    return { me, secrets };
  }

  async #keepSlots(): Promise<void> {
    const { slots, identities } = await this.api.account();
    await this.shelf.updateHere({ slots, identities });
  }

  devices(): Promise<Device[]> {
    return this.#guarded(() => this.api.devices());
  }

  endDevice(id: string): Promise<void> {
    return this.#guarded(() => this.api.endDevice(id));
  }

  prove(passphrase: string): Promise<void> {
    return this.#guarded(async () => {
      await this.#prove({ method: "passphrase", passphrase });
    });
  }

  erase(passphrase: string): Promise<void> {
    return this.#guarded(async () => {
      await this.#prove({ method: "passphrase", passphrase });
      await this.api.erase();
      await this.#clear(true);
    });
  }

  async checkPassphrase(passphrase: string): Promise<PassphraseFault | undefined> {
    try {
      await requireSettablePassphrase(passphrase);
      return undefined;
    } catch (error) {
      if (error instanceof PassphraseError) return error.fault;
      throw error;
    }
  }

  fiveWords(language: "en" | "es"): Promise<string> {
    return fiveWords(language);
  }

  saveSettings(changed: { name?: string; language?: string }): Promise<void> {
    return this.#guarded(async () => {
      const { settings } = this.care;
      if (!settings) throw new StoreError("locked");
      const { readers: _, ...content } = settings.content;
      await this.outbox.save({ record: settings.id, content: { ...content, ...changed } });
      void this.rounds.now();
      if (changed.language) {
        // Another language is no other place: reminders follow the phone's zone only when somebody says so.
        const speak = async (locale: string) =>
          this.api.setPreferences({ locale, time_zone: (await this.api.account()).time_zone });
        await speak(changed.language).catch(() => undefined);
      }
    });
  }

  /** Locks a device that is out of sight too long, in all its pages; a reload doesn't lock. */
  watchHidden(): void {
    let dropTimer: (() => void) | undefined;
    this.environment.whenHidden(
      () => {
        const { here } = this.shelf;
        dropTimer?.();
        if (!here) return;
        dropTimer = this.environment.after(HIDDEN[here.role] + 1, () => {
          this.lockIfHiddenLong().catch(unlessStorage);
        });
        this.shelf.updateHere({ hiddenAt: this.environment.now() }).catch(unlessStorage);
      },
      () => {
        dropTimer?.();
        this.lockIfHiddenLong()
          .then(() => this.stayOpen())
          .catch(unlessStorage);
      },
    );
    this.environment.whenToLook(() => {
      this.stayOpen().catch(unlessStorage);
    });
  }

  /** A page is in sight: the device isn't hidden, whatever another page has said. */
  async stayOpen(): Promise<void> {
    if (this.shelf.here?.hiddenAt !== undefined) await this.shelf.updateHere({ hiddenAt: undefined });
  }

  async lockIfHiddenLong(): Promise<void> {
    const { database } = this.shelf;
    const [here, keys] = await Promise.all([database.get("here", "here"), database.get("keys", "here")]);
    if (here?.hiddenAt === undefined || !keys) return;
    if (this.environment.now() - here.hiddenAt > HIDDEN[here.role]) await this.lock();
  }
}
