import type { CareDesk } from "./care.svelte";
import type { Environment } from "./environment";
import type { Session } from "./interface";
import { later } from "./later";
import { type Outbox, withoutReaders } from "./outbox";
import { asStoreError } from "./problems";
import type { Shelf } from "./shelf.svelte";
import type { Kit } from "./waysIn";

/** Typing a kit is rare: its code is loaded when it is needed. */
const checking = later(() => import("./checkKit"));

const WEEK = 7 * 86_400_000; // ms
const HALF_A_YEAR = 26 * WEEK;

/** What becomes of the recovery kit: kept, put off, asked for twice a year. */
export class KitDesk implements Kit {
  constructor(
    private readonly shelf: Shelf,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly session: Pick<Session, "kitUnconfirmed" | "confirmKitSaved">,
    private readonly environment: Environment,
    private readonly kick: () => void,
  ) {}

  get #slot(): string | undefined {
    return this.shelf.here?.slots.find(({ method }) => method === "recovery")?.id;
  }

  /** What was said of another kit than the present one counts no more. */
  get #known() {
    const known = this.care.settings?.content.kit;
    return known?.slot === this.#slot ? known : undefined;
  }

  get kept(): boolean {
    return this.#known ? this.#known.kept : !this.session.kitUnconfirmed;
  }

  get beforeDosing(): boolean {
    return this.#known ? (this.#known.before_dosing ?? false) : !this.kept;
  }

  /** Where nothing was said yet, since the first contact was pinned, which is as old as the account. */
  get again(): number | undefined {
    if (this.#known) return Date.parse(this.#known.again);
    const since = this.care.contacts.map(({ verified }) => Date.parse(verified.at));
    return since.length > 0 ? Math.min(...since) + 2 * WEEK : undefined;
  }

  async wasKept(): Promise<void> {
    await this.#say({ kept: true }, 2 * WEEK);
    await this.session.confirmKitSaved();
  }

  async putOff(): Promise<void> {
    await this.#say({ kept: false, before_dosing: true }, 2 * WEEK);
    await this.session.confirmKitSaved();
  }

  async check(typed: string): Promise<void> {
    const { checkKit } = await checking().catch((error: unknown) => {
      throw asStoreError(error);
    });
    await checkKit(this.shelf.requireHere(), typed);
  }

  have(): Promise<void> {
    return this.#say({ kept: true }, HALF_A_YEAR);
  }

  later(): Promise<void> {
    return this.#say({ kept: this.kept }, WEEK);
  }

  async #say(said: { kept: boolean; before_dosing?: boolean }, wait: number): Promise<void> {
    this.shelf.requireKeys();
    const { settings } = this.care;
    const slot = this.#slot;
    // Before they have come to this device nothing can be said in them; a kit that was kept is kept all the same.
    if (!settings || !slot) return;
    const kit = { slot, ...said, again: new Date(this.environment.now() + wait).toISOString() };
    await this.outbox.save({ record: settings.id, content: { ...withoutReaders(settings.content), kit } });
    this.kick();
  }
}
