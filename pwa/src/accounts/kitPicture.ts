/** A kit as a picture, to be kept among papers or photos: black on white, so that it also prints. */

const WIDTH = 1080; // px, as wide as most phones' photos are shown
const MARGIN = 80;
const LINE = 1.45;
const SERIF = "Georgia, serif";
const SANS = "system-ui, sans-serif";
const MONO = "ui-monospace, Menlo, Consolas, monospace";

interface Line {
  readonly text: string;
  readonly font: string;
  /** px */
  readonly size: number;
}

function broken(pen: CanvasRenderingContext2D, text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(" ")) {
    const last = lines.at(-1);
    const longer = last === undefined ? word : `${last} ${word}`;
    if (last !== undefined && pen.measureText(longer).width <= WIDTH - 2 * MARGIN) lines[lines.length - 1] = longer;
    else lines.push(word);
  }
  return lines;
}

/** The kit in rows of two groups, so that it stays large. */
function rowsOf(kit: string): string[] {
  const groups = kit.split("-");
  const rows: string[] = [];
  for (let at = 0; at < groups.length; at += 2) rows.push(groups.slice(at, at + 2).join("-"));
  return rows;
}

/**
 * Draws a kit: `title`, the groups, and what is to be known of it, a paragraph each. Rejects where the browser draws no
 * pictures.
 */
export async function pictureOfKit(kit: string, title: string, paragraphs: readonly string[]): Promise<Blob> {
  const canvas = document.createElement("canvas");
  canvas.width = WIDTH;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("this browser draws no pictures");
  const lines: Line[] = [
    { text: title, font: SERIF, size: 56 },
    { text: "", font: SANS, size: 28 },
  ];
  lines.push(...rowsOf(kit).map((text) => ({ text, font: MONO, size: 76 })));
  for (const paragraph of paragraphs) {
    lines.push({ text: "", font: SANS, size: 28 });
    pen.font = `36px ${SANS}`;
    lines.push(...broken(pen, paragraph).map((text) => ({ text, font: SANS, size: 36 })));
  }
  canvas.height = 2 * MARGIN + Math.ceil(lines.reduce((sum, { size }) => sum + size * LINE, 0));
  // A canvas forgets how it draws with its height.
  pen.fillStyle = "#ffffff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.fillStyle = "#000000";
  pen.textBaseline = "top";
  let top = MARGIN;
  for (const { text, font, size } of lines) {
    pen.font = `${size}px ${font}`;
    pen.fillText(text, MARGIN, top);
    top += size * LINE;
  }
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("no picture came of it"))), "image/png");
  });
}
