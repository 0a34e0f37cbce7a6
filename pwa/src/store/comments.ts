import type { CommentContent } from "../protocol";
import type { Comment } from "./interface";
import type { Shelf } from "./shelf.svelte";

/** The thread about an entry, oldest first: one's own comments, sent or not, and those of others that count. */
export function commentsAbout(shelf: Shelf, entry: string): Comment[] {
  const account = shelf.here?.account ?? "";
  const own = shelf.mine<CommentContent>("comment").filter((comment) => comment.about === entry);
  const theirs = shelf.theirs<CommentContent>("comment").filter((comment) => comment.row.about === entry);
  const comments: Comment[] = [
    ...own.map(({ id, content, opened, change }) => ({
      id,
      author: account,
      name: "",
      own: true,
      text: content.text,
      written: content.written,
      revision: content.revision,
      where: change || !opened ? ("on-this-phone" as const) : ("sent" as const),
      takenBack: change?.refused === "no-longer-shared",
    })),
    ...theirs.map(({ row, content, version }) => ({
      id: row.id,
      author: row.owner,
      name: shelf.pins.get(row.owner)?.content.name ?? "",
      own: false,
      text: content.text,
      written: content.written ?? version.savedAt,
      revision: content.revision,
      where: "sent" as const,
      takenBack: false,
    })),
  ];
  return comments.sort((a, b) => Date.parse(a.written ?? "") - Date.parse(b.written ?? "") || (a.id < b.id ? -1 : 1));
}
