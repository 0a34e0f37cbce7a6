import { type Api, ApiProblem, type Schemas } from "../api/client";
import type { Appointment, Step } from "./calendar";
import type { Shelf } from "./shelf.svelte";

/** An appointment with what is to be done before it. */
export type Prepared = Pick<Appointment, "id" | "record" | "details">;

/** What the server was told, and which database it was. */
interface Told {
  readonly incarnation: string | undefined;
  /** By appointment. */
  readonly hours: Readonly<Record<string, string>>;
}

/** The hours of those steps that have one, as the server takes them: what they are stays sealed. */
export function hoursOf(steps: readonly Step[]): Schemas["Step"][] {
  return steps
    .flatMap(({ id, at }) => (at ? [{ id, days_before: at.daysBefore, clock: at.time }] : []))
    .sort((a, b) => (a.id < b.id ? -1 : 1));
}

/** Tells the server at which hours steps before sessions are due, so that it can remind of them: once, and when they change. */
export class StepHours {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
  ) {}

  /** Tells of the appointments whose sealed details are here. Rejects with what the API rejects with. */
  async tell(appointments: readonly Prepared[]): Promise<void> {
    const { here } = this.shelf;
    if (here?.role !== "patient" || !appointments.some(({ record }) => record !== undefined)) return;
    const kept = (await this.shelf.database.get("care", "step-hours")) as Told | undefined;
    // A server that was restored from a backup may have lost what it was told.
    const told = kept && kept.incarnation === here.incarnation ? { ...kept.hours } : {};
    for (const { id, record, details } of appointments) {
      if (record === undefined) continue;
      const hours = hoursOf(details.steps ?? []);
      const said = JSON.stringify(hours);
      if ((told[id] ?? "[]") === said) continue;
      try {
        await this.api.setSteps(id, hours);
      } catch (error) {
        // One that is gone meanwhile has no hours; the others have.
        if (!(error instanceof ApiProblem && error.status === 404)) throw error;
      }
      told[id] = said;
      const next: Told = { incarnation: here.incarnation, hours: { ...told } };
      await this.shelf.database.write(["care"], "relaxed", (transaction) =>
        transaction.put("care", next, "step-hours"),
      );
    }
  }
}
