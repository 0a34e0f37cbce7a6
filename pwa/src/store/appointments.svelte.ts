import { type Api, ApiProblem, type Schemas } from "../api/client";
import { type AppointmentContent, type JsonObject, newId } from "../protocol";
import { commentThreads } from "./comments";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type {
  Appointment,
  AppointmentAnswer,
  AppointmentDetails,
  AppointmentOutcome,
  AppointmentState,
  Appointments,
  WantedAppointment,
} from "./interface";
import { type Outbox, withoutReaders } from "./outbox";
import { asStoreError } from "./problems";
import type { Shelf } from "./shelf.svelte";

type View = Schemas["AppointmentView"];

/** The list as the server gave it, with its tag. */
interface Seen {
  readonly tag: string;
  readonly list: readonly View[];
}

/** The patient's answer to the time of an appointment at a version, until the server has it. */
interface PendingAnswer {
  readonly version: number;
  readonly answer: AppointmentAnswer;
}
type PendingAnswers = Readonly<Record<string, PendingAnswer>>;

const ANSWERED: Record<AppointmentAnswer, AppointmentState> = {
  confirm: "confirmed",
  "ask-for-another-time": "change-requested",
};
const OPEN: readonly AppointmentState[] = ["proposed", "confirmed", "change-requested"];
const DAY = 86_400_000;

interface Details {
  readonly record: string;
  readonly owner: string;
  readonly content: AppointmentContent;
}

