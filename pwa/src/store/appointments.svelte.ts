import { type Api, ApiProblem, type Schemas } from "../api/client";
import { type AppointmentContent, newId, type ReadinessContent, type RegimenContent } from "../protocol";
import { isOpen } from "./appointmentStates";
import type { Arranging } from "./arranging";
import type { CareDesk } from "./care.svelte";
import { commentThreads } from "./comments";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import type {
  Appointment,
  AppointmentAnswer,
  AppointmentChange,
  AppointmentDetails,
  AppointmentOutcome,
  AppointmentState,
  Appointments,
  CalendarFeeds,
  CalendarWording,
  OwnRegimen,
  RegimenSession,
  WantedAppointment,
} from "./interface";
import { later } from "./later";
import type { OwnRecord } from "./opening";
import { type Outbox, withoutReaders } from "./outbox";
import { asStoreError } from "./problems";
import type { Shelf } from "./shelf.svelte";

export type View = Schemas["AppointmentView"];

/** The list as the server gave it, with its tag. */
interface Seen {
  readonly tag: string;
  readonly list: readonly View[];
  /** Where this device had those that were moved and aren't answered since, by id: wall times. */
  readonly moved?: Readonly<Record<string, string>>;
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

interface Details {
  readonly owner: string;
  readonly content: AppointmentContent;
}

type Readiness = OwnRecord & { readonly content: ReadinessContent };

/** Sessions in the calendar: the list in plain, what the therapist says of each sealed, answers that wait. */
export class AppointmentDesk implements Appointments {
  #seen = $state.raw<Seen | undefined>(undefined);
  #answers = $state.raw<PendingAnswers>({});
  readonly #arranging = later(async () => {
    const { Arranging } = await import("./arranging");
    return new Arranging(this.shelf, this.api, this.outbox, this.care, this, this.kick);
  });

  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly environment: Environment,
    private readonly kick: () => void,
  ) {}

  readonly #threads = $derived.by(() => commentThreads(this.shelf));

  /** The sealed details, by the record that holds them. */
  readonly #details = $derived.by(() => {
    const details = new Map<string, Details>();
    const account = this.shelf.here?.account ?? "";
    for (const { id, content } of this.shelf.mine<AppointmentContent>("appointment")) {
      details.set(id, { owner: account, content });
    }
    for (const { row, content } of this.shelf.theirs<AppointmentContent>("appointment")) {
      details.set(row.id, { owner: row.owner, content });
    }
    return details;
  });

  /** The records that say what is done, by appointment: as a rule one, two where two devices began at once. */
  readonly #readiness = $derived.by(() => {
    const readiness = new Map<string, Readiness[]>();
    for (const record of this.shelf.mine<ReadinessContent>("readiness").sort((a, b) => (a.id < b.id ? -1 : 1))) {
      const { appointment } = record.content;
      readiness.set(appointment, [...(readiness.get(appointment) ?? []), record]);
    }
    return readiness;
  });

  readonly list: readonly Appointment[] = $derived.by(() =>
    (this.#seen?.list ?? [])
      .map((view) => this.#view(view))
      .sort((a, b) => Date.parse(a.startsAt) - Date.parse(b.startsAt) || (a.id < b.id ? -1 : 1)),
  );

  readonly regimens: readonly OwnRegimen[] = $derived.by(() =>
    this.shelf
      .mine<RegimenContent>("regimen")
      .map(({ id, content }) => ({ id, name: content.name, sessions: content.sessions }))
      .sort((a, b) => a.name.localeCompare(b.name)),
  );

  /** What a screen in sight shows a minute late is no harm: the list is looked at anew with each round. */
  get ahead(): readonly Appointment[] {
    const now = this.environment.now();
    return this.list.filter(
      (appointment) => isOpen(appointment) && Date.parse(appointment.startsAt) + appointment.minutes * 60_000 > now,
    );
  }

  get complete(): boolean {
    return this.#seen !== undefined;
  }

  get plansReviewed(): readonly string[] {
    return this.care.settings?.content.plans_reviewed ?? [];
  }

  appointment(id: string): Appointment | undefined {
    return this.list.find((appointment) => appointment.id === id);
  }

  /** The appointments as the server has them. */
  get views(): readonly View[] {
    return this.#seen?.list ?? [];
  }

  #view(view: View): Appointment {
    const { id, kind, starts, zone, minutes } = view;
    const account = this.shelf.here?.role === "therapist" ? view.patient : view.therapist;
    const pending = this.#answers[id];
    const moved = this.#seen?.moved?.[id];
    // Written by the therapist of this appointment and naming it, or it isn't about it.
    const details = this.#details.get(view.details ?? "");
    const sealed = details?.owner === view.therapist && details.content.appointment === id ? details : undefined;
    const record = sealed && (view.details ?? undefined);
    return {
      id,
      kind,
      starts,
      zone,
      startsAt: view.starts_at,
      minutes,
      state: pending ? ANSWERED[pending.answer] : view.state,
      waiting: pending !== undefined,
      movedFrom: pending ? undefined : moved,
      series: view.series ?? undefined,
      account,
      name: this.shelf.pins.get(account)?.content.name ?? "",
      details: sealed ? detailsIn(sealed.content) : {},
      done: [...new Set((this.#readiness.get(id) ?? []).flatMap(({ content }) => content.done))],
      record,
      comments: this.#threads.get(record ?? "") ?? [],
    };
  }

  /** An appointment as the server has it; throws `unknown`. */
  require(id: string): View {
    const view = this.views.find((other) => other.id === id);
    if (!view) throw new StoreError("unknown");
    return view;
  }

  async answer(id: string, answer: AppointmentAnswer): Promise<void> {
    const { version } = this.require(id);
    await this.#keepAnswer(id, { version, answer });
    this.kick();
  }

  async tick(id: string, step: string, done: boolean): Promise<void> {
    this.shelf.requireKeys();
    this.require(id);
    const ticked = (this.appointment(id)?.done ?? []).filter((other) => other !== step);
    const [kept, ...others] = this.#readiness.get(id) ?? [];
    const content = kept ? withoutReaders(kept.content) : { kind: "readiness", v: 1, appointment: id };
    await this.outbox.save({
      record: kept?.id ?? newId(),
      content: { ...content, done: done ? [...ticked, step] : ticked },
      readers: [],
    });
    // All that they say is in the one that stays.
    for (const other of others) await this.outbox.delete(other.id, 0, other);
    this.kick();
  }

  book(patient: string, wanted: readonly WantedAppointment[]): Promise<void> {
    return this.#arrange((arranging) => arranging.book(patient, wanted));
  }

  move(id: string, starts: string, minutes: number, rest: boolean): Promise<void> {
    return this.#arrange((arranging) => arranging.move(id, starts, minutes, rest));
  }

  settle(id: string, outcome: AppointmentOutcome, reason = ""): Promise<void> {
    return this.#arrange((arranging) => arranging.settle(id, outcome, reason));
  }

  describe(id: string, details: AppointmentDetails): Promise<void> {
    return this.#arrange((arranging) => arranging.describe(id, details));
  }

  history(id: string): Promise<readonly AppointmentChange[]> {
    return this.#arrange((arranging) => arranging.history(id));
  }

  keepRegimen(name: string, sessions: readonly RegimenSession[]): Promise<void> {
    return this.#arrange((arranging) => arranging.keepRegimen(name, sessions));
  }

  deleteRegimen(id: string): Promise<void> {
    return this.#arrange((arranging) => arranging.deleteRegimen(id));
  }

  markPlanReviewed(series: string): Promise<void> {
    return this.#arrange((arranging) => arranging.markPlanReviewed(series));
  }

  calendarFile(id: string): string {
    return this.api.appointmentFile(id);
  }

  readonly feed: CalendarFeeds = {
    show: () => this.#arrange((arranging) => arranging.feed()),
    make: (wording: CalendarWording) => this.#arrange((arranging) => arranging.makeFeed(wording)),
    reword: (wording: CalendarWording) => this.#arrange((arranging) => arranging.rewordFeed(wording)),
    end: () => this.#arrange((arranging) => arranging.endFeed()),
  };

  async #arrange<T>(work: (arranging: Arranging) => Promise<T>): Promise<T> {
    try {
      return await work(await this.#arranging());
    } catch (error) {
      throw asStoreError(error);
    }
  }

  /** Puts appointments into the list as the server has just given them; the next round fetches it whole. */
  take(views: readonly View[]): void {
    const list = [...this.views.filter(({ id }) => !views.some((view) => view.id === id)), ...views];
    // Under no tag: what was fetched under the last one is another list.
    this.#seen = { tag: "", list, moved: movedIn(this.#seen, list) };
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
    const listed = await this.api.appointments(this.#seen?.tag || undefined);
    if (!listed) return;
    const { tag, content: list } = listed;
    const seen: Seen = { tag, list, moved: movedIn(this.#seen, list) };
    await this.shelf.database.write(["care"], "relaxed", (transaction) =>
      transaction.put("care", seen, "appointments"),
    );
    this.#seen = seen;
  }

  async #sendAnswer(id: string, pending: PendingAnswer): Promise<void> {
    try {
      this.take([await this.api.answerAppointment(id, pending)]);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status === 401 || error.status === 429) throw error;
      // Moved, cancelled or begun since: the list shows it, and asks again where there is something to ask.
      if (isView(error.current)) this.take([error.current]);
    }
    await this.#keepAnswer(id, undefined, pending);
  }
}

/** Where the moved ones of a list were when this device saw them last; of those moved twice, where they were first. */
function movedIn(before: Seen | undefined, list: readonly View[]): Record<string, string> {
  const moved: Record<string, string> = {};
  for (const { id, starts, state } of list) {
    const known = before?.moved?.[id] ?? before?.list.find((view) => view.id === id)?.starts;
    if (known && known !== starts && state === "proposed") moved[id] = known;
  }
  return moved;
}

function detailsIn({ place, link, bring, mind, reason, steps }: AppointmentContent): AppointmentDetails {
  const said = Object.entries({ place, link, bring, mind, reason }).filter(([, value]) => value !== undefined);
  return {
    ...Object.fromEntries(said),
    ...(steps && {
      steps: steps.map(({ id, text, at }) => ({
        id,
        text,
        ...(at && { at: { daysBefore: at.days_before, time: at.time } }),
      })),
    }),
  };
}

/** Whether what a refusal carries is an appointment. */
export const isView = (value: unknown): value is View =>
  typeof value === "object" && value !== null && "starts_at" in value && "version" in value;
