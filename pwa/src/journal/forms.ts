/** The forms of an entry, in words. */

import { say } from "../messages/language.svelte";

/** The form in the reader's language; a form that this version doesn't know keeps its own name. */
export function formOf(form: string): string {
  const names: Readonly<Record<string, string>> = say().forms;
  return names[form] ?? form;
}
