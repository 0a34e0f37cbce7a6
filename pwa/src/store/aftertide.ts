import { type ApiOptions, createApi } from "../api/client";
import { loadHpke } from "../protocol";
import { Answers } from "./answers.svelte";
import { AppointmentDesk } from "./appointments.svelte";
import { CareDesk } from "./care.svelte";
import type { Database, Listeners } from "./database";
import { browserEnvironment, type Environment } from "./environment";
import { StoreError } from "./errors";
import type { Exchange } from "./exchange";
import { IndexedDatabase } from "./indexed";
import type { Aftertide } from "./interface";
import { JournalDesk } from "./journal.svelte";
import { KitDesk } from "./kit";
import { later } from "./later";
import { Outbox } from "./outbox";
import type { PasskeyDesk } from "./passkeys";
import { asStoreError } from "./problems";
import { ReviewDesk } from "./review.svelte";
import type { RotationDesk } from "./rotating";
import { SessionDesk } from "./session.svelte";
import { Shelf } from "./shelf.svelte";
import { StepHours } from "./stepHours";
import { SyncRounds } from "./sync.svelte";

/** What a store is made of; tests bring their own server, storage and clock. */
export interface StoreOptions {
  readonly openDatabase: (listeners: Listeners) => Database;
  readonly origin: string;
  readonly fetch: ApiOptions["fetch"];
  readonly environment: Environment;
}

/** The store, with what a test or the page's end needs besides. */
export interface Store extends Aftertide {
  /** Lets go of the device's storage. */
  close(): void;
}

/** Makes a store from its parts. Nothing happens before `start`. */
export function createAftertide(options: StoreOptions): Store {
  const { environment } = options;
  let incarnation: string | undefined;
  const api = createApi({
    origin: options.origin,
    fetch: options.fetch,
    onIncarnation: (id) => {
      incarnation = id;
    },
  });
  const database = options.openDatabase({
    onFailure: (failed) => {
      shelf.storageFailed = failed;
    },
    // Each keystroke writes a draft; another page reads drafts when it comes to the front.
    onWrite: (stores) => {
      if (stores.some((store) => store !== "drafts")) environment.tellOthers("changed");
    },
    onBlocked: (blocked) => {
      shelf.blocked = blocked;
    },
  });
  const shelf = new Shelf(database, environment);
  const outbox = new Outbox(shelf);
  const exchange = later(async () => {
    const { Exchange } = await import("./exchange");
    exchanged = new Exchange(
      shelf,
      api,
      outbox,
      () => incarnation,
      (account) => care.hasNewKeys(account),
    );
    return exchanged;
  });
  // Locking waits for no code that is yet to be fetched.
  let exchanged: Exchange | undefined;
  const sealLedger = async () => exchanged?.ledger.seal().catch(() => undefined);
  const kick = (after = 0) => (after > 0 ? environment.after(after, () => void rounds.now()) : void rounds.now());
  const answers = new Answers(shelf);
  const care = new CareDesk(shelf, api, outbox, environment, options.origin, kick, async () => {
    await rounds.now();
    if (rounds.state !== "idle") throw new StoreError(rounds.online ? "server" : "offline");
  });
  const appointments = new AppointmentDesk(shelf, api, outbox, care, environment, kick);
  const stepHours = new StepHours(shelf, api);
  const refresh = async () => {
    await care.refresh();
    await appointments.refresh();
    await stepHours.tell(appointments.ahead);
  };
  const rounds = new SyncRounds(shelf, api, exchange, environment, refresh, () => incarnation);
  const lists = {
    load: async () => {
      await care.load();
      await appointments.load();
    },
    clear: () => {
      care.clear();
      appointments.clear();
    },
  };
  const joining = later(async () => {
    const { Joining } = await import("./joining");
    return new Joining(shelf, api, outbox, care, rounds, environment, passkeys);
  });
  const passkeys: () => Promise<PasskeyDesk> = later(async () => {
    const { PasskeyDesk } = await import("./passkeys");
    return new PasskeyDesk(api, session);
  });
  const rotation: () => Promise<RotationDesk> = later(async () => {
    const { RotationDesk } = await import("./rotating");
    return new RotationDesk(shelf, api, rounds, session);
  });
  const reminders = later(async () => {
    const [{ ReminderDesk }, { pushBrowser }] = await Promise.all([
      import("./reminders.svelte"),
      import("./pushBrowser"),
    ]);
    return new ReminderDesk(api, environment, pushBrowser());
  });
  const session = new SessionDesk(
    shelf,
    api,
    outbox,
    care,
    lists,
    joining,
    passkeys,
    rotation,
    rounds,
    environment,
    sealLedger,
  );
  const kit = new KitDesk(shelf, outbox, care, session, environment, kick);
  const journal = new JournalDesk(shelf, outbox, care, answers, environment, kick);
  const review = new ReviewDesk(shelf, outbox, care, answers, environment, kick);

  const reconnecting = later(async () => {
    const { ReconnectDesk } = await import("./reconnecting.svelte");
    return new ReconnectDesk(shelf, outbox, care, environment, kick);
  });

  return {
    session,
    kit,
    journal,
    care,
    review,
    appointments,
    sync: rounds,
    emailThatCameAlong: () =>
      api.account().then(
        ({ email }) => email,
        () => undefined,
      ),
    reminders: () =>
      reminders().catch((error: unknown) => {
        throw asStoreError(error);
      }),
    reconnecting: () =>
      reconnecting().catch((error: unknown) => {
        throw asStoreError(error);
      }),
    passkeys: () =>
      passkeys().catch((error: unknown) => {
        throw asStoreError(error);
      }),
    rotation: () =>
      rotation().catch((error: unknown) => {
        throw asStoreError(error);
      }),
    async start(shown = Promise.resolve()) {
      await session.locking.lockIfLeft();
      await shelf.load(shown);
      await lists.load();
      await session.locking.stayOpen();
      // The first keystroke needs it: loaded early, so that it is here also when the network goes away.
      environment.whenIdle(() => void loadHpke().catch(() => undefined));
      session.locking.watch();
      environment.hearOthers((message) => {
        void shelf.load().then(async () => {
          await appointments.load();
          if (message === "keys") rounds.listen();
        });
      });
      rounds.begin();
      void rounds.now();
    },
    close: () => database.close(),
  };
}

/** The store of a page. */
export function pageStore(): Store {
  return createAftertide({
    openDatabase: (listeners) => new IndexedDatabase("aftertide", listeners),
    origin: location.origin,
    fetch: (request) => fetch(request),
    environment: browserEnvironment(),
  });
}
