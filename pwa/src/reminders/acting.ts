/** What a person says on a notice or on its page, and what the server makes of it. */

/** What a notice offers besides opening the app. */
export type NoticeAction = "confirm" | "snooze";
/** What came of it. `too-late`: the appointment isn't any more what the notice was about. `not-sent`: nothing is known. */
export type Acted = "confirmed" | "snoozed" | "too-late" | "not-sent";

/** Sends a body to an address of ours; rejects where there is no connection. */
export type Post = (path: string, body: Readonly<Record<string, string>>) => Promise<Response>;

const DONE: Record<NoticeAction, Acted> = { confirm: "confirmed", snooze: "snoozed" };
const REFUSED: ReadonlySet<number> = new Set([404, 409]);

/**
 * Posts without credentials: the token in the body is all that is asked for. It goes out also when what sent it ends, and no
 * cache and no other server answers.
 */
export const post: Post = (path, body) =>
  fetch(path, {
    method: "POST",
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
    credentials: "omit",
    cache: "no-store",
    redirect: "error",
    keepalive: true,
  });

/** Does what somebody says on the notice of this token. Never rejects; done a second time it is the same. */
export async function act(token: string, action: NoticeAction, send: Post = post): Promise<Acted> {
  try {
    const { ok, status, headers } = await send("/api/notices/actions", { token, action });
    // A captive portal says 200 to anything; only our server names its database.
    if (!headers.has("aftertide-incarnation")) return "not-sent";
    if (ok) return DONE[action];
    return REFUSED.has(status) ? "too-late" : "not-sent";
  } catch {
    return "not-sent";
  }
}
