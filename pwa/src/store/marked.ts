/** Where two devices changed the same words, the other one's stand in these brackets after one's own. */
export const OPEN = "⟦";
export const CLOSE = "⟧";

const MARKED = new RegExp(`${OPEN}[^${CLOSE}]*${CLOSE}`, "u");

/** Whether a text holds words of two devices that nobody has sorted out yet. */
export function isMarked(text: string): boolean {
  return MARKED.test(text);
}
