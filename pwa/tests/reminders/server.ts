/** A server that answers what reminders ask of it, and a browser that takes pushes or doesn't. */
import { type Api, createApi, type Schemas } from "../../src/api/client";
import type { Environment } from "../../src/store/environment";
import type { HeldSubscription, PushBrowser } from "../../src/store/pushBrowser";
import { ReminderDesk } from "../../src/store/reminders.svelte";

export const SETTINGS: Schemas["ReminderSettings"] = {
  version: 1,
  quiet: { start: "22:00", to: "08:00" },
  wording: "discreet",
  buttons: true,
  days_off: 0,
  rules: [
    { id: "00000000-0000-4000-8000-000000000001", kind: "session", days: 1, clock: "18:00" },
    { id: "00000000-0000-4000-8000-000000000002", kind: "session", minutes: 120 },
    { id: "00000000-0000-4000-8000-000000000003", kind: "change" },
  ],
};

type Answer = { status: number; body?: unknown };

/** Answers by "METHOD /path"; notes what it was asked. */
export class Answering {
  readonly asked: string[] = [];
  readonly sent: unknown[] = [];
  away = false;
  key = "server-key";
  kept: Schemas["SubscriptionView"] | null = null;
  /** How subscriptions stand once they are kept, one after the other. */
  stands: Schemas["SubscriptionView"]["state"][] = [];
  answers: Record<string, (body: unknown) => Answer> = {};

  readonly fetch = async (request: Request): Promise<Response> => {
    const what = `${request.method} ${new URL(request.url).pathname}`;
    this.asked.push(what);
    if (this.away) throw new TypeError("no connection");
    const text = await request.text();
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    if (body !== undefined) this.sent.push(body);
    const { status, body: answer } = this.#answer(what, body);
    return new Response(answer === undefined ? null : JSON.stringify(answer), {
      status,
      headers: {
        "content-type": status >= 400 ? "application/problem+json" : "application/json",
        "aftertide-incarnation": "one",
      },
    });
  };

  #answer(what: string, body: unknown): Answer {
    const own = this.answers[what];
    if (own) return own(body);
    switch (what) {
      case "GET /api/push/key":
        return { status: 200, body: { key: this.key } };
      case "GET /api/push/subscription":
        return { status: 200, body: { subscription: this.kept } };
      case "PUT /api/push/subscription":
        this.kept = {
          state: this.stands.shift() ?? "works",
          why: null,
          since: "2026-11-25T10:00:00Z",
          last_shown: null,
        };
        return { status: 200, body: this.kept };
      case "DELETE /api/push/subscription":
        this.kept = null;
        return { status: 204 };
      case "GET /api/push/devices":
        return { status: 200, body: [] };
      case "GET /api/reminders/settings":
        return { status: 200, body: SETTINGS };
      case "GET /api/mail":
        return { status: 200, body: mail() };
      case "GET /api/account":
        return { status: 200, body: { locale: "es-ES", time_zone: "Europe/Madrid" } };
      default:
        throw new Error(`nobody said what to answer to ${what}`);
    }
  }
}

/** Mail as it stands, with what differs. */
export const mail = (over: Partial<Schemas["MailView"]> = {}): Schemas["MailView"] => ({
  available: true,
  email: "ana@example.org",
  confirmed: null,
  wanted: false,
  stopped: null,
  refused: null,
  ...over,
});

/** A problem as the server words it. */
export const problem = (status: number, code: string, current?: unknown): Answer => ({
  status,
  body: { type: `/problems/${code}`, status, current },
});

/** A browser, with what it has subscribed. */
export class Browser implements PushBrowser {
  can: "able" | "install-first" | "unable" = "able";
  allowed: NotificationPermission = "granted";
  /** What the person says when they are asked. */
  says: NotificationPermission = "granted";
  subscription: HeldSubscription | undefined;
  /** The browser gives no subscription. */
  gives = true;
  made = 0;
  asked = 0;

  ability = async () => this.can;
  permission = () => this.allowed;
  ask = async () => {
    this.asked += 1;
    this.allowed = this.says;
    return this.allowed;
  };
  held = async () => this.subscription;
  subscribe = async (serverKey: string) => {
    if (!this.gives) throw new DOMException("no push service", "AbortError");
    this.made += 1;
    this.subscription = { endpoint: `https://push.example/${this.made}`, p256dh: "p", auth: "a", serverKey };
    return this.subscription;
  };
  unsubscribe = async () => {
    this.subscription = undefined;
  };
}

/** Somebody's reminders, with the server and the browser behind them and a clock to wind. */
export function desk(zone = "Europe/Madrid") {
  const server = new Answering();
  const browser = new Browser();
  const api: Api = createApi({ origin: "https://tide.example", fetch: server.fetch });
  const clock = { now: 0, later: [] as { at: number; work: () => void }[] };
  const environment = {
    now: () => clock.now,
    after: (milliseconds: number, work: () => void) => {
      clock.later.push({ at: clock.now + milliseconds, work });
      return () => undefined;
    },
    timeZone: zone,
  } satisfies Partial<Environment>;
  const reminders = new ReminderDesk(api, environment as unknown as Environment, browser);
  const wind = async (milliseconds: number): Promise<void> => {
    clock.now += milliseconds;
    const due = clock.later.filter(({ at }) => at <= clock.now);
    clock.later = clock.later.filter(({ at }) => at > clock.now);
    for (const { work } of due) work();
    // What was asked for is answered in a few turns of the loop.
    await new Promise((resolve) => setTimeout(resolve));
  };
  return { server, browser, reminders, phone: reminders.phone, wind, waiting: () => clock.later.length };
}
