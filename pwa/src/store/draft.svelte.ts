import type { EntryFields, JsonObject } from "../protocol";
import { entryFields } from "./contents";
import type { StoredDraft } from "./database";
import type { Draft } from "./interface";
import type { Shelf } from "./shelf.svelte";

/** What a draft hands over when it is done. */
export interface Finished {
  readonly id: string;
  readonly fields: EntryFields;
  readonly base: { readonly content: JsonObject; readonly revision: number } | undefined;
}

/**
 * Words that somebody is writing. Each change is sealed to the own public key and on the disk before `kept` resolves;
 * while one is being kept the next ones gather, so that typing never waits and the last state always wins.
 */
export class WritingDraft implements Draft {
  fields = $state.raw<EntryFields>({ form: "free", written: "", zone: "", text: "", sliders: {}, feelings: [] });
  state = $state<"keeping" | "kept" | "failed">("kept");
  #stored: StoredDraft | undefined;
  #busy: Promise<void> | undefined;
  #dirty = false;
  #closed = false;

  constructor(
    readonly id: string,
    readonly shared: boolean,
    fields: EntryFields,
    /** What it changes; undefined for a new entry. */
    private readonly base: { readonly content: JsonObject; readonly revision: number } | undefined,
    private readonly shelf: Shelf,
    private readonly now: () => number,
    private readonly finish: (finished: Finished) => Promise<string>,
  ) {
    this.fields = fields;
  }

  set(changed: Partial<EntryFields>): void {
    if (this.#closed) return;
    this.fields = { ...this.fields, ...changed };
    this.state = "keeping";
    this.#dirty = true;
    this.#busy ??= this.#keepAll().finally(() => {
      this.#busy = undefined;
    });
    // Who wants to know awaits `kept`; the screen shows `failed`.
    this.#busy.catch(() => undefined);
  }

  async kept(): Promise<void> {
    await this.#busy;
    if (this.#dirty) {
      this.#busy = this.#keepAll().finally(() => {
        this.#busy = undefined;
      });
      await this.#busy;
    }
  }

  async #keepAll(): Promise<void> {
    while (this.#dirty) {
      this.#dirty = false;
      try {
        await this.#keep(this.fields);
      } catch (error) {
        this.#dirty = true;
        this.state = "failed";
        throw error;
      }
    }
    this.state = "kept";
  }

  async #keep(fields: EntryFields): Promise<void> {
    const { shelf } = this;
    const sealed = await shelf.seal(this.id, fields);
    const base = this.base && (this.#stored?.base ?? (await shelf.seal(this.id, this.base.content)));
    const draft: StoredDraft = {
      id: this.id,
      changes: this.base !== undefined,
      sealed,
      base,
      baseRevision: this.base?.revision ?? 0,
      at: this.now(),
    };
    await shelf.database.write(["drafts"], "strict", (transaction) => transaction.put("drafts", draft));
    this.#stored = draft;
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
    await this.#busy?.catch(() => undefined);
    await this.shelf.database.write(["drafts"], "strict", (transaction) => transaction.delete("drafts", this.id));
    this.shelf.placeDraft(this.id, undefined);
  }
}
