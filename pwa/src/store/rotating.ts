/** New keys for an account whose old ones somebody may have (docs/protocol.md, Rotation). Fetched when first needed. */
import { type Api, ApiProblem, type Schemas } from "../api/client";
import { fromBase64, requireGeneration, requireSettablePassphrase, toBase64, toBase64Url } from "../protocol";
import { renewIdentity, renewProof, renewTombstone, renewWrap } from "../protocol/rotation";
import { type BothKeys, makeNewKeys, type Opener, openKeys, openKeysToCome } from "./credentials";
import type { Keys } from "./database";
import { StoreError } from "./errors";
import { asStoreError } from "./problems";
import type { Shelf } from "./shelf.svelte";
import type { SyncRounds } from "./sync.svelte";
import type { NewKeys, Rotation, Shown, Told, Typed } from "./waysIn";

/** Times that all is looked through: once is enough unless somebody goes on writing meanwhile. */
const ROUNDS = 20;
const UNTOLD: Told = () => undefined;

/** Which keys are to come: another window may have begun with other ones. */
type To = Schemas["Finish"];

/** What a rotation needs of whoever is here. */
export interface Home {
  /** Shows the server once more who this is, and gives the account with what opens its key. */
  reveal(shown: Shown): Promise<{ me: Schemas["Me"]; opener: Opener }>;
  /** The same, also while a rotation runs, whose slot it is then that `opener` opens. */
  show(shown: Shown): Promise<{ me: Schemas["Me"]; opener: Opener | undefined }>;
  /** The account is here with these keys. */
  settle(me: Schemas["Me"], keys: Keys): Promise<void>;
  lock(): Promise<void>;
  /** A kit is on the screen that opens nothing yet: the device doesn't lock at once meanwhile. */
  kitToCome: boolean;
}

async function guarded<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw asStoreError(error);
  }
}

