/** Which of the things that a device refused speak against the server, and which only tell what became of one's words. */

import type { Fault } from "../store";

const TIDINGS: ReadonlySet<Fault["kind"]> = new Set([
  "kept-after-deletion",
  "back-after-deletion",
  "share-refused",
  "key-changed",
]);

/** Nobody did wrong: the person is told, and that is all. Of new keys a notice of its own tells, with what to do. */
export const isTidings = (fault: Fault): boolean => TIDINGS.has(fault.kind);
