import { newId } from "../protocol";
import { Keeping } from "./keeping.svelte";
import type { Shelf } from "./shelf.svelte";
import { TypedRow } from "./typed";

/** An answer that this page is typing. */
class Typing {
  text = $state("");
  readonly keeping: Keeping;

  constructor(
    shelf: Shelf,
    readonly row: TypedRow,
    /** What stood there when this page began. */
    readonly from: string,
  ) {
    this.keeping = new Keeping(async () => {
      const { text } = this;
      if (text === "") await row.drop();
      else shelf.placeDraft({ draft: await row.keep({ text }), fields: { text } });
    }, shelf.after);
  }
}

/** What is being typed below entries: kept and sealed like a draft until it is sent as a comment. */
export class Answers {
  /** By entry. */
  #typing = $state.raw<ReadonlyMap<string, Typing>>(new Map());

  constructor(private readonly shelf: Shelf) {
    shelf.whenClosed(() => {
      this.#typing = new Map();
    });
  }

  /** What lies on the device, by entry: of two pages that type an answer to one entry, the newest. */
  readonly #stored = $derived.by(() => {
    const stored = new Map<string, { readonly text: string; readonly record: string; readonly row: string }>();
    for (const { id, about, record } of this.shelf.counted.drafts) {
      const text = this.shelf.drafts.get(id)?.fields.text;
      // Newest first: what is there already is newer.
      if (about && typeof text === "string" && !stored.has(about))
        stored.set(about, { text, record: record ?? id, row: id });
    }
    return stored;
  });

  /** All that lie on the device: the comment that each becomes, by the entry that it answers. */
  get stored(): ReadonlyMap<string, { readonly record: string; readonly text: string }> {
    return this.#stored;
  }

  /** What is typed as an answer to an entry; "" when nothing. */
  text(entry: string): string {
    return (this.#typing.get(entry) ?? this.#stored.get(entry))?.text ?? "";
  }

  /** Keeps what is typed, at once. */
  set(entry: string, text: string): void {
    const typing = this.#typing.get(entry) ?? this.#begin(entry);
    // A keyboard can leave half a character, which no JSON may hold: it must not keep the words around it from the disk.
    typing.text = text.toWellFormed();
    typing.keeping.touch();
  }

  #begin(entry: string): Typing {
    const { shelf } = this;
    const stored = this.#stored.get(entry);
    const taken = shelf.counted.drafts.filter((draft) => draft.id === stored?.row);
    // The comment's own id from the first key on: sent twice, it is one comment.
    const head = { record: stored?.record ?? newId(), about: entry, changes: false, baseRevision: 0 };
    const row = new TypedRow(shelf, head, { from: undefined, base: undefined }, taken);
    const typing = new Typing(shelf, row, stored?.text ?? "");
    this.#typing = new Map(this.#typing).set(entry, typing);
    return typing;
  }

  /** All of what this page has typed is on the disk. Rejects with `storage`. */
  async kept(entry: string): Promise<void> {
    await this.#typing.get(entry)?.keeping.settled();
  }

  /**
   * The row of an answer, for the comment to take its place, and what it began with: another page may have sent the same
   * comment with more in it. Rejects with `storage` while the last keys can't be kept.
   */
  async take(entry: string): Promise<{ row: TypedRow; from: string }> {
    const { keeping, row, from } = this.#typing.get(entry) ?? this.#begin(entry);
    await keeping.settled();
    return { row, from };
  }

  /** It has been sent: the next key begins anew. */
  sent(entry: string): void {
    const next = new Map(this.#typing);
    next.delete(entry);
    this.#typing = next;
  }

  /** Throws an answer away. */
  async discard(entry: string): Promise<void> {
    const { keeping, row } = this.#typing.get(entry) ?? this.#begin(entry);
    await keeping.ended();
    await row.drop();
    this.sent(entry);
  }
}
