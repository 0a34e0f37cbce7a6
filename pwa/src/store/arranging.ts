import { type Api, ApiProblem } from "../api/client";
import { type JsonObject, newId } from "../protocol";
import { type AppointmentDesk, isView, type View } from "./appointments.svelte";
import type { CareDesk } from "./care.svelte";
import { StoreError } from "./errors";
import type {
  AppointmentChange,
  AppointmentDetails,
  AppointmentOutcome,
  CalendarFeed,
  CalendarWording,
  RegimenSession,
  WantedAppointment,
} from "./interface";
import { movesOf } from "./moving";
import { type Outbox, withoutReaders } from "./outbox";
import type { Shelf } from "./shelf.svelte";

/** What the journal shows without: booking, moving, settling, what happened, regimens, the feed for a phone's calendar. */
export class Arranging {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly care: CareDesk,
    private readonly desk: AppointmentDesk,
    private readonly kick: () => void,
  ) {}

  async book(patient: string, wanted: readonly WantedAppointment[]): Promise<void> {
    this.shelf.requireKeys();
    const series = wanted.length > 1 ? newId() : null;
    const said = wanted.map(({ details, ...one }) => ({
      details,
      booked: { ...one, id: newId(), patient, series, details: newId() },
    }));
    // Kept before it is booked: what was typed stays with the appointment whatever comes between.
    for (const { booked, details } of said) await this.#saveDetails(booked.details, booked.id, patient, details);
    try {
      this.desk.take(await this.api.bookAppointments(said.map(({ booked }) => booked)));
    } catch (error) {
      for (const { booked } of said) await this.outbox.delete(booked.details, 0);
      throw error;
    }
    this.kick();
  }

  async move(id: string, starts: string, minutes: number, rest: boolean): Promise<void> {
    const moves = movesOf(this.desk.views, this.desk.require(id), { starts, minutes, rest }).map(({ one, ...to }) => ({
      id: one.id,
      version: one.version,
      zone: one.zone,
      ...to,
    }));
    await this.#change(() => this.api.moveAppointments(moves));
  }

  async settle(id: string, outcome: AppointmentOutcome, reason: string): Promise<void> {
    const view = this.desk.require(id);
    await this.#change(async () => [await this.api.settleAppointment(id, { version: view.version, outcome })]);
    const details = this.desk.appointment(id)?.details;
    if (view.details && details && (details.reason ?? "") !== reason) {
      await this.#saveDetails(view.details, id, view.patient, { ...details, reason });
      this.kick();
    }
  }

  async describe(id: string, details: AppointmentDetails): Promise<void> {
    this.shelf.requireKeys();
    const view = this.desk.require(id);
    if (!view.details) throw new StoreError("unknown");
    await this.#saveDetails(view.details, id, view.patient, details);
    this.kick();
  }

  async history(id: string): Promise<readonly AppointmentChange[]> {
    const account = this.shelf.here?.account;
    const changes = await this.api.appointmentHistory(id);
    return changes.map(({ version, by, at, what, starts, zone, minutes }) => ({
      version,
      own: by === account,
      at,
      what,
      starts,
      zone,
      minutes,
    }));
  }

  async keepRegimen(name: string, sessions: readonly RegimenSession[]): Promise<void> {
    this.shelf.requireKeys();
    const said = sessions.map(({ kind, day, minutes }) => ({ kind, day, minutes }));
    await this.outbox.save({
      record: newId(),
      content: { kind: "regimen", v: 1, name: name.trim(), sessions: said },
      readers: [],
    });
    this.kick();
  }

  async deleteRegimen(id: string): Promise<void> {
    await this.outbox.delete(id, 0, this.shelf.own.get(id));
    this.kick();
  }

  async markPlanReviewed(series: string): Promise<void> {
    this.shelf.requireKeys();
    const { settings } = this.care;
    if (!settings) throw new StoreError("locked");
    const before = this.desk.plansReviewed.filter((other) => other !== series);
    await this.outbox.save({
      record: settings.id,
      content: { ...withoutReaders(settings.content), plans_reviewed: [...before, series] },
    });
    this.kick();
  }

  async feed(): Promise<CalendarFeed | undefined> {
    const { feed } = await this.api.calendarFeed();
    return feed ? { wording: feed.wording, since: feed.since, lastRead: feed.last_read ?? undefined } : undefined;
  }

  async makeFeed(wording: CalendarWording): Promise<string> {
    const { token } = await this.api.makeCalendarFeed({ wording });
    return this.api.feedAddress(token);
  }

  async rewordFeed(wording: CalendarWording): Promise<void> {
    await this.api.rewordCalendarFeed({ wording });
  }

  async endFeed(): Promise<void> {
    await this.api.endCalendarFeed();
  }

  /** Does something to appointments; where the server has a newer state, that is shown at once. */
  async #change(ask: () => Promise<readonly View[]>): Promise<void> {
    try {
      this.desk.take(await ask());
    } catch (error) {
      if (error instanceof ApiProblem && isView(error.current)) this.desk.take([error.current]);
      throw error;
    } finally {
      this.kick();
    }
  }

  async #saveDetails(record: string, appointment: string, patient: string, details: AppointmentDetails): Promise<void> {
    const before = this.shelf.own.get(record)?.content;
    const kept = before ? withoutDetails(withoutReaders(before)) : {};
    await this.outbox.save({
      record,
      content: { ...kept, kind: "appointment", v: 1, appointment, ...sealedDetails(details) },
      readers: [{ account: patient, attention: 0 }],
    });
  }
}

const DETAILS: readonly string[] = ["place", "link", "bring", "mind", "reason", "steps"];

function withoutDetails(content: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(content).filter(([name]) => !DETAILS.includes(name)));
}

/** What is said of a session, as its record says it; without what is empty. */
function sealedDetails({ steps = [], ...words }: AppointmentDetails): JsonObject {
  const said: JsonObject = {};
  for (const [name, value] of Object.entries(words)) if (value.trim() !== "") said[name] = value.trim();
  const done = steps
    .filter(({ text }) => text.trim() !== "")
    .map(
      ({ id, text, at }): JsonObject => ({
        id,
        text: text.trim(),
        ...(at && { at: { days_before: at.daysBefore, time: at.time } }),
      }),
    );
  return done.length > 0 ? { ...said, steps: done } : said;
}
