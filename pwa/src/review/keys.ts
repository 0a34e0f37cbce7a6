/** The keys of the reading list, the one place that says which does what. */

export const KEYS = {
  next: "J",
  previous: "K",
  reviewed: "E",
  answer: "R",
  all: "?",
} as const;

export type KeyAction = keyof typeof KEYS;

/** What a key press asks for; undefined while somebody types, holds a modifier, or has a dialog open. */
export function actionOf(event: KeyboardEvent): KeyAction | undefined {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return undefined;
  const target = event.target;
  if (target instanceof HTMLElement && target.closest("input, textarea, select, [contenteditable], dialog"))
    return undefined;
  const pressed = event.key.toUpperCase();
  for (const [action, key] of Object.entries(KEYS)) if (key === pressed) return action as KeyAction;
  return undefined;
}
