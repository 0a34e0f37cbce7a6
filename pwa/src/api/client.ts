/**
 * The server's API, typed by its OpenAPI schema (`schema.ts`, made by `npm run api`). An answer counts only when it
 * comes from our server: it carries the database's incarnation, and an error is an RFC 9457 problem of ours. Whatever a
 * proxy, a captive portal or an old cache says instead is {@link NoAnswer}, as if there were no network.
 */
import type { components, paths } from "./schema";

/** The structs of the API. */
export type Schemas = components["schemas"];

/** Our server's refusal. */
export class ApiProblem extends Error {
  override readonly name = "ApiProblem";

  constructor(
    readonly status: number,
    /** The last part of the problem's type, as docs/api.md lists them. */
    readonly code: string,
    /** With `stale` and `deleted`: what the server has instead. */
    readonly current: unknown,
    /** With `slow-down`: seconds to wait. */
    readonly retryAfter: number | undefined,
  ) {
    super(code);
  }
}

/** No network, no server, or an answer that isn't our server's: nothing is known, try again later. */
export class NoAnswer extends Error {
  override readonly name: string = "NoAnswer";
}

/** Our server has a fault with this request: others may get through. */
export class ServerFault extends NoAnswer {
  override readonly name = "ServerFault";
}

/** Milliseconds after which a request has had no answer: a page of the feed takes so long on a bad line. */
const LONGEST = 60_000;
const INCARNATION = "aftertide-incarnation";
const PROBLEM = /^\/problems\/([a-z-]+)$/;

interface ProblemBody {
  type?: unknown;
  current?: unknown;
  retry_after?: unknown;
}

async function refusal(response: Response): Promise<ApiProblem | NoAnswer> {
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("application/problem+json")) return new NoAnswer("an error that isn't our server's");
  const body = (await response.json().catch(() => ({}))) as ProblemBody;
  const code = PROBLEM.exec(typeof body.type === "string" ? body.type : "")?.[1];
  if (!code || response.status >= 500) return new ServerFault("the server has a fault");
  const after = Number(body.retry_after ?? response.headers.get("retry-after"));
  return new ApiProblem(response.status, code, body.current, Number.isFinite(after) && after > 0 ? after : undefined);
}

type Method = "get" | "post" | "put" | "delete";
/** Addresses that take a method. */
type Address<M extends Method> = {
  [P in keyof paths]: paths[P][M] extends { responses: unknown } ? P : never;
}[keyof paths];
type Operation<M extends Method, P extends Address<M>> = paths[P][M];
type BodyOf<O> = O extends { requestBody: { content: { "application/json": infer B } } } ? B : undefined;
type AnswerOf<O> = O extends { responses: { 200: { content: { "application/json": infer A } } } } ? A : undefined;

/** What fills the address: its parts in braces by name, the rest as a query. */
type Where = Readonly<Record<string, string | number>>;

function addressOf(path: string, where: Where): string {
  const query = new URLSearchParams();
  let address = path;
  for (const [name, value] of Object.entries(where)) {
    const part = `{${name}}`;
    if (address.includes(part)) address = address.replace(part, encodeURIComponent(value));
    else query.set(name, String(value));
  }
  return query.size > 0 ? `${address}?${query}` : address;
}

/** Where the API is and how to reach it; `fetch` and `origin` differ in tests only. */
export interface ApiOptions {
  readonly origin: string;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Told with each answer which database it comes from. */
  readonly onIncarnation?: (incarnation: string) => void;
}

export type Api = ReturnType<typeof createApi>;

async function contentOf<T>(response: Response): Promise<T> {
  try {
    return (await response.json()) as T;
  } catch {
    throw new NoAnswer("an answer that can't be read");
  }
}

