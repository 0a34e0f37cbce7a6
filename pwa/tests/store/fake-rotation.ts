/** How the fake server renews an account's keys: everything made anew beside what counts, then swapped. */
import type { Schemas } from "../../src/api/client";
import { fromBase64, hash, toBase64 } from "../../src/protocol";
import type { Account, Stored } from "./fake-rows";
import { Refusal } from "./refusal";

interface Coming {
  readonly keys: Schemas["NewKeys"];
  readonly renewed: Map<string, string>;
}

export class FakeRotation {
  readonly #coming = new Map<string, Coming>();
  readonly pageSize = 4;

  constructor(
    private readonly records: ReadonlyMap<string, Stored>,
    private readonly stamp: (record: string, account: string) => void,
  ) {}

  /** What an account's proofs are while a rotation runs; undefined when none does. */
  auth(account: string): Map<string, string> | undefined {
    const slots = this.#coming.get(account)?.keys.slots;
    return slots && new Map(slots.map(({ method, auth }) => [method, auth]));
  }

  /** What an account is shown of its keys to come. */
  shown(account: string): Pick<Schemas["Me"], "rotation"> {
    const keys = this.#coming.get(account)?.keys;
    if (!keys) return {};
    const { slots, ...rest } = keys;
    return { rotation: { ...rest, slots: slots.map(({ auth: _, ...slot }) => slot) } };
  }

  async asked(route: string, { me, ...account }: Account, url: URL, body: unknown): Promise<unknown> {
    const coming = this.#coming.get(me.id);
    if (route === "POST account rotation") {
      const keys = body as Schemas["NewKeys"];
      if (keys.gen !== me.gen + 1) throw new Refusal(422, "malformed-keys");
      if (coming?.keys.previous !== keys.previous) this.#coming.set(me.id, { keys, renewed: new Map() });
      return undefined;
    }
    const of = (body as { key_id?: string } | undefined)?.key_id;
    if (route === "POST account rotation finish" && me.identities[0]?.key_id === of) return undefined;
    if (!coming || (of !== undefined && of !== coming.keys.identity.key_id)) throw new Refusal(409, "no-rotation");
    if (route === "GET account rotation records") return this.#toRenew(me, coming, url.searchParams.get("after") ?? "");
    if (route === "PUT account rotation records") return this.#keep(coming, body as Schemas["Renewed"]);
    const left = await this.#toRenew(me, coming, "");
    if (left.wraps.length + left.proofs.length + left.tombstones.length > 0)
      throw new Refusal(409, "rotation-unfinished");
    this.#swap(me, account.auth, coming);
    return undefined;
  }

  #own(account: string): [string, Stored][] {
    return [...this.records].filter(([, { owner }]) => owner === account).sort(([a], [b]) => (a < b ? -1 : 1));
  }

  async #toRenew(me: Account["me"], { renewed }: Coming, after: string): Promise<Schemas["ToRenew"]> {
    const page: Schemas["ToRenew"] = { identities: [], wraps: [], proofs: [], tombstones: [], after: null, records: 0 };
    const own = this.#own(me.id);
    for (const [record, { past, tombstone, revision }] of own) {
      if (record < after) continue;
      if (page.proofs.length + page.tombstones.length >= this.pageSize) {
        page.after = record;
        break;
      }
      if (tombstone && !renewed.has(`t ${record}`)) page.tombstones.push({ record, revision, mac: tombstone });
      if (tombstone) continue;
      for (const [epoch, wrapped] of new Map(past.map((row) => [row.epoch, row.wrapped])))
        if (!renewed.has(`w ${record} ${epoch}`)) page.wraps.push({ record, epoch, wrapped });
      for (const row of past) {
        if (renewed.has(`p ${record} ${row.revision}`)) continue;
        const { epoch, revision, proof } = row;
        page.proofs.push({ record, epoch, revision, proof, hash: toBase64(await hash(fromBase64(row.body))) });
      }
    }
    const identities = me.identities.filter(({ key_id }) => !renewed.has(`i ${key_id}`));
    return { ...page, identities, records: own.length };
  }

  #keep({ renewed }: Coming, page: Schemas["Renewed"]): undefined {
    for (const { key_id, private_sealed } of page.identities ?? []) renewed.set(`i ${key_id}`, private_sealed);
    for (const { record, epoch, wrapped } of page.wraps ?? []) renewed.set(`w ${record} ${epoch}`, wrapped);
    for (const { record, revision, proof } of page.proofs ?? []) renewed.set(`p ${record} ${revision}`, proof);
    for (const { record, mac } of page.tombstones ?? []) renewed.set(`t ${record}`, mac);
  }

  #swap(me: Account["me"], auth: Map<string, string>, { keys, renewed }: Coming): void {
    const of = (key: string): string => renewed.get(key) ?? "";
    for (const [record, stored] of this.#own(me.id)) {
      const anew = <R extends { epoch: number; revision: number }>(row: R): R => ({
        ...row,
        wrapped: of(`w ${record} ${row.epoch}`),
        proof: of(`p ${record} ${row.revision}`),
      });
      stored.past = stored.past.map(anew);
      if (stored.view) stored.view = anew(stored.view);
      if (stored.tombstone) stored.tombstone = of(`t ${record}`);
      this.stamp(record, me.id);
    }
    const { gen } = keys;
    const former = me.identities.map((one) => ({ ...one, gen, current: false, private_sealed: of(`i ${one.key_id}`) }));
    const slots = keys.slots.map(({ auth: _, ...slot }) => slot);
    Object.assign(me, { gen, slots, identities: [{ ...keys.identity, current: true }, ...former] });
    for (const slot of keys.slots) auth.set(slot.method, slot.auth);
    this.#coming.delete(me.id);
  }
}
