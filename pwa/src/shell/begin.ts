/** Begins what the app needs besides its screens: loaded after the first paint. */

import { speech } from "../messages/language.svelte";
import { watching } from "../reminders/watching.svelte";
import { installing } from "./installing.svelte";
import { manifestFollowsLanguage } from "./manifest.svelte";
import { notKept } from "./notKept.svelte";
import { register } from "./registration";
import ShellNotices from "./ShellNotices.svelte";
import { shell } from "./shell.svelte";
import { storage } from "./storage.svelte";
import { updates } from "./updates.svelte";

/** Call it once. Rejects when the words of its notices can't be fetched; the worker is registered all the same. */
export async function beginShell(): Promise<void> {
  // Not awaited: a browser may take long over it, and what is to be said above the screens has nothing to do with it.
  void register().then((registration) => {
    if (registration) updates.watch(registration);
  });
  notKept.take();
  installing.watch();
  storage.watch();
  manifestFollowsLanguage();
  watching.begin();
  await Promise.all([storage.look(), speech.fetchMore()]);
  shell.Notices = ShellNotices;
}
