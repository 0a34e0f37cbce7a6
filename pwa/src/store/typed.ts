/** The rows that hold what somebody is typing. */
import { equalBytes, type JsonObject, newId } from "../protocol";
import type { StoredDraft, Transaction } from "./database";
import type { Holder } from "./opening";
import { openTyped } from "./opening";
import type { Shelf } from "./shelf.svelte";

/** What is typed, and what it belongs to. */
export interface TypedHead {
  /** The record that it becomes or changes. */
  readonly record: string;
  /** The entry that it answers; undefined for an entry's own words. */
  readonly about: string | undefined;
  readonly changes: boolean;
  readonly baseRevision: number;
  readonly kept?: string | undefined;
}

/**
 * What one page types into one record. Each page has a row of its own, so that two of them never write over each
 * other's words; what it finds of earlier pages it takes over, and drops their rows with its first keystroke unless
 * they have been written in since.
 */
export class TypedRow {
  readonly id = newId();
  #taken: readonly StoredDraft[];
  #base: StoredDraft["base"];
  #from: StoredDraft["from"];

  constructor(
    private readonly shelf: Shelf,
    readonly head: TypedHead,
    /** What was open when the page began, and what that changes; undefined where there was nothing. */
    private readonly began: { readonly from: JsonObject | undefined; readonly base: JsonObject | undefined },
    taken: readonly StoredDraft[],
  ) {
    this.#taken = taken;
  }

  /** Puts the present state on the disk; gives the row. Rejects with `storage`. */
  async keep(content: JsonObject): Promise<StoredDraft> {
    const { shelf, head, began } = this;
    if (began.base) this.#base ??= await shelf.seal(head.record, began.base);
    if (began.from) this.#from ??= await shelf.seal(head.record, began.from);
    const sealed = await shelf.seal(head.record, content);
    const row: StoredDraft = { id: this.id, ...head, sealed, base: this.#base, from: this.#from, at: shelf.now() };
    if (this.#taken.length === 0) await shelf.database.keep("drafts", row);
    else await this.#replace(row);
    return row;
  }

  async #replace(row: StoredDraft): Promise<void> {
    const { shelf } = this;
    const dropped = await shelf.database.write(["drafts"], "strict", async (transaction) => {
      await transaction.put("drafts", row);
      return this.#dropTaken(transaction);
    });
    this.#taken = [];
    shelf.dropDrafts(dropped);
  }

  /** Drops what earlier pages had typed, but for what they have typed since. */
  async #dropTaken(transaction: Transaction<"drafts">): Promise<string[]> {
    const dropped: string[] = [];
    for (const before of this.#taken) {
      const now = await transaction.get("drafts", before.id);
      if (now && !equalBytes(now.sealed, before.sealed)) continue;
      await transaction.delete("drafts", before.id);
      dropped.push(before.id);
    }
    return dropped;
  }

  /** Within a transaction: what was typed has found its place elsewhere. Gives the rows that are gone. */
  async dropIn(transaction: Transaction<"drafts">): Promise<readonly string[]> {
    await transaction.delete("drafts", this.id);
    return [this.id, ...(await this.#dropTaken(transaction))];
  }

  /** Forgets what was typed. Rejects with `storage`. */
  async drop(): Promise<void> {
    const dropped = await this.shelf.database.write(["drafts"], "strict", (transaction) => this.dropIn(transaction));
    this.shelf.dropDrafts(dropped);
  }
}

/** What several pages typed into one record, joined, oldest first; what the first of them changes, and its row. */
export async function joinTyped(
  holder: Holder,
  record: string,
  rows: readonly StoredDraft[],
): Promise<{ content: JsonObject; base: JsonObject | undefined; oldest: StoredDraft }> {
  const open = (sealed: StoredDraft["base"]) => sealed && openTyped(holder, record, sealed);
  const [first, ...later] = [...rows].sort((a, b) => a.at - b.at);
  if (!first) throw new RangeError("nothing was typed");
  let content = await openTyped(holder, record, first.sealed);
  const base = await open(first.base);
  for (const row of later) {
    const from = (await open(row.from)) ?? (await open(row.base)) ?? base ?? {};
    const { mergeContent } = await import("./merge");
    content = mergeContent(from, content, await openTyped(holder, record, row.sealed));
  }
  return { content, base, oldest: first };
}
