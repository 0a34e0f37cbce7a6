/**
 * The light formatting of what people write: a few signs of Markdown that read well as plain text, too. Words are never
 * taken for markup of another kind, and every character that isn't such a sign stays as it was typed.
 */

export interface Span {
  readonly text: string;
  readonly strong: boolean;
  readonly emphasis: boolean;
}

export type Block =
  | { readonly type: "paragraph" | "heading" | "quote"; readonly lines: readonly (readonly Span[])[] }
  | { readonly type: "list"; readonly ordered: boolean; readonly items: readonly (readonly Span[])[] };

/** Characters of a line above which no signs are looked for: nobody typed that by hand. */
const LONG = 4000;
/** Characters of a text above which it is shown as it is: tens of thousands of lines to draw would hold the page up. */
const PASTED = 50_000;
const STARRED = /(\*\*|\*|_)(?=\S)(.*?\S)\1(?![\p{L}\p{N}*_])/gu;
const HEADING = /^#{1,3}\s+(.*)$/u;
const QUOTE = /^>\s?(.*)$/u;
const ITEM = /^\s*(?:[-*•]|(\d{1,3})[.)])\s+(.*)$/u;

function spansOf(line: string, strong = false, emphasis = false): Span[] {
  if (line.length > LONG) return [{ text: line, strong, emphasis }];
  const spans: Span[] = [];
  let at = 0;
  for (const found of line.matchAll(STARRED)) {
    const [whole, sign = "", inner = ""] = found;
    const before = line[found.index - 1];
    // Inside a word a sign is part of it: snake_case, 2*3*4.
    if (before !== undefined && /[\p{L}\p{N}*_]/u.test(before)) continue;
    if (found.index > at) spans.push({ text: line.slice(at, found.index), strong, emphasis });
    spans.push(...spansOf(inner, strong || sign === "**", emphasis || sign !== "**"));
    at = found.index + whole.length;
  }
  if (at < line.length) spans.push({ text: line.slice(at), strong, emphasis });
  return spans;
}

interface Line {
  readonly type: Block["type"] | "empty";
  readonly ordered: boolean;
  readonly spans: readonly Span[];
}

function read(line: string): Line {
  const plain = { ordered: false };
  if (line.trim() === "") return { type: "empty", ...plain, spans: [] };
  if (line.length > LONG) return { type: "paragraph", ...plain, spans: spansOf(line) };
  const heading = HEADING.exec(line);
  if (heading) return { type: "heading", ...plain, spans: spansOf(heading[1] ?? "") };
  const quote = QUOTE.exec(line);
  if (quote) return { type: "quote", ...plain, spans: spansOf(quote[1] ?? "") };
  const item = ITEM.exec(line);
  if (item) return { type: "list", ordered: item[1] !== undefined, spans: spansOf(item[2] ?? "") };
  return { type: "paragraph", ...plain, spans: spansOf(line) };
}

/** Cuts a text into blocks: headings (`#`), lists (`-`, `1.`), quotes (`>`), paragraphs; in them `**strong**` and `*emphasis*`. */
export function blocksOf(text: string): Block[] {
  if (text.length > PASTED) return [{ type: "paragraph", lines: [[{ text, strong: false, emphasis: false }]] }];
  const blocks: Block[] = [];
  let gathered: Line[] = [];
  const close = (): void => {
    const [first] = gathered;
    const spans = gathered.map((line) => line.spans);
    if (first?.type === "list") blocks.push({ type: "list", ordered: first.ordered, items: spans });
    else if (first && first.type !== "empty") blocks.push({ type: first.type, lines: spans });
    gathered = [];
  };
  for (const raw of text.split(/\r\n|\r|\n/)) {
    const line = read(raw);
    const [first] = gathered;
    if (first && (first.type !== line.type || first.ordered !== line.ordered || line.type === "heading")) close();
    if (line.type !== "empty") gathered.push(line);
  }
  close();
  return blocks;
}

/** The text without its signs, for a line of a list. At most `length` characters of it are looked at. */
export function plainOf(text: string, length: number): string {
  return blocksOf(text.slice(0, length))
    .flatMap((block) => (block.type === "list" ? block.items : block.lines))
    .map((spans) => spans.map((span) => span.text).join(""))
    .join("\n");
}
