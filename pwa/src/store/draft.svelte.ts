import type { EntryFields, JsonObject } from "../protocol";
import { entryFields } from "./contents";
import type { Draft } from "./interface";
import { Keeping } from "./keeping.svelte";
import type { Shelf } from "./shelf.svelte";
import type { TypedRow } from "./typed";

/** What a change started from. */
export interface Base {
  readonly content: JsonObject;
  readonly revision: number;
  /** The record of the change kept to oneself that it is; undefined where it is the entry itself. */
  readonly kept?: string | undefined;
}

/** What a draft hands over when it is done. */
export interface Finished {
  readonly id: string;
  readonly fields: EntryFields;
  readonly base: Base | undefined;
  /** What this page began with. */
  readonly from: EntryFields;
  /** Where it lies until it is handed over. */
  readonly row: TypedRow;
}

/** Words that somebody is writing: each change is sealed to the own public key and on the disk before `kept` resolves. */
export class WritingDraft implements Draft {
  fields = $state.raw<EntryFields>({ form: "free", written: "", zone: "", text: "", sliders: {}, feelings: [] });
  readonly #keeping: Keeping;
  #closed = false;

  constructor(
    readonly shared: boolean,
    private readonly from: EntryFields,
    /** What it changes; undefined for a new entry. */
    private readonly base: Base | undefined,
    private readonly row: TypedRow,
    shelf: Shelf,
    private readonly finish: (finished: Finished) => Promise<string>,
  ) {
    this.fields = from;
    this.#keeping = new Keeping(async () => {
      const { fields } = this;
      const draft = await row.keep(fields);
      if (!this.#closed) shelf.placeDraft({ draft, fields });
    }, shelf.after);
  }

  get id(): string {
    return this.row.head.record;
  }

  get state(): Draft["state"] {
    return this.#keeping.state;
  }

  set(changed: Partial<EntryFields>): void {
    if (this.#closed) return;
    const fields = { ...this.fields, ...changed };
    // A keyboard can leave half a character, which no JSON may hold: it must not keep the words around it from the disk.
    const feelings = fields.feelings.map((word) => word.toWellFormed());
    this.fields = { ...fields, text: fields.text.toWellFormed(), feelings };
    this.#keeping.touch();
  }

  kept(): Promise<void> {
    return this.#keeping.settled();
  }

  /** Somebody opens the draft again: what was typed here last must be on the device first. Rejects with `storage`. */
  async left(): Promise<void> {
    if (!this.#closed) await this.kept();
  }

  async done(): Promise<string> {
    await this.kept();
    this.#closed = true;
    const { id, base, from } = this;
    try {
      return await this.finish({ id, fields: entryFields(this.fields), base, from, row: this.row });
    } catch (error) {
      this.#closed = false;
      throw error;
    }
  }

  async discard(): Promise<void> {
    this.#closed = true;
    await this.#keeping.ended();
    await this.row.drop();
  }
}