export class RotationDesk implements Rotation {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly rounds: SyncRounds,
    private readonly home: Home,
  ) {}

  prepare(shown: Shown, passphrase: string): Promise<NewKeys> {
    return guarded(async () => {
      await requireSettablePassphrase(passphrase);
      const { me, opener } = await this.home.reveal(shown);
      const salt = fromBase64((await this.api.salt(me.email)).salt);
      const { sent, kit, ...keys } = await makeNewKeys(opener, me, passphrase, salt);
      const typed = { method: "passphrase", passphrase } as const;
      this.home.kitToCome = true;
      let tried = false;
      return {
        kit,
        start: (told) =>
          guarded(async () => {
            if (tried && (await this.#resume(typed, told))) return;
            tried = true;
            await this.#start(sent, keys, typed, told);
          }),
        drop: () => {
          this.home.kitToCome = false;
        },
      };
    });
  }

  async #start(sent: Schemas["NewKeys"], keys: BothKeys, typed: Typed, told: Told): Promise<void> {
    // What waits goes out under the keys so far, as far as it can.
    await this.rounds.now();
    // First, so that a page that dies here knows that it may have begun.
    await this.shelf.updateHere({ renewing: sent.gen });
    try {
      await this.api.beginRotation(sent);
    } catch (error) {
      if (error instanceof ApiProblem) await this.shelf.updateHere({ renewing: undefined });
      // They were made for the generation after this one, and that has come meanwhile.
      throw error instanceof ApiProblem && error.code === "malformed-keys"
        ? new StoreError("changed-meanwhile")
        : error;
    }
    const { account } = this.shelf.requireHere();
    const to = { gen: sent.gen, key_id: sent.identity.key_id };
    await this.#unlessFinished(to, () => this.#renewAll(account, to, keys, told));
    await this.rounds.between(() => this.#end(to, keys, typed));
    // All comes anew under the new keys: it is to be there again before anybody is told that this is done.
    await this.rounds.now();
  }

  /** Goes on with what was cut off; false where the new passphrase shows that it had never begun. */
  async #resume(typed: Typed, told: Told): Promise<boolean> {
    try {
      return await this.goOn(typed, told);
    } catch (error) {
      if (error instanceof StoreError && error.reason === "wrong-proof") return false;
      throw error;
    }
  }

  goOn(shown: Typed, told: Told): Promise<boolean> {
    return guarded(async () => {
      const { me, opener } = await this.home.show(shown);
      if (!opener) throw new StoreError("passkey-opens-nothing");
      const finished = me.rotation ? await this.finish(me, opener, told) : me;
      if (finished.gen === this.shelf.requireHere().gen) {
        await this.shelf.updateHere({ renewing: undefined });
        return false;
      }
      await this.home.settle(finished, await openKeys(opener, finished));
      await this.rounds.now();
      return true;
    });
  }

  /** Finishes a rotation whose slot `opener` opens, for who has just signed in; gives the account as it is then. */
  async finish(me: Schemas["Me"], opener: Opener, told = UNTOLD): Promise<Schemas["Me"]> {
    if (!me.rotation) return me;
    requireGeneration(me.gen + 1, me.rotation.gen);
    const { id, rotation } = me;
    const keys = await openKeysToCome(opener, id, rotation);
    const to = { gen: rotation.gen, key_id: rotation.identity.key_id };
    await this.#unlessFinished(to, async () => {
      await this.#renewAll(id, to, keys, told);
      await this.#swap(id, to, keys);
    });
    return this.api.account();
  }

  /** Another device may finish it at the same time. */
  async #unlessFinished(to: To, work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof ApiProblem && error.code === "no-rotation")) throw error;
      const { identities } = await this.api.account();
      // Where other keys have taken their place, in another window, these are to be forgotten.
      if (!identities.some(({ key_id, current }) => current && key_id === to.key_id))
        throw new StoreError("changed-meanwhile");
    }
  }

  async #end(to: To, keys: BothKeys, typed: Typed): Promise<void> {
    const { account } = this.shelf.requireHere();
    await this.#unlessFinished(to, () => this.#swap(account, to, keys));
    const { me, opener } = await this.home.show(typed);
    // The server only says that it is finished.
    if (me.rotation) throw new StoreError("renewing");
    if (me.gen !== to.gen || !opener) throw new StoreError("server");
    // Locked meanwhile, by the menu or by being left: it stays so.
    const isLocked = this.shelf.keys === undefined;
    await this.home.settle(me, await openKeys(opener, me));
    if (isLocked) await this.home.lock();
  }

  /** Has the server swap old for new; what was saved in between is made anew first. */
  async #swap(account: string, to: To, keys: BothKeys): Promise<void> {
    for (let round = 0; ; round++) {
      try {
        await this.api.finishRotation(to);
        return;
      } catch (error) {
        if (!(error instanceof ApiProblem && error.code === "rotation-unfinished") || round >= ROUNDS) throw error;
        await this.#renewAll(account, to, keys, UNTOLD);
      }
    }
  }

  async #renewAll(account: string, to: To, keys: BothKeys, told: Told): Promise<void> {
    const done = new Set<string>();
    let after: string | undefined = "";
    while (after !== undefined) {
      const page: Schemas["ToRenew"] = await this.api.toRenew(after);
      await this.api.keepRenewed(await this.#renewed(account, to, keys, page));
      for (const { record } of [...page.wraps, ...page.tombstones]) done.add(record);
      after = page.after ?? undefined;
      told(after === undefined ? page.records : Math.min(done.size, page.records), page.records);
    }
  }

  async #renewed(
    owner: string,
    { gen, key_id }: To,
    { former, next }: BothKeys,
    page: Schemas["ToRenew"],
  ): Promise<Schemas["Renewed"]> {
    const [identities, wraps, proofs, tombstones] = await Promise.all([
      Promise.all(
        page.identities.map(async ({ key_id: keyId, gen: before, private_sealed }) => {
          const stored = { keyId, gen: before, sealed: fromBase64(private_sealed) };
          return { key_id: keyId, private_sealed: toBase64(await renewIdentity(former, next, owner, stored, gen)) };
        }),
      ),
      Promise.all(
        page.wraps.map(async ({ record, epoch, wrapped }) => {
          const renewed = await renewWrap(former, next, { record, owner, epoch }, fromBase64(wrapped));
          return { record, epoch, wrapped: toBase64(renewed) };
        }),
      ),
      Promise.all(
        page.proofs.map(async (one) => {
          const { record, revision } = one;
          return { record, revision, proof: await this.#proof(owner, former, next, one) };
        }),
      ),
      Promise.all(
        page.tombstones.map(async ({ record, revision, mac }) => {
          const renewed = await renewTombstone(former, next, { record, owner, revision }, fromBase64(mac));
          return { record, mac: toBase64(renewed) };
        }),
      ),
    ]);
    return { gen, key_id, identities, wraps, proofs, tombstones };
  }

  /** Proves a revision anew, unless this device has seen another one under its number. */
  async #proof(
    owner: string,
    former: BothKeys["former"],
    next: BothKeys["next"],
    { record, epoch, revision, hash, proof }: Schemas["OldProof"],
  ): Promise<string> {
    const seen = await this.shelf.database.get("remembered", record);
    const said = toBase64Url(fromBase64(hash));
    if (seen && !seen.listed && seen.revision === revision && !seen.ended && seen.hash !== said) return proof;
    return toBase64(await renewProof(former, next, { record, owner, epoch, revision }, said, fromBase64(proof)));
  }
}
