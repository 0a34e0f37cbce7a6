/** What somebody types must be on the device before the page goes. */

type Settle = () => Promise<void>;
const screens = new Set<Settle>();

/** A screen that keeps what is typed on it says how to wait until all of it is kept; gives the way to take that back. */
export function whenSettling(settle: Settle): () => void {
  screens.add(settle);
  return () => screens.delete(settle);
}

/** Resolves once all that is typed is kept. Rejects with a {@link StoreError} `storage` when the browser refuses. */
export async function settle(): Promise<void> {
  await Promise.all([...screens].map((wait) => wait()));
}

/** Whether words stand in a field of a screen that keeps none: they would go with the page. */
export function wordsAreLoose(): boolean {
  if (screens.size > 0) return false;
  const fields = document.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(
    "textarea, input:not([type=checkbox], [type=radio], [type=range], [readonly])",
  );
  return [...fields].some((field) => field.value.trim() !== "");
}
