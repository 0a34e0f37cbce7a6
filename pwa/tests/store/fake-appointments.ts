import type { Schemas } from "../../src/api/client";
import { Refusal } from "./refusal";

type View = Schemas["AppointmentView"];

type Change = Schemas["AppointmentChangeView"];

/** Appointments as the server keeps them, for what the store does with them; every zone is UTC here. */
export class FakeAppointments {
  readonly views = new Map<string, View>();
  /** What happened to each, the newest first. */
  readonly #changes = new Map<string, Change[]>();
  /** The version that the last move made. */
  readonly #moved = new Map<string, number>();
  /** By account. */
  readonly #feeds = new Map<string, Schemas["CalendarFeed"]>();

  /** Does what a request asks of appointments and calendar feeds; `route` is its method and path without ids. */
  asked(route: string, caller: string, id: string, body: unknown): unknown {
    switch (route) {
      case "GET appointments":
        return this.list(caller);
      case "POST appointments":
        return id === "moves"
          ? this.move(caller, body as Schemas["Moves"])
          : this.book(caller, body as Schemas["Book"]);
      case "POST appointments answer":
        return this.answer(caller, id, body as Schemas["PatientsAnswer"]);
      case "POST appointments outcome":
        return this.settle(caller, id, body as Schemas["Outcome"]);
      case "GET appointments history":
        return this.history(id);
      case "GET calendar-feed":
        return this.feed(caller);
      case "PUT calendar-feed":
        return id === "wording"
          ? this.rewordFeed(caller, body as Schemas["FeedWording"])
          : this.makeFeed(caller, body as Schemas["FeedWording"]);
      case "DELETE calendar-feed":
        return this.endFeed(caller);
      default:
        throw new Refusal(404, "not-found");
    }
  }

  list(caller: string): View[] {
    return [...this.views.values()].filter(({ patient, therapist }) => caller === patient || caller === therapist);
  }

  book(therapist: string, { appointments }: Schemas["Book"]): View[] {
    return appointments.map((wanted) => {
      const view: View = {
        ...wanted,
        therapist,
        practice: "00000000-0000-4000-8000-000000000001",
        starts_at: `${wanted.starts}:00Z`,
        state: "proposed",
        series: wanted.series ?? null,
        details: wanted.details ?? null,
        version: 1,
        changed: new Date().toISOString(),
      };
      this.views.set(view.id, view);
      this.#note(view, therapist, "booked");
      return view;
    });
  }

  history(id: string): Change[] {
    this.#require(id, () => true);
    return this.#changes.get(id) ?? [];
  }

  feed(caller: string): Schemas["CalendarFeedView"] {
    return { feed: this.#feeds.get(caller) ?? null };
  }

  makeFeed(caller: string, { wording }: Schemas["FeedWording"]): Schemas["FeedAddress"] {
    this.#feeds.set(caller, { wording, since: new Date().toISOString(), last_read: null });
    return { token: crypto.randomUUID() };
  }

  rewordFeed(caller: string, { wording }: Schemas["FeedWording"]): undefined {
    const feed = this.#feeds.get(caller);
    if (!feed) throw new Refusal(404, "not-found");
    this.#feeds.set(caller, { ...feed, wording });
  }

  endFeed(caller: string): undefined {
    this.#feeds.delete(caller);
  }

  move(caller: string, { moves }: Schemas["Moves"]): View[] {
    for (const { id, version } of moves) this.#require(id, (view) => view.version === version);
    return moves.map(({ id, starts, zone, minutes, version }) => {
      this.#moved.set(id, version + 1);
      const moved = { starts, zone, minutes, starts_at: `${starts}:00Z`, state: "proposed" as const };
      return this.#change(id, caller, "moved", moved);
    });
  }

  answer(caller: string, id: string, { version, answer }: Schemas["PatientsAnswer"]): View {
    this.#require(id, (view) => version >= (this.#moved.get(id) ?? 1) && view.state !== "cancelled");
    const state = answer === "confirm" ? "confirmed" : "change-requested";
    return this.#change(id, caller, state, { state });
  }

  settle(caller: string, id: string, { version, outcome }: Schemas["Outcome"]): View {
    this.#require(id, (view) => view.version === version);
    return this.#change(id, caller, outcome, { state: outcome === "reopened" ? "proposed" : outcome });
  }

  #require(id: string, fits: (view: View) => boolean): void {
    const view = this.views.get(id);
    if (!view) throw new Refusal(404, "not-found");
    if (!fits(view)) throw new Refusal(409, "stale", view);
  }

  #note({ id, version, starts, zone, minutes, state }: View, by: string, what: Change["what"]): void {
    const at = new Date().toISOString();
    const change = { version, by, at, what, starts, zone, minutes, state };
    this.#changes.set(id, [change, ...(this.#changes.get(id) ?? [])]);
  }

  #change(id: string, by: string, what: Change["what"], changed: Partial<View>): View {
    const before = this.views.get(id);
    if (!before) throw new Refusal(404, "not-found");
    const view = { ...before, ...changed, version: before.version + 1 };
    this.views.set(id, view);
    this.#note(view, by, what);
    return view;
  }
}
