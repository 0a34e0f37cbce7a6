/**
 * Notices on the lock screen: shown whatever comes, said to be shown, and what a tap does. The worker around it holds no
 * keys and reads no records.
 */
import { notices as english } from "../messages/en/notices";
import { notices as spanish } from "../messages/es/notices";
import { type Acted, act, type NoticeAction, type Post } from "./acting";

/** What a notice carries through a tap. */
export interface NoticeData {
  /** Stands for one reminder. Without one a tap opens the app. */
  readonly token?: string;
  /** What it is about (`Kind` in `server/reminders/structs.py`). */
  readonly kind?: string;
}

/** A notice as it is shown: the Notifications API's own words, with what TypeScript doesn't know yet. */
export interface NoticeOptions extends NotificationOptions {
  readonly actions?: readonly { readonly action: string; readonly title: string }[];
  readonly renotify?: boolean;
  readonly data: NoticeData;
}

/** A notice somebody tapped. */
export interface TappedNotice {
  readonly title: string;
  readonly lang: string;
  readonly tag: string;
  readonly data: unknown;
  close(): void;
}

/** What arrived: a body to read, or the notification that the browser has read itself (a `mutable` declarative push). */
export interface ArrivedPush {
  readonly data?: { json(): unknown } | null;
  readonly notification?: unknown;
}

/** The service worker around it; tests bring their own. */
export interface NoticeWorker {
  show(title: string, options: NoticeOptions): Promise<void>;
  readonly post: Post;
  /** Brings a window of ours to the front. False where none is open. */
  focus(): Promise<boolean>;
  open(path: string): Promise<void>;
  readonly language: string;
  /** Notices have buttons here. Where they don't (all of iOS), a tap opens the page that has them. */
  readonly buttons: boolean;
}

/** The page with the same actions, for phones whose notices have no buttons. The token never reaches the server in an address. */
const pageOf = (token: string): string => `/notice#${token}`;

/** What is about an appointment: there is something to confirm, or to be told of again. */
const TO_ANSWER: ReadonlySet<string> = new Set(["session", "step", "change", "snoozed"]);

const LOOK = { icon: "/icons/icon-192.png", badge: "/icons/monochrome-512.png" };
/** 32 bytes, base64url. */
const TOKEN = /^[\w-]{43}$/;

const languageOf = (locale: string): "en" | "es" => (locale.toLowerCase().split("-")[0] === "es" ? "es" : "en");
const wordsIn = (locale: string) => (languageOf(locale) === "es" ? spanish : english).notices;

/**
 * Shows a push, then tells the server that it was shown. A push is always shown: three that aren't end a subscription on
 * iOS, silently. Rejects only when the browser refuses to show it; then nobody is told that it did.
 */
export async function receive(push: ArrivedPush, worker: NoticeWorker): Promise<void> {
  const { title, options } = noticeIn(push) ?? unreadable(worker.language);
  await worker.show(title, options);
  const { token } = options.data;
  // Without a receipt an e-mail follows where one may go: the notice stays.
  if (token) await worker.post("/api/notices/receipts", { token }).catch(() => undefined);
}

/** Does what a tap on a notice or on one of its buttons asks for, without opening the app where it needn't. */
export async function tapped(notice: TappedNotice, action: string, worker: NoticeWorker): Promise<void> {
  notice.close();
  const token = tokenIn(notice.data);
  if (token && isAction(action)) await say(await act(token, action, worker.post), notice, worker);
  else if (token && isToAnswer(notice.data)) {
    if (!(worker.buttons && (await worker.focus()))) await worker.open(pageOf(token));
  } else if (!(await worker.focus()))
    await worker.open(textOf(notice.data, "kind") === "sign-in" ? "/you/devices" : "/");
}

/** Says under the notice's own tag what came of it: silently, since somebody is looking. */
async function say(acted: Acted, notice: TappedNotice, worker: NoticeWorker): Promise<void> {
  await worker.show(notice.title, {
    ...LOOK,
    body: wordsIn(notice.lang || worker.language)[acted],
    lang: notice.lang,
    tag: notice.tag,
    silent: true,
    // What didn't go out is a tap away from being said again.
    data: acted === "not-sent" ? dataIn(notice.data) : {},
  });
}

const isToAnswer = (data: unknown): boolean => TO_ANSWER.has(textOf(data, "kind"));
const isAction = (action: string): action is NoticeAction => action === "confirm" || action === "snooze";

function noticeIn(push: ArrivedPush): { title: string; options: NoticeOptions } | undefined {
  const said = push.data ? memberOf(read(push.data), "notification") : push.notification;
  const title = textOf(said, "title");
  if (!title) return undefined;
  const tag = textOf(said, "tag");
  const options: NoticeOptions = {
    ...LOOK,
    body: textOf(said, "body"),
    lang: textOf(said, "lang"),
    tag,
    // Another reminder of the same session takes the place of the one before, and is heard.
    renotify: tag !== "",
    actions: actionsIn(memberOf(said, "actions")),
    data: dataIn(memberOf(said, "data")),
  };
  return { title, options };
}

function unreadable(language: string): { title: string; options: NoticeOptions } {
  const { title, unreadable: body } = wordsIn(language);
  return { title, options: { ...LOOK, body, lang: languageOf(language), tag: "unreadable", data: {} } };
}

function read(data: { json(): unknown }): unknown {
  try {
    return data.json();
  } catch {
    return undefined;
  }
}

function memberOf(of: unknown, name: string): unknown {
  return typeof of === "object" && of !== null ? (of as Readonly<Record<string, unknown>>)[name] : undefined;
}

function textOf(of: unknown, name: string): string {
  const text = memberOf(of, name);
  return typeof text === "string" ? text : "";
}

function tokenIn(data: unknown): string | undefined {
  const token = textOf(data, "token");
  return TOKEN.test(token) ? token : undefined;
}

function dataIn(said: unknown): NoticeData {
  const token = tokenIn(said);
  return token ? { token, kind: textOf(said, "kind") } : {};
}

function actionsIn(said: unknown): { action: string; title: string }[] {
  if (!Array.isArray(said)) return [];
  return said
    .map((one: unknown) => ({ action: textOf(one, "action"), title: textOf(one, "title") }))
    .filter(({ action, title }) => action !== "" && title !== "");
}
