import { type ApiOptions, createApi } from "../api/client";
import { loadHpke } from "../protocol";
import { Answers } from "./answers.svelte";
import { CareDesk } from "./care.svelte";
import type { Database, Listeners } from "./database";
import { browserEnvironment, type Environment } from "./environment";
import { IndexedDatabase } from "./indexed";
import type { Aftertide } from "./interface";
import { JournalDesk } from "./journal.svelte";
import { Links } from "./links";
import { Outbox } from "./outbox";
import { Pull } from "./pull";
import { Push } from "./push";
import { ReviewDesk } from "./review.svelte";
import { SessionDesk } from "./session.svelte";
import { Shelf } from "./shelf.svelte";
import { SyncRounds } from "./sync.svelte";

/** Milliseconds after which what only writing needs is fetched: the list comes first. */
const SOON = 1000;

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
  const shelf = new Shelf(
    database,
    () => environment.now(),
    () => environment.breathe(),
  );
  const outbox = new Outbox(shelf);
  const pull = new Pull(shelf, api, outbox, () => incarnation);
  const push = new Push(shelf, api, outbox, pull);
  const kick = (after = 0) => (after > 0 ? environment.after(after, () => void rounds.now()) : void rounds.now());
  const answers = new Answers(shelf);
  const care = new CareDesk(shelf, api, outbox, environment, options.origin, kick);
  const rounds = new SyncRounds(shelf, api, pull, push, environment, () => care.refresh());
  const links = new Links(database, api, environment);
  const session = new SessionDesk(shelf, api, outbox, care, links, rounds, environment);
  const journal = new JournalDesk(shelf, outbox, care, answers, environment, kick);
  const review = new ReviewDesk(shelf, outbox, care, answers, environment, kick);

  return {
    session,
    journal,
    care,
    review,
    sync: rounds,
    async start() {
      await shelf.load();
      await care.load();
      await session.lockIfHiddenLong();
      await session.stayOpen();
      // The first keystroke needs it: loaded early, so that it is here also when the network goes away.
      environment.after(SOON, () => environment.whenIdle(() => void loadHpke().catch(() => undefined)));
      session.watchHidden();
      environment.hearOthers((message) => {
        void shelf.load().then(() => {
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