/** Sessions in the calendar: the list in plain, what the therapist says of each sealed, answers that wait. */
export class AppointmentDesk implements Appointments {
  #seen = $state.raw<Seen | undefined>(undefined);
  #answers = $state.raw<PendingAnswers>({});

  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly environment: Environment,
    private readonly kick: () => void,
  ) {}

  readonly #threads = $derived.by(() => commentThreads(this.shelf));

  /** The sealed details, by the record that holds them. */
  readonly #details = $derived.by(() => {
    const details = new Map<string, Details>();
    const account = this.shelf.here?.account ?? "";
    for (const { id, content } of this.shelf.mine<AppointmentContent>("appointment")) {
      details.set(id, { record: id, owner: account, content });
    }
    for (const { row, content } of this.shelf.theirs<AppointmentContent>("appointment")) {
      details.set(row.id, { record: row.id, owner: row.owner, content });
    }
    return details;
  });

  readonly list: readonly Appointment[] = $derived.by(() =>
    (this.#seen?.list ?? [])
      .map((view) => this.#view(view))
      .sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt) || (a.id < b.id ? -1 : 1)),
  );

  /** What a screen in sight shows a minute late is no harm: the list is looked at anew with each round. */
  get ahead(): readonly Appointment[] {
    const now = this.environment.now();
    return this.list.filter(
      ({ state, startsAt, minutes }) => OPEN.includes(state) && Date.parse(startsAt) + minutes * 60_000 > now,
    );
  }

  get complete(): boolean {
    return this.#seen !== undefined;
  }

  appointment(id: string): Appointment | undefined {
    return this.list.find((appointment) => appointment.id === id);
  }

  #view(view: View): Appointment {
    const { id, kind, starts, zone, minutes } = view;
    const account = this.shelf.here?.role === "therapist" ? view.patient : view.therapist;
    const pending = this.#answers[id];
    // Written by the therapist of this appointment and naming it, or it isn't about it.
    const details = this.#details.get(view.details ?? "");
    const sealed = details?.owner === view.therapist && details.content.appointment === id ? details : undefined;
    return {
      id,
      kind,
      starts,
      zone,
      startsAt: view.starts_at,
      minutes,
      state: pending ? ANSWERED[pending.answer] : view.state,
      waiting: pending !== undefined,
      series: view.series ?? undefined,
      account,
      name: this.shelf.pins.get(account)?.content.name ?? "",
      details: sealed ? detailsIn(sealed.content) : {},
      record: sealed?.record,
      comments: this.#threads.get(sealed?.record ?? "") ?? [],
    };
  }

  #require(id: string): View {
    const view = this.#seen?.list.find((other) => other.id === id);
    if (!view) throw new StoreError("unknown");
    return view;
  }

  async answer(id: string, answer: AppointmentAnswer): Promise<void> {
    const { version } = this.#require(id);
    await this.#keepAnswer(id, { version, answer });
    this.kick();
  }

  async book(patient: string, wanted: readonly WantedAppointment[], details: AppointmentDetails): Promise<void> {
    this.shelf.requireKeys();
    const series = wanted.length > 1 ? newId() : null;
    const booked = wanted.map((one) => ({ ...one, id: newId(), patient, series, details: newId() }));
    // Kept before it is booked: what was typed stays with the appointment whatever comes between.
    for (const one of booked) await this.#saveDetails(one.details, one.id, patient, details);
    try {
      this.#take(await this.api.bookAppointments(booked));
    } catch (error) {
      for (const one of booked) await this.outbox.delete(one.details, 0);
      throw asStoreError(error);
    }
    this.kick();
  }

  async move(id: string, starts: string, minutes: number, rest: boolean): Promise<void> {
    const first = this.#require(id);
    const days = Math.round(
      (Date.parse(`${starts.slice(0, 10)}Z`) - Date.parse(`${first.starts.slice(0, 10)}Z`)) / DAY,
    );
    const later = (view: View) =>
      rest && first.series !== null && view.series === first.series && view.starts > first.starts;
    const moved = (this.#seen?.list ?? []).filter(
      (view) => view.id === id || (later(view) && OPEN.includes(view.state)),
    );
    const moves = moved.map((view) => ({
      id: view.id,
      version: view.version,
      starts: view.id === id ? starts : `${dayAfter(view.starts, days)}T${starts.slice(11)}`,
      zone: view.zone,
      minutes,
    }));
    await this.#change(() => this.api.moveAppointments(moves));
  }

  async settle(id: string, outcome: AppointmentOutcome, reason = ""): Promise<void> {
    const view = this.#require(id);
    await this.#change(async () => [await this.api.settleAppointment(id, { version: view.version, outcome })]);
    const details = this.appointment(id)?.details;
    if (view.details && details && (details.reason ?? "") !== reason) {
      await this.#saveDetails(view.details, id, view.patient, { ...details, reason });
      this.kick();
    }
  }

  /** Does something to appointments; where the server has a newer state, that is shown at once. */
  async #change(ask: () => Promise<readonly View[]>): Promise<void> {
    try {
      this.#take(await ask());
    } catch (error) {
      if (error instanceof ApiProblem && isView(error.current)) this.#take([error.current]);
      throw asStoreError(error);
    } finally {
      this.kick();
    }
  }

  async #saveDetails(record: string, appointment: string, patient: string, details: AppointmentDetails): Promise<void> {
    const before = this.shelf.own.get(record)?.content;
    const said: JsonObject = {};
    for (const [name, value] of Object.entries(details)) if (value.trim() !== "") said[name] = value.trim();
    const kept = before ? withoutDetails(withoutReaders(before)) : {};
    await this.outbox.save({
      record,
      content: { ...kept, kind: "appointment", v: 1, appointment, ...said },
      readers: [{ account: patient, attention: 0 }],
    });
  }

  /** Puts appointments into the list as the server has just given them; the next round fetches it whole. */
  #take(views: readonly View[]): void {
    const list = [...(this.#seen?.list ?? []).filter(({ id }) => !views.some((view) => view.id === id)), ...views];
    // Under no tag: what was fetched under the last one is another list.
    this.#seen = { tag: "", list };
  }

  /** Keeps an answer until it is sent; or forgets the one that was `sent`, if no other was given meanwhile. */
  async #keepAnswer(id: string, next: PendingAnswer | undefined, sent?: PendingAnswer): Promise<void> {
    this.#answers = await this.shelf.database.write(["care"], "strict", async (transaction) => {
      // Another page of this device may have kept one, unheard.
      const current = ((await transaction.get("care", "answers")) as PendingAnswers | undefined) ?? {};
      const { [id]: before, ...others } = current;
      if (sent && (before?.version !== sent.version || before.answer !== sent.answer)) return current;
      const answers = next ? { ...others, [id]: next } : others;
      await transaction.put("care", answers, "answers");
      return answers;
    });
  }

  /** Shows the list as it was last seen, for opening without network. */
  async load(): Promise<void> {
    const { database } = this.shelf;
    const [seen, answers] = await Promise.all([database.get("care", "appointments"), database.get("care", "answers")]);
    // Written here alone.
    this.#seen = seen as Seen | undefined;
    this.#answers = (answers as PendingAnswers | undefined) ?? {};
  }

  /** Forgets the list, when nobody is here. */
  clear(): void {
    this.#seen = undefined;
    this.#answers = {};
  }

  /** Sends the answers that wait and fetches the list. Rejects with what the API rejects with. */
  async refresh(): Promise<void> {
    for (const [id, pending] of Object.entries(this.#answers)) await this.#sendAnswer(id, pending);
    const seen = await this.api.appointments(this.#seen?.tag || undefined);
    if (!seen) return;
    await this.shelf.database.write(["care"], "relaxed", (transaction) =>
      transaction.put("care", seen, "appointments"),
    );
    this.#seen = seen;
  }

  async #sendAnswer(id: string, pending: PendingAnswer): Promise<void> {
    try {
      this.#take([await this.api.answerAppointment(id, pending)]);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status === 401 || error.status === 429) throw error;
      // Moved, cancelled or begun since: the list shows it, and asks again where there is something to ask.
      if (isView(error.current)) this.#take([error.current]);
    }
    await this.#keepAnswer(id, undefined, pending);
  }
}

const DETAILS = ["place", "link", "bring", "mind", "reason"] as const;

function detailsIn(content: AppointmentContent): AppointmentDetails {
  const found: Partial<Record<(typeof DETAILS)[number], string>> = {};
  for (const name of DETAILS) if (content[name] !== undefined) found[name] = content[name];
  return found;
}

function withoutDetails(content: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !DETAILS.some((known) => known === name)));
}

const isView = (value: unknown): value is View =>
  typeof value === "object" && value !== null && "starts_at" in value && "version" in value;

/** The day so many days after a wall time's, YYYY-MM-DD. */
function dayAfter(wall: string, days: number): string {
  return new Date(Date.parse(`${wall.slice(0, 10)}T12:00:00Z`) + days * DAY).toISOString().slice(0, 10);
}
