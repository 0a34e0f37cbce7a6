/** What stays with a patient when they and somebody who read along no longer work together. */
import type { CommentContent } from "../protocol";
import { derivedId } from "./derived";
import type { Outbox } from "./outbox";
import type { Shelf } from "./shelf.svelte";

/**
 * Copies what `account` wrote about own entries into own records, which nobody else reads: the originals go when what was
 * shared closes. Needs the keys; each is copied once, by whichever device comes first.
 */
export async function keepComments(shelf: Shelf, outbox: Outbox, account: string): Promise<void> {
  const name = shelf.pins.get(account)?.content.name;
  if (!name) return;
  for (const { row, content, version } of shelf.theirs<CommentContent>("comment")) {
    if (row.owner !== account || !shelf.own.has(row.about)) continue;
    const record = await derivedId(`kept copy of ${row.id}`);
    if (shelf.own.has(record) || (await shelf.database.get("remembered", record))) continue;
    const { text, revision, written = version.savedAt, zone } = content;
    const kept = { record: row.id, account, name };
    await outbox.save({
      record,
      about: row.about,
      content: { kind: "comment", v: 1, written, ...(zone && { zone }), text, revision, kept },
      readers: [],
    });
  }
}
