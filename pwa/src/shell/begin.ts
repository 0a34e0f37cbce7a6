/** Begins what the app needs besides its screens: loaded after the first paint. */

import { speech } from "../messages/language.svelte";
import { watching } from "../reminders/watching.svelte";
import { connected } from "./connected";
import { installing } from "./installing.svelte";
import { manifestFollowsLanguage } from "./manifest.svelte";
import { notKept } from "./notKept.svelte";
import { register } from "./registration";
import ShellNotices from "./ShellNotices.svelte";
import { shell } from "./shell.svelte";
import { storage } from "./storage.svelte";
import { updates } from "./updates.svelte";

/** Call it once. */
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
  await Promise.all([storage.look(), connected(() => speech.fetchMore())]);
  shell.Notices = ShellNotices;
}
