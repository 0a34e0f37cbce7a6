import type { EntryFields, JsonObject } from "../protocol";
import { entryFields } from "./contents";
import type { StoredDraft } from "./database";
import type { Draft } from "./interface";
import { Keeping } from "./keeping.svelte";
import type { Shelf } from "./shelf.svelte";

/** What a change started from. */
export interface Base {
  readonly content: JsonObject;
  readonly revision: number;
}

/** What a draft hands over when it is done. */
export interface Finished {
  readonly id: string;
  readonly fields: EntryFields;
  readonly base: Base | undefined;
}

/** Words that somebody is writing: each change is sealed to the own public key and on the disk before `kept` resolves. */
export class WritingDraft implements Draft {
  fields = $state.raw<EntryFields>({ form: "free", written: "", zone: "", text: "", sliders: {}, feelings: [] });
  readonly #keeping = new Keeping(() => this.#keep(this.fields));
  #sealedBase: StoredDraft["base"];
  #closed = false;

  constructor(
    readonly id: string,
    readonly shared: boolean,
    fields: EntryFields,
    /** What it changes; undefined for a new entry. */
    private readonly base: Base | undefined,
    private readonly shelf: Shelf,
    private readonly finish: (finished: Finished) => Promise<string>,
  ) {
    this.fields = fields;
  }

  get state(): Draft["state"] {
    return this.#keeping.state;
  }

  set(changed: Partial<EntryFields>): void {
    if (this.#closed) return;
    this.fields = { ...this.fields, ...changed };
    this.#keeping.touch();
  }

  kept(): Promise<void> {
    return this.#keeping.settled();
  }

  /** Somebody opens the draft again: what was typed here last must be on the device first. Rejects with `storage`. */
  async left(): Promise<void> {
    if (!this.#closed) await this.kept();
  }

  async #keep(fields: EntryFields): Promise<void> {
    const { shelf } = this;
    const sealed = await shelf.seal(this.id, fields);
    if (this.base) this.#sealedBase ??= await shelf.seal(this.id, this.base.content);
    const draft: StoredDraft = {
      id: this.id,
      changes: this.base !== undefined,
      sealed,
      base: this.#sealedBase,
      baseRevision: this.base?.revision ?? 0,
      at: shelf.now(),
    };
    await shelf.database.keep("drafts", draft);
    if (!this.#closed) shelf.placeDraft(this.id, { draft, fields });
  }

  async done(): Promise<string> {
    await this.kept();
    this.#closed = true;
    try {
      return await this.finish({ id: this.id, fields: entryFields(this.fields), base: this.base });
    } catch (error) {
      this.#closed = false;
      throw error;
    }
  }

  async discard(): Promise<void> {
    this.#closed = true;
    await this.#keeping.ended();
    await this.shelf.database.write(["drafts"], "strict", (transaction) => transaction.delete("drafts", this.id));
    this.shelf.placeDraft(this.id, undefined);
  }
}
