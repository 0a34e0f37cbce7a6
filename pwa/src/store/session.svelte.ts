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
  type SlotSecrets,
  toBase64,
} from "../protocol";
import type { CareDesk } from "./care.svelte";
import type { Opener } from "./credentials";
import type { Here, Keys } from "./database";
import { deviceLabel } from "./device";
import type { Environment } from "./environment";
import { SlotError, StoreError } from "./errors";
import type { Device, FirstLink, LockAfter, OpenedInvitation, Phase, Session, SignUp } from "./interface";
import type { Joining } from "./joining";
import { later } from "./later";
import { Locking } from "./locking.svelte";
import { type Outbox, withoutReaders } from "./outbox";
import type { PasskeyDesk } from "./passkeys";
import { asStoreError } from "./problems";
import type { RotationDesk } from "./rotating";
import type { Shelf } from "./shelf.svelte";
import type { SyncRounds } from "./sync.svelte";
import type { PasskeyInMaking, Shown, Typed } from "./waysIn";

/** Signing in and up is rare: its code is loaded when it is needed. */
const credentials = later(() => import("./credentials"));
const arriving = later(() => import("./moveIn"));
const replacing = later(() => import("./replacing"));

/** What the server has in plain and a device keeps as last seen. */
export interface Lists {
  load(): Promise<void>;
  clear(): void;
}