/** Everything the app asks the server. Each call rejects with {@link ApiProblem} or {@link NoAnswer}. */
export function createApi(options: ApiOptions) {
  async function reach(method: string, address: string, body: string | undefined, known?: string): Promise<Response> {
    const request = new Request(`${options.origin}${address}`, {
      method,
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...(known ? { "if-none-match": known } : {}),
      },
      credentials: "same-origin",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(LONGEST),
    });
    let response: Response;
    try {
      response = await options.fetch(request);
    } catch {
      throw new NoAnswer("no connection");
    }
    const incarnation = response.headers.get(INCARNATION);
    if (!incarnation) throw new NoAnswer("an answer that isn't our server's");
    options.onIncarnation?.(incarnation);
    if (!response.ok && response.status !== 304) throw await refusal(response);
    return response;
  }

  /** What an address has and its tag; undefined when it is as under the tag that is `known`. */
  async function unlessKnown<P extends Address<"get">>(
    path: P,
    known: string | undefined,
  ): Promise<{ tag: string; content: AnswerOf<Operation<"get", P>> } | undefined> {
    const response = await reach("GET", path, undefined, known);
    if (response.status === 304) return undefined;
    const content = await contentOf<AnswerOf<Operation<"get", P>>>(response);
    return { tag: response.headers.get("etag") ?? "", content };
  }

  async function call<M extends Method, P extends Address<M>>(
    method: M,
    path: P,
    where: Where = {},
    ...body: BodyOf<Operation<M, P>> extends undefined ? [] : [BodyOf<Operation<M, P>>]
  ): Promise<AnswerOf<Operation<M, P>>> {
    const sent = body.length > 0 ? JSON.stringify(body[0]) : undefined;
    const response = await reach(method.toUpperCase(), addressOf(path, where), sent);
    try {
      const text = await response.text();
      return (text === "" ? undefined : JSON.parse(text)) as AnswerOf<Operation<M, P>>;
    } catch {
      throw new NoAnswer("an answer that can't be read");
    }
  }

  return {
    salt: (email: string) => call("post", "/api/salt", {}, { email }),
    signIn: (body: Schemas["SignIn"]) => call("post", "/api/sign-in", {}, body),
    signInByPasskey: (body: Schemas["PasskeySignIn"]) => call("post", "/api/sign-in/passkey", {}, body),
    signOut: () => call("post", "/api/sign-out"),
    account: () => call("get", "/api/account"),
    prove: (body: Schemas["Proof"]) => call("post", "/api/account/proof", {}, body),
    proveByPasskey: (answer: Schemas["Assertion"]) => call("post", "/api/account/proof/passkey", {}, { answer }),
    passkeys: () => call("get", "/api/passkeys"),
    addPasskey: (body: Schemas["NewPasskey"]) => call("post", "/api/passkeys", {}, body),
    renamePasskey: (passkey: string, name: string) =>
      call("put", "/api/passkeys/{passkey}/name", { passkey }, { name }),
    removePasskey: (passkey: string) => call("delete", "/api/passkeys/{passkey}", { passkey }),
    challengeToSignUp: (account: string) => call("post", "/api/passkeys/challenges/sign-up", {}, { account }),
    challengeToSignIn: () => call("post", "/api/passkeys/challenges/sign-in"),
    challengeToProve: () => call("post", "/api/passkeys/challenges/proof"),
    challengeToRegister: () => call("post", "/api/passkeys/challenges/register"),
    setPreferences: (body: Schemas["Preferences"]) => call("put", "/api/account/preferences", {}, body),
    setPointer: (pointer: "settings" | "ledger", record: string) =>
      call("put", "/api/account/pointers/{pointer}", { pointer }, { record }),
    /** The account's key slots with their tag; undefined when they are as under the tag that is `known`. */
    slots: (known: string | undefined) => unlessKnown("/api/account/slots", known),
    replaceSlot: (method: "passphrase" | "recovery", slot: Schemas["NewSlot"]) =>
      call("put", "/api/account/slots/{method}", { method }, { slot }),
    beginRotation: (body: Schemas["NewKeys"]) => call("post", "/api/account/rotation", {}, body),
    /** What isn't made anew yet, from a record on ("" for the first). */
    toRenew: (after: string) => call("get", "/api/account/rotation/records", after ? { after } : {}),
    keepRenewed: (body: Schemas["Renewed"]) => call("put", "/api/account/rotation/records", {}, body),
    finishRotation: (body: Schemas["Finish"]) => call("post", "/api/account/rotation/finish", {}, body),
    devices: () => call("get", "/api/devices"),
    renameDevice: (device: string, name: string) => call("put", "/api/devices/{device}/name", { device }, { name }),
    endOtherDevices: () => call("delete", "/api/devices"),
    endDevice: (device: string) => call("delete", "/api/devices/{device}", { device }),
    erase: () => call("post", "/api/account/erase"),

    openFirstLink: (token: string) => call("post", "/api/begin/open", {}, { token }),
    begin: (body: Schemas["Begin"]) => call("post", "/api/begin", {}, body),
    openInvitation: (invitation: string, redeem: string) =>
      call("post", "/api/invitations/{invitation}/open", { invitation }, { redeem }),
    join: (invitation: string, body: Schemas["Join"]) =>
      call("post", "/api/invitations/{invitation}/join", { invitation }, body),
    answerInvitation: (invitation: string, body: Schemas["Answer"]) =>
      call("post", "/api/invitations/{invitation}/answer", { invitation }, body),
    invite: (body: Schemas["NewInvitation"]) => call("post", "/api/invitations", {}, body),
    invitations: () => call("get", "/api/invitations"),
    withdrawInvitation: (invitation: string) => call("delete", "/api/invitations/{invitation}", { invitation }),
    practices: () => call("get", "/api/practices"),
    relations: () => call("get", "/api/relations"),
    endRelation: (account: string, now: boolean) => call("post", "/api/relations/{account}/end", { account }, { now }),

    /** Own appointments with the tag of the list; undefined when they are as under the tag that is `known`. */
    appointments: (known: string | undefined) => unlessKnown("/api/appointments", known),
    bookAppointments: (appointments: Schemas["NewAppointment"][]) =>
      call("post", "/api/appointments", {}, { appointments }),
    moveAppointments: (moves: Schemas["Move"][]) => call("post", "/api/appointments/moves", {}, { moves }),
    answerAppointment: (appointment: string, said: Schemas["PatientsAnswer"]) =>
      call("post", "/api/appointments/{appointment}/answer", { appointment }, said),
    settleAppointment: (appointment: string, said: Schemas["Outcome"]) =>
      call("post", "/api/appointments/{appointment}/outcome", { appointment }, said),
    appointmentHistory: (appointment: string) =>
      call("get", "/api/appointments/{appointment}/history", { appointment }),
    /** Address of an appointment as a file; where it is opened the browser's own session counts. */
    appointmentFile: (appointment: string) => addressOf("/api/appointments/{appointment}/calendar", { appointment }),
    calendarFeed: () => call("get", "/api/calendar-feed"),
    makeCalendarFeed: (body: Schemas["FeedWording"]) => call("put", "/api/calendar-feed", {}, body),
    rewordCalendarFeed: (body: Schemas["FeedWording"]) => call("put", "/api/calendar-feed/wording", {}, body),
    endCalendarFeed: () => call("delete", "/api/calendar-feed"),
    /** Where a calendar reads a feed. */
    feedAddress: (token: string) => `${options.origin}/calendar/${token}.ics`,

    pushKey: () => call("get", "/api/push/key"),
    pushSubscription: () => call("get", "/api/push/subscription"),
    keepSubscription: (body: Schemas["NewSubscription"]) => call("put", "/api/push/subscription", {}, body),
    endSubscription: () => call("delete", "/api/push/subscription"),
    pushDevices: () => call("get", "/api/push/devices"),
    mail: () => call("get", "/api/mail"),
    wantMail: (wanted: boolean) => call("put", "/api/mail", {}, { wanted }),
    askForConfirmation: () => call("post", "/api/mail/confirmation"),
    confirmMail: (token: string) => call("post", "/api/mail/confirm", {}, { token }),
    stopMail: (token: string) => call("post", "/api/mail/stop", {}, { token }),
    reminderSettings: () => call("get", "/api/reminders/settings"),
    changeReminderSettings: (body: Schemas["ReminderSettings"]) => call("put", "/api/reminders/settings", {}, body),
    reminders: () => call("get", "/api/reminders"),
    reminder: (reminder: string) => call("get", "/api/reminders/{reminder}", { reminder }),
    testReminder: () => call("post", "/api/reminders/test"),
    unreachable: () => call("get", "/api/reminders/unreachable"),
    setSteps: (appointment: string, steps: Schemas["Step"][]) =>
      call("put", "/api/reminders/steps/{appointment}", { appointment }, { steps }),

    /** A page of the feed, and which database it comes from: what is asked meanwhile may be answered by another one. */
    changes: async (after: number): Promise<Schemas["Changes"] & { readonly incarnation: string }> => {
      const response = await reach("GET", `/api/changes?after=${after}`, undefined);
      const page = await contentOf<Schemas["Changes"]>(response);
      return { ...page, incarnation: response.headers.get(INCARNATION) ?? "" };
    },
    /** Undefined where the server has none, or no longer. */
    record: (record: string): Promise<Schemas["RecordView"] | undefined> =>
      call("get", "/api/records/{record}", { record }).catch((error) => {
        if (error instanceof ApiProblem && error.status === 404) return undefined;
        throw error;
      }),
    history: (record: string) => call("get", "/api/records/{record}/history", { record }),
    markRead: (record: string, revision: number) =>
      call("post", "/api/records/{record}/read", { record }, { revision }),
    markReviewed: (record: string, revision: number | null) =>
      call("put", "/api/records/{record}/reviewed", { record }, { revision }),
    /** Sends stored bytes as they are: a save or a tombstone that was sealed before. */
    sendSealed: async (path: string, body: string): Promise<Schemas["Saved"]> =>
      contentOf<Schemas["Saved"]>(await reach("PUT", path, body)),
    /** Address of the event stream, which only says "something changed". */
    stream: `${options.origin}/api/stream`,
  };
}
