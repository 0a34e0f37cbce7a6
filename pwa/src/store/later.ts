import { NoAnswer } from "../api/client";

/**
 * Code that the journal shows without: fetched once, when it is first needed. What it gives rejects with {@link NoAnswer}
 * where the code can't be fetched, and tries again with the next call.
 */
export function later<T>(fetch: () => Promise<T>): () => Promise<T> {
  let fetched: Promise<T> | undefined;
  return () => {
    fetched ??= fetch().catch((cause: unknown) => {
      fetched = undefined;
      throw new NoAnswer("code that can't be fetched", { cause });
    });
    return fetched;
  };
}