/** Who is here: signing up and in, keys, devices. */
export class SessionDesk implements Session {
  kit = $state<string | undefined>(undefined);
  kitToCome = false;
  #halfway = $state.raw<Schemas["Me"] | undefined>(undefined);
  closings = $state(0);
  readonly locking: Locking;

  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly lists: Lists,
    private readonly joining: () => Promise<Joining>,
    private readonly passkeys: () => Promise<PasskeyDesk>,
    private readonly rotation: () => Promise<RotationDesk>,
    private readonly rounds: SyncRounds,
    private readonly environment: Environment,
    /** Seals the ledger, if it is time to save it; gives the way to send it, which needs no key. Never rejects. */
    private readonly sealLedger: () => Promise<(() => Promise<void>) | undefined>,
  ) {
    this.locking = new Locking(shelf, environment, this);
  }

  get lockAfter(): LockAfter {
    return this.locking.after;
  }

  chooseLockAfter(minutes: LockAfter): void {
    this.locking.choose(minutes);
  }

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
  /** A new kit is on the screen: one of the account, or one of keys that are yet to begin. */
  get kitInSight(): boolean {
    return this.kit !== undefined || this.kitToCome;
  }
  get renewing(): boolean {
    return this.shelf.here?.renewing !== undefined;
  }

  get halfway(): { readonly email: string } | undefined {
    return this.#halfway;
  }
  get opensBy(): { readonly passphrase: boolean; readonly passkey: boolean } {
    const methods = new Set(this.shelf.here?.slots.map(({ method }) => method));
    return { passphrase: methods.has("passphrase"), passkey: methods.has("passkey") };
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

  firstPasskey(email: string): Promise<PasskeyInMaking> {
    return this.#guarded(async () => (await this.joining()).firstPasskey(email));
  }

  signUp(wanted: SignUp): Promise<{ kit: string }> {
    return this.#guarded(async () => {
      const joining = await this.joining();
      const kit = await joining.signUp(wanted, {
        makeRoom: () => this.#makeRoom(undefined),
        moveIn: async (me, keys, kit) => {
          await this.settle(me, keys, true);
          this.kit = kit;
          if (wanted.othersLook) this.chooseLockAfter(0);
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
      const salt = typed.method === "passphrase" ? fromBase64(await this.#askSalt(email)) : new Uint8Array();
      const { secretsOf } = await credentials();
      const secrets = await secretsOf(typed, email, salt);
      await this.#enter(email, typed.method, secrets);
    });
  }

  /** Asks for a session, opens the keys that come with it, and is here. */
  async #enter(email: string, method: Typed["method"], { slotKey, auth }: SlotSecrets): Promise<void> {
    const device = deviceLabel();
    const me = await this.api.signIn({ email, method, auth: toBase64(auth), device, bearer: false });
    await this.#arrive(me, { way: { method }, slotKey });
  }

  /** Opens the keys of who has just signed in, and is here. */
  async #arrive(shown: Schemas["Me"], opener: Opener): Promise<void> {
    const { here } = this.shelf;
    const { openKeys } = await credentials();
    if (here?.account === shown.id) requireGeneration(here.gen, shown.gen);
    await this.#makeRoom(shown.id);
    const me = shown.rotation ? await (await this.rotation()).finish(shown, opener) : shown;
    await this.settle(me, await openKeys(opener, me));
    this.#halfway = undefined;
    await this.rounds.now();
    await this.#pointSettings();
  }

  signInByPasskey(): Promise<boolean> {
    return this.#signInByPasskey([]);
  }

  /** By a passkey of these slots, without any by whichever the device has. */
  #signInByPasskey(slots: Here["slots"]): Promise<boolean> {
    return this.#guarded(async () => {
      const { me, opener } = await (await this.passkeys()).signIn(deviceLabel(), slots);
      try {
        if (opener) await this.#arrive(me, opener);
        else this.#halfway = me;
      } catch (error) {
        if (!(error instanceof SlotError)) throw error;
        this.#halfway = me;
      }
      return this.#halfway === undefined;
    });
  }

  openHalfway(typed: Typed): Promise<void> {
    return this.#guarded(async () => {
      const me = this.#halfway;
      if (!me) throw new StoreError("signed-out");
      const { slotKey } = await this.#secrets(me, typed);
      await this.#arrive(me, { way: { method: typed.method }, slotKey }).catch((error: unknown) => {
        throw error instanceof SlotError ? new StoreError("wrong-proof") : error;
      });
    });
  }

  async leaveHalfway(): Promise<void> {
    this.#halfway = undefined;
    await this.api.signOut().catch(() => undefined);
  }

  unlockByPasskey(): Promise<void> {
    return this.#guarded(async () => {
      const here = this.shelf.requireHere();
      if (here.expired) {
        if (await this.#signInByPasskey(here.slots)) return;
        await this.leaveHalfway();
        throw new StoreError("passkey-opens-nothing");
      }
      const opener = await (await this.passkeys()).unlock(here.slots);
      await this.#reopen(here, opener).catch((error: unknown) => {
        throw error instanceof SlotError ? new StoreError("passkey-opens-nothing") : error;
      });
    });
  }

  /** Opens a slot that is on this device. Throws {@link SlotError} when what opens isn't the slot's. */
  async #reopen(here: Here, opener: Opener): Promise<void> {
    const { openKeys } = await credentials();
    await this.shelf.keepKeys(await openKeys(opener, { ...here, id: here.account }));
    await this.shelf.load();
    this.environment.tellOthers("keys");
    void this.rounds.now();
  }

  /** Another account's unsent words are never dropped to make room. */
  async #makeRoom(account: string | undefined): Promise<void> {
    // Another page may have signed out, or in, unheard.
    await this.shelf.load();
    const { here } = this.shelf;
    if (!here || here.account === account) return;
    if (this.rounds.unsent > 0 || here.comparing) throw new StoreError("unsent-words");
    await this.#clear(false);
  }

  async settle(me: Schemas["Me"], keys: Keys, kitUnconfirmed = this.kitUnconfirmed): Promise<void> {
    const { moveIn } = await arriving();
    await moveIn(this.shelf.database, me, keys, kitUnconfirmed);
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
      try {
        await this.#reopen(here, { way: { method: typed.method }, slotKey: secrets.slotKey });
      } catch (error) {
        if (!(error instanceof SlotError)) throw error;
        // Not what is on this device: it may have been changed on another one, which only the server knows.
        return this.#enter(here.email, typed.method, secrets).catch((failure: unknown) => {
          throw failure instanceof NoAnswer ? new StoreError("wrong-proof") : failure;
        });
      }
    });
  }

  async #secrets(
    of: Pick<Schemas["Me"], "email"> & Pick<Here, "slots">,
    typed: Typed,
    salt = of.slots.find((slot) => slot.method === "passphrase")?.params?.salt,
  ): Promise<SlotSecrets> {
    if (typed.method === "passphrase" && !salt) throw new StoreError("wrong-proof");
    const { secretsOf } = await credentials();
    return secretsOf(typed, of.email, salt ? fromBase64(salt) : new Uint8Array());
  }

  async #askSalt(email: string): Promise<string> {
    return (await this.api.salt(email)).salt;
  }

  async lock(): Promise<void> {
    this.saveLedger();
    this.#close();
    await this.shelf.database.write(["keys"], "strict", (transaction) => transaction.delete("keys", "here"));
    // What was being read from the device meanwhile may have opened again.
    this.#close();
    this.environment.tellOthers("keys");
  }

  /** Nothing is left open on the screen or in memory from here on, also where the page is stopped before the device has heard of it. */
  #close(): void {
    this.kit = undefined;
    this.closings++;
    this.shelf.close();
    // Before the store is open it isn't known who is here.
    if (this.shelf.phase !== "starting") this.shelf.phase = this.shelf.here ? "locked" : "signed-out";
  }

  /** Out of sight, or about to lock: what is open is listed for devices to come. */
  saveLedger(): void {
    void this.sealLedger().then((send) => send?.());
  }

  async signOut(giveUp = false): Promise<void> {
    // Also where nothing waits: what a restored server has lost can only be given back by who is signed in.
    await this.rounds.now();
    // Another page may have kept words that this one hasn't heard of.
    await this.shelf.load();
    if (!giveUp) this.#requireAllSent();
    // Signed out here even where the server can't be told: its session can be ended from another device.
    const told = await this.api.signOut().then(
      () => true,
      () => false,
    );
    if (!giveUp && this.rounds.isToCompare) {
      if (told) await this.shelf.updateHere({ expired: true });
      throw new StoreError("restored");
    }
    await this.#clear(giveUp);
  }

  #requireAllSent(): void {
    if (this.rounds.unsent > 0) throw new StoreError("unsent-words");
    if (this.rounds.isToCompare) throw new StoreError("restored");
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

  changePassphrase(shown: Shown, passphrase: string): Promise<void> {
    return this.#guarded(async () => {
      await requireSettablePassphrase(passphrase);
      const { putPassphrase } = await replacing();
      await putPassphrase(this.api, await this.reveal(shown), passphrase);
      await this.keepSlots();
    });
  }

  newKit(shown: Shown): Promise<{ kit: string }> {
    return this.#guarded(async () => {
      const { putKit } = await replacing();
      const kit = await putKit(this.api, await this.reveal(shown));
      await this.keepSlots();
      await this.shelf.updateHere({ kitUnconfirmed: true });
      this.kit = kit;
      return { kit };
    });
  }

  /** Shows the server once more who this is, and gives the account with its slots as they are now, and what opens one, if it does. */
  async show(shown: Shown): Promise<{ me: Schemas["Me"]; opener: Opener | undefined }> {
    const here = this.shelf.requireHere();
    const showed = await this.#showBy(shown, here);
    requireGeneration(here.gen, showed.me.gen);
    return showed;
  }

  async #showBy(shown: Shown, here: Here): Promise<{ me: Schemas["Me"]; opener: Opener | undefined }> {
    if (shown.method === "passkey") return (await this.passkeys()).prove(here.slots);
    // An account that began with a passkey has no passphrase here, and may have one by now.
    const salt =
      shown.method === "passphrase" && !this.opensBy.passphrase ? await this.#askSalt(here.email) : undefined;
    const { slotKey, auth } = await this.#secrets(here, shown, salt);
    await this.api.prove({ method: shown.method, auth: toBase64(auth) });
    return { me: await this.api.account(), opener: { way: { method: shown.method }, slotKey } };
  }

  async reveal(shown: Shown): Promise<{ me: Schemas["Me"]; opener: Opener }> {
    const { me, opener } = await this.show(shown);
    if (me.rotation) throw new StoreError("renewing");
    // Renewed on another page in this very moment: what was shown opens what has been given up.
    if (me.gen !== this.shelf.requireHere().gen) throw new StoreError("changed-meanwhile");
    if (!opener) throw new StoreError("passkey-opens-nothing");
    return { me, opener };
  }

  keepSlots(): Promise<void> {
    return this.rounds.keepSlots();
  }

  devices(): Promise<Device[]> {
    return this.#guarded(() => this.api.devices());
  }

  get newDevices(): readonly Device[] {
    return this.shelf.here?.newDevices ?? [];
  }

  async knowNewDevices(): Promise<void> {
    await this.shelf.updateHere({ newDevices: [] });
  }

  renameDevice(id: string, name: string): Promise<void> {
    return this.#guarded(() => this.api.renameDevice(id, name));
  }

  endOtherDevices(): Promise<void> {
    return this.#guarded(() => this.api.endOtherDevices());
  }

  endDevice(id: string): Promise<void> {
    return this.#guarded(() => this.api.endDevice(id));
  }

  prove(shown: Shown): Promise<void> {
    return this.#guarded(async () => {
      await this.show(shown);
    });
  }

  erase(shown: Shown): Promise<void> {
    return this.#guarded(async () => {
      await this.show(shown);
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
      await this.outbox.save({ record: settings.id, content: { ...withoutReaders(settings.content), ...changed } });
      void this.rounds.now();
      if (changed.language) await (await replacing()).speak(this.api, changed.language);
    });
  }
}
