import type { CommentContent } from "../protocol";
import type { Comment } from "./interface";
import type { Shelf } from "./shelf.svelte";

/**
 * The threads, by the entry they are about, each oldest first: one's own comments, sent or not, those of others that
 * count, and those kept of somebody with whom one worked. One pass over all records, for all entries at once.
 */
export function commentThreads(shelf: Shelf): ReadonlyMap<string, readonly Comment[]> {
  const threads = new Map<string, Comment[]>();
  const add = (entry: string, comment: Comment) => {
    const thread = threads.get(entry);
    if (thread) thread.push(comment);
    else threads.set(entry, [comment]);
  };
  const account = shelf.here?.account ?? "";
  for (const { id, about, content, opened, change } of shelf.mine<CommentContent>("comment")) {
    const { kept } = content;
    if (kept && shelf.records.has(kept.record)) continue;
    add(about, {
      id,
      author: kept?.account ?? account,
      name: kept?.name ?? "",
      own: !kept,
      text: content.text,
      written: content.written,
      revision: content.revision,
      where: change || !opened ? "on-this-phone" : "sent",
      takenBack: change?.refused === "no-longer-shared",
    });
  }
  for (const { row, content, version } of shelf.theirs<CommentContent>("comment")) {
    add(row.about, {
      id: row.id,
      author: row.owner,
      name: shelf.pins.get(row.owner)?.content.name ?? "",
      own: false,
      text: content.text,
      written: content.written ?? version.savedAt,
      revision: content.revision,
      where: "sent",
      takenBack: false,
    });
  }
  for (const thread of threads.values()) thread.sort(oldestFirst);
  return threads;
}

function oldestFirst(a: Comment, b: Comment): number {
  return Date.parse(a.written ?? "") - Date.parse(b.written ?? "") || (a.id < b.id ? -1 : 1);
}
