/** The little markup that the text of a reading agreement may hold: headings that begin with `#`, and empty lines. */

export interface Block {
  heading: string;
  body: string;
}

/** Cuts a text at empty lines; a first line that begins with `#` is that block's heading. */
export function blocksOf(text: string): Block[] {
  return text
    .split(/\n\s*\n/)
    .map((part) => part.trim())
    .filter((part) => part !== "")
    .map((part) => {
      const marked = /^#{1,6}\s+(.*)\n?/.exec(part);
      return marked
        ? { heading: marked[1] ?? "", body: part.slice(marked[0].length).trim() }
        : { heading: "", body: part };
    });
}
