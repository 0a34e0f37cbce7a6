import type { Schemas } from "../../src/api/client";
import { Refusal } from "./refusal";

type View = Schemas["AppointmentView"];

/** Appointments as the server keeps them, for what the store does with them; every zone is UTC here. */
export class FakeAppointments {
  readonly views = new Map<string, View>();
  /** The version that the last move made. */
  readonly #moved = new Map<string, number>();

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
      return view;
    });
  }

  move({ moves }: Schemas["Moves"]): View[] {
    for (const { id, version } of moves) this.#require(id, (view) => view.version === version);
    return moves.map(({ id, starts, zone, minutes, version }) => {
      this.#moved.set(id, version + 1);
      return this.#change(id, { starts, zone, minutes, starts_at: `${starts}:00Z`, state: "proposed" });
    });
  }

  answer(id: string, { version, answer }: Schemas["PatientsAnswer"]): View {
    this.#require(id, (view) => version >= (this.#moved.get(id) ?? 1) && view.state !== "cancelled");
    return this.#change(id, { state: answer === "confirm" ? "confirmed" : "change-requested" });
  }

  settle(id: string, { version, outcome }: Schemas["Outcome"]): View {
    this.#require(id, (view) => view.version === version);
    return this.#change(id, { state: outcome === "reopened" ? "proposed" : outcome });
  }

  #require(id: string, fits: (view: View) => boolean): void {
    const view = this.views.get(id);
    if (!view) throw new Refusal(404, "not-found");
    if (!fits(view)) throw new Refusal(409, "stale", view);
  }

  #change(id: string, changed: Partial<View>): View {
    const before = this.views.get(id);
    if (!before) throw new Refusal(404, "not-found");
    const view = { ...before, ...changed, version: before.version + 1 };
    this.views.set(id, view);
    return view;
  }
}
