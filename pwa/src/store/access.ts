/** Keeps what opens the account on this device as the server has it now (docs/protocol.md, Key slots). */
import type { Api, Schemas } from "../api/client";
import { EncodingError, fromBase64, ParameterError, requireId, requireKdf } from "../protocol";
import type { Here } from "./database";
import type { Shelf } from "./shelf.svelte";

type Slot = Schemas["Slot"];

/** Bytes of an account key under `seal`. */
const SEALED = 61;
const TYPED = ["passphrase", "recovery"] as const;

function hasForm(slot: Slot, gen: number): boolean {
  try {
    requireId(slot.id);
    if (slot.gen !== gen || fromBase64(slot.sealed).length !== SEALED) return false;
    if (slot.method === "passkey") return !slot.params && fromBase64(slot.credential ?? "").length > 0;
    if (slot.method === "recovery") return !slot.params;
    if (slot.method !== "passphrase" || !slot.params) return false;
    requireKdf(slot.params);
    return fromBase64(slot.params.salt).length === 16;
  } catch (error) {
    if (error instanceof ParameterError || error instanceof EncodingError) return false;
    throw error;
  }
}

/** What a slot is: nothing of it ever changes under its id. */
const isThe = (one: Slot, other: Slot): boolean =>
  one.method === other.method &&
  one.sealed === other.sealed &&
  (one.params?.salt ?? "") === (other.params?.salt ?? "") &&
  (one.credential ?? "") === (other.credential ?? "");

/**
 * Whether slots that the server shows may take the place of those here, as far as a device can tell that holds no account
 * key: of the same generation, well formed, each id the same slot as before, and a passphrase or kit still there where there
 * was one, since those are replaced and never removed.
 */
export function mayReplace(held: Pick<Here, "gen" | "slots">, { gen, slots }: Schemas["Slots"]): boolean {
  const known = new Map(held.slots.map((slot) => [slot.id, slot]));
  const count = (list: readonly Slot[], of: Slot["method"]): number =>
    list.filter(({ method }) => method === of).length;
  return (
    gen === held.gen &&
    new Set(slots.map(({ id }) => id)).size === slots.length &&
    slots.every((slot) => hasForm(slot, gen) && isThe(slot, known.get(slot.id) ?? slot)) &&
    TYPED.every((method) => count(slots, method) <= 1 && count(slots, method) >= count(held.slots, method)) &&
    TYPED.some((method) => count(slots, method) === 1)
  );
}

export class Access {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
  ) {}

  /** Asks for devices and slots where the feed says another number than when this device asked last. */
  async follow(said: number): Promise<void> {
    if (said === this.shelf.here?.access) return;
    await this.#meet();
    await this.look(said);
  }

  /** Who was signed in since is news; whoever was there at the first look isn't. */
  async #meet(): Promise<void> {
    const { shelf } = this;
    const { account } = shelf.requireHere();
    const devices = await this.api.devices();
    const { here } = shelf;
    if (here?.account !== account) return;
    const isThere = new Set(devices.map(({ id }) => id));
    const known = new Set(here.knownDevices ?? isThere);
    const news = devices.filter(({ id, current }) => !current && !known.has(id));
    const newDevices = [...(here.newDevices ?? []).filter(({ id }) => isThere.has(id)), ...news];
    await shelf.updateHere({ knownDevices: [...isThere], newDevices });
  }

  /** Asks for the slots, and keeps them where they may be kept; else those that are here stay, and the fault is shown. */
  async look(said?: number): Promise<void> {
    const { shelf } = this;
    const { account, slotsTag } = shelf.requireHere();
    const answer = await this.api.slots(slotsTag);
    // Signed out meanwhile, or somebody else is here.
    const { here } = shelf;
    if (here?.account !== account) return;
    if (answer && !mayReplace(here, answer.content)) {
      await shelf.addFault("slots", undefined, undefined);
      return;
    }
    const seen = answer && { slots: answer.content.slots, slotsTag: answer.tag };
    await shelf.updateHere({ ...seen, ...(said !== undefined && { access: said }) });
    await shelf.clearFault("slots", undefined);
  }
}
