import { type Api, ApiProblem, NoAnswer, type Schemas, ServerFault } from "../api/client";
import type { Environment } from "./environment";
import { StoreError } from "./errors";
import { PushPhone } from "./phone.svelte";
import { asStoreError } from "./problems";
import type { PushBrowser } from "./pushBrowser";
import type { MailState, PushDevice, Reminder, ReminderSettings, Reminders, Unreachable } from "./reminding";

/** How often it is asked what became of a test, in milliseconds: often while somebody waits for it, then now and then. */
const ASK_EVERY = { first: 2000, later: 15_000 };
const FIRST = 30_000; // ms
/** The server gives a test up after that. */
const TEST_LASTS = 10 * 60_000; // ms

/** How one is reminded: rules, quiet hours, channels, and what became of what was sent. All of it lies on the server in plain. */
export class ReminderDesk implements Reminders {
  readonly phone: PushPhone;
  others = $state.raw<readonly PushDevice[] | undefined>(undefined);
  mail = $state.raw<MailState | undefined>(undefined);
  settings = $state.raw<ReminderSettings | undefined>(undefined);
  before = $state.raw<ReminderSettings | undefined>(undefined);
  test = $state.raw<Reminder | undefined>(undefined);
  history = $state.raw<readonly Reminder[] | undefined>(undefined);
  unreachable = $state.raw<ReadonlyMap<string, Unreachable> | undefined>(undefined);
  #me = $state.raw<Schemas["Me"] | undefined>(undefined);
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly api: Api,
    private readonly environment: Environment,
    browser: PushBrowser,
  ) {
    this.phone = new PushPhone(api, browser);
  }

  get zone(): string | undefined {
    return this.#me?.time_zone;
  }

  get phoneZone(): string {
    return this.environment.timeZone;
  }

  async #guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw asStoreError(error);
    }
  }

  open(): Promise<void> {
    return this.#guarded(async () => {
      const [settings, mail, devices, me] = await Promise.all([
        this.api.reminderSettings(),
        this.api.mail(),
        this.api.pushDevices(),
        this.api.account(),
        this.phone.look(),
      ]);
      this.settings = settings;
      this.mail = mail;
      this.others = devices.filter(({ current }) => !current);
      this.#me = me;
    });
  }

  /** One change after the other: each is made from the settings that the one before has left. */
  change(edit: (settings: ReminderSettings) => ReminderSettings): Promise<boolean> {
    const done = this.#tail.then(() => this.#guarded(() => this.#change(edit)));
    this.#tail = done.catch(() => undefined);
    return done;
  }

  async #change(edit: (settings: ReminderSettings) => ReminderSettings): Promise<boolean> {
    const seen = this.settings;
    if (!seen) throw new StoreError("unknown");
    try {
      this.settings = await this.api.changeReminderSettings(edit(seen));
    } catch (error) {
      if (!(error instanceof ApiProblem && isSettings(error.current))) throw error;
      this.before = seen;
      this.settings = error.current;
      return false;
    }
    this.before = undefined;
    return true;
  }

  dismissBefore(): void {
    this.before = undefined;
  }

  followPhone(): Promise<void> {
    return this.#guarded(async () => {
      // The language as the server has it: only the zone is changed here.
      const { locale } = this.#me ?? (await this.api.account());
      await this.api.setPreferences({ locale, time_zone: this.phoneZone });
      this.#me = await this.api.account();
    });
  }

  openMail(): Promise<void> {
    return this.#guarded(async () => {
      this.mail = await this.api.mail();
    });
  }

  wantMail(wanted: boolean): Promise<void> {
    return this.#guarded(async () => {
      await this.api.wantMail(wanted);
      this.mail = await this.api.mail();
    });
  }

  askForConfirmation(): Promise<void> {
    return this.#guarded(async () => {
      const failure = await this.api.askForConfirmation().catch((error: unknown) => error);
      // That the address takes no mail stands there, too.
      this.mail = await this.api.mail();
      if (failure instanceof ServerFault) throw new StoreError("mail-not-sent");
      if (failure) throw failure;
    });
  }

  confirmMail(token: string): Promise<void> {
    return this.#guarded(async () => {
      await this.api.confirmMail(token);
    });
  }

  stopMail(token: string): Promise<void> {
    return this.#guarded(() => this.api.stopMail(token));
  }

  sendTest(): Promise<void> {
    return this.#guarded(async () => {
      const test = await this.api.testReminder();
      this.test = test;
      this.#follow(test.id, this.environment.now());
    });
  }

  /** Asks what became of a test until something did, or until another one is asked for. */
  #follow(id: string, since: number): void {
    const waited = this.environment.now() - since;
    if (waited > TEST_LASTS) return;
    this.environment.after(waited < FIRST ? ASK_EVERY.first : ASK_EVERY.later, () => {
      if (this.test?.id !== id) return;
      this.api.reminder(id).then(
        (now) => {
          if (this.test?.id !== id) return;
          this.test = now;
          if (now.outcome === null) this.#follow(id, since);
        },
        (error: unknown) => {
          if (error instanceof NoAnswer) this.#follow(id, since);
        },
      );
    });
  }

  openHistory(): Promise<void> {
    return this.#guarded(async () => {
      this.history = await this.api.reminders();
    });
  }

  openUnreachable(): Promise<void> {
    return this.#guarded(async () => {
      const list = await this.api.unreachable();
      this.unreachable = new Map(list.map((one) => [one.patient, one]));
    });
  }
}

const isSettings = (value: unknown): value is ReminderSettings =>
  typeof value === "object" && value !== null && "rules" in value && "version" in value;
