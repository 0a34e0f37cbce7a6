/**
 * Text that another app shares becomes a draft, in the service worker: it reaches neither the server nor an address. The
 * device may be locked; a draft is sealed to the own public key.
 */
import { newId } from "../protocol/bytes";
import { sealDraft } from "../protocol/drafts";
import { printJson } from "../protocol/ijson";
import { emptyEntry } from "../store/contents";
import type { Here, StoredDraft } from "../store/database";
import { IndexedDatabase } from "../store/indexed";
import { pathOf } from "../ui/routes";
import { NOT_KEPT } from "./addresses";

const FIELDS = ["title", "text", "url"] as const;

/** Keeps what was shared and leads to it; or, where that can't be, to a page that says so. */
export async function keepShared(request: Request): Promise<Response> {
  const text = textOf(await request.formData());
  const database = new IndexedDatabase("aftertide");
  try {
    const here = await database.get("here", "here");
    if (!here) return Response.redirect(`/sign-in${NOT_KEPT}`, 303);
    if (here.role !== "patient") return Response.redirect(`/${NOT_KEPT}`, 303);
    if (text === "") return Response.redirect(pathOf({ name: "write" }), 303);
    const draft = await draftOf(here, text);
    await database.keep("drafts", draft);
    return Response.redirect(pathOf({ name: "write", id: draft.record ?? draft.id }), 303);
  } catch {
    return Response.redirect(`/${NOT_KEPT}`, 303);
  } finally {
    // A connection that stays open would hold up a page with a newer release.
    database.close();
  }
}

function textOf(form: FormData): string {
  return FIELDS.map((name) => form.get(name))
    .filter((value) => typeof value === "string" && value.trim() !== "")
    .join("\n");
}

async function draftOf(here: Here, text: string): Promise<StoredDraft> {
  const now = Date.now();
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  const fields = { ...emptyEntry({ now: () => now, timeZone }), text };
  const record = newId();
  const sealed = await sealDraft(here.publicKey, here.account, record, printJson(fields));
  return { id: newId(), record, changes: false, sealed, base: undefined, baseRevision: 0, at: now };
}
