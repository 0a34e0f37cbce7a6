/**
 * The server's API, typed by its OpenAPI schema (`schema.ts`, made by `npm run api`). An answer counts only when it
 * comes from our server: it carries the database's incarnation, and an error is an RFC 9457 problem of ours. Whatever a
 * proxy, a captive portal or an old cache says instead is {@link NoAnswer}, as if there were no network.
 */
import createClient from "openapi-fetch";
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

/** Where the API is and how to reach it; `fetch` and `origin` differ in tests only. */
export interface ApiOptions {
  readonly origin: string;
  readonly fetch: (request: Request) => Promise<Response>;
  /** Told with each answer which database it comes from. */
  readonly onIncarnation?: (incarnation: string) => void;
}

export type Api = ReturnType<typeof createApi>;

/** Everything the app asks the server. Each call rejects with {@link ApiProblem} or {@link NoAnswer}. */
export function createApi(options: ApiOptions) {
  async function reach(request: Request): Promise<Response> {
    let response: Response;
    try {
      response = await options.fetch(request);
    } catch {
      throw new NoAnswer("no connection");
    }
    const incarnation = response.headers.get(INCARNATION);
    if (!incarnation) throw new NoAnswer("an answer that isn't our server's");
    if (!response.ok) throw await refusal(response);
    options.onIncarnation?.(incarnation);
    return response;
  }

  const client = createClient<paths>({
    baseUrl: options.origin,
    fetch: reach,
    credentials: "same-origin",
    cache: "no-store",
    redirect: "error",
  });

  async function answer<T>(call: Promise<{ data?: T | undefined }>): Promise<T> {
    let data: T | undefined;
    try {
      ({ data } = await call);
    } catch (error) {
      if (error instanceof ApiProblem || error instanceof NoAnswer) throw error;
      throw new NoAnswer("an answer that can't be read");
    }
    if (data === undefined) throw new NoAnswer("an empty answer");
    return data;
  }

  async function done(call: Promise<unknown>): Promise<void> {
    try {
      await call;
    } catch (error) {
      if (error instanceof ApiProblem || error instanceof NoAnswer) throw error;
      throw new NoAnswer("an answer that can't be read");
    }
  }

  return {
    salt: (email: string) => answer(client.POST("/api/salt", { body: { email } })),
    signIn: (body: Schemas["SignIn"]) => answer(client.POST("/api/sign-in", { body })),
    signOut: () => done(client.POST("/api/sign-out")),
    account: () => answer(client.GET("/api/account")),
    prove: (body: Schemas["Proof"]) => done(client.POST("/api/account/proof", { body })),
    setPreferences: (body: Schemas["Preferences"]) => done(client.PUT("/api/account/preferences", { body })),
    setPointer: (pointer: "settings" | "ledger", record: string) =>
      done(client.PUT("/api/account/pointers/{pointer}", { params: { path: { pointer } }, body: { record } })),
    replaceSlot: (method: "passphrase" | "recovery", slot: Schemas["NewSlot"]) =>
      done(client.PUT("/api/account/slots/{method}", { params: { path: { method } }, body: { slot } })),
    devices: () => answer(client.GET("/api/devices")),
    endDevice: (device: string) => done(client.DELETE("/api/devices/{device}", { params: { path: { device } } })),
    erase: () => done(client.POST("/api/account/erase")),

    openFirstLink: (token: string) => answer(client.POST("/api/begin/open", { body: { token } })),
    begin: (body: Schemas["Begin"]) => answer(client.POST("/api/begin", { body })),
    openInvitation: (invitation: string, redeem: string) =>
      answer(client.POST("/api/invitations/{invitation}/open", { params: { path: { invitation } }, body: { redeem } })),
    join: (invitation: string, body: Schemas["Join"]) =>
      answer(client.POST("/api/invitations/{invitation}/join", { params: { path: { invitation } }, body })),
    answerInvitation: (invitation: string, body: Schemas["Answer"]) =>
      done(client.POST("/api/invitations/{invitation}/answer", { params: { path: { invitation } }, body })),
    invite: (body: Schemas["NewInvitation"]) => done(client.POST("/api/invitations", { body })),
    invitations: () => answer(client.GET("/api/invitations")),
    withdrawInvitation: (invitation: string) =>
      done(client.DELETE("/api/invitations/{invitation}", { params: { path: { invitation } } })),
    practices: () => answer(client.GET("/api/practices")),
    relations: () => answer(client.GET("/api/relations")),
    endRelation: (account: string) =>
      done(client.POST("/api/relations/{account}/end", { params: { path: { account } }, body: { now: false } })),

    changes: (after: number) => answer(client.GET("/api/changes", { params: { query: { after } } })),
    record: (record: string) => answer(client.GET("/api/records/{record}", { params: { path: { record } } })),
    history: (record: string) => answer(client.GET("/api/records/{record}/history", { params: { path: { record } } })),
    markRead: (record: string, revision: number) =>
      done(client.POST("/api/records/{record}/read", { params: { path: { record } }, body: { revision } })),
    markReviewed: (record: string, revision: number | null) =>
      done(client.PUT("/api/records/{record}/reviewed", { params: { path: { record } }, body: { revision } })),
    /** Sends stored bytes as they are: a save or a tombstone that was sealed before. */
    sendSealed: async (path: string, body: string): Promise<void> => {
      await reach(
        new Request(`${options.origin}${path}`, {
          method: "PUT",
          body,
          headers: { "content-type": "application/json" },
          credentials: "same-origin",
          cache: "no-store",
          redirect: "error",
        }),
      );
    },
    /** Address of the event stream, which only says "something changed". */
    stream: `${options.origin}/api/stream`,
  };
}
