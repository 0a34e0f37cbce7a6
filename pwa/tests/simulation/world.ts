import { StoreError } from "../../src/store/errors";
import { FakeServer } from "../store/fake-server";
import { Device, type Habits, type Page, type Surroundings } from "./device";
import type { Disk } from "./disk";
import type { Random } from "./random";
import type { Scheduler } from "./scheduler";
import { Words } from "./words";

export const PASSPHRASE = "salt on the old pier again";

/** Somebody, with their devices. */
export interface Person {
  readonly name: "Ana" | "Rivera";
  readonly email: string;
  readonly devices: Device[];
  /** What may open the account, the newest first: a rotation that was cut off may have begun or not. */
  readonly passphrases: string[];
}

/** Refusals that can't be for any reason that the simulation gives. */
const NEVER: readonly string[] = ["server", "forged", "weak-parameters", "unopened", "wrong-proof", "email", "link"];
/** Faults that an honest server never causes, whatever the network does. */
const DISHONEST: readonly string[] = ["unproven", "rollback", "unopened", "malformed", "tombstone", "older-keys"];

/** Everything of one seed: people with devices, a server, and what they typed. */
export class World implements Surroundings {
  readonly words = new Words();
  readonly ana: Person = { name: "Ana", email: "ana@example.org", devices: [], passphrases: [PASSPHRASE] };
  readonly rivera: Person = { name: "Rivera", email: "rivera@example.org", devices: [], passphrases: [PASSPHRASE] };
  /** The way back to a backup, and what had been sent by then. */
  backup: { readonly restore: () => void; readonly sent: ReadonlySet<string> } | undefined;
  #server = new FakeServer();
  readonly #failures: string[] = [];
  readonly #counters = new Map<string, number>();
  /** By device and entry: the key that a take-back has closed. */
  readonly #closed = new Map<string, { readonly epoch: number; readonly wrapped: string }>();
  /** Requests that were sealed before a take-back, or without one: their bytes may be sent again. */
  readonly #sealed = new Set<string>();

  /** Keys are renewed in this life: from then on no backup from before may come back, which would need the operator. */
  renewed = false;

  constructor(
    readonly scheduler: Scheduler,
    /** Whether Ana may renew her keys. */
    readonly renews = false,
  ) {
    scheduler.check = () => this.#check();
  }

  get random(): Random {
    return this.scheduler.random;
  }

  get people(): Person[] {
    return [this.ana, this.rivera];
  }

  get devices(): Device[] {
    return this.people.flatMap((person) => person.devices);
  }

  get pages(): Page[] {
    return this.devices.flatMap((device) => device.pages);
  }

  readonly server = (): FakeServer => this.#server;

  addDevice(person: Person, name: string, habits: Habits): Device {
    const device = new Device(name, habits, this);
    person.devices.push(device);
    return device;
  }

  personOf(device: Device): Person {
    return this.rivera.devices.includes(device) ? this.rivera : this.ana;
  }

  /** Does something on a page as its person would; a refusal that can be is only noted. */
  act(page: Page, what: string, work: () => Promise<unknown>): void {
    this.scheduler.note(`${page.name} · ${what}`);
    this.scheduler.count(what.split(":")[0] ?? what);
    page.doing = what;
    const over = (): void => {
      page.doing = undefined;
    };
    work().then(over, (error: unknown) => {
      over();
      // Between two tries the passphrase may have become another one: people try again.
      const never = NEVER.filter((reason) => !(this.renewed && reason === "wrong-proof"));
      if (error instanceof StoreError && !never.includes(error.reason)) {
        this.scheduler.note(`${page.name} · ${what} refused: ${error.reason}`);
        this.scheduler.count(`refused: ${error.reason}`);
      } else this.report(page, error);
    });
  }

  readonly report = (page: Page, error: unknown): void => {
    this.#failures.push(`${page.name} ${page.doing ?? ""}: ${error instanceof Error ? error.stack : String(error)}`);
  };

  /** The server's events, for the devices of accounts that something has changed for. */
  readonly onDone = (): void => {
    for (const [id, account] of this.#server.accounts) {
      if (this.#counters.get(id) === account.counter) continue;
      this.#counters.set(id, account.counter);
      for (const page of this.pages) {
        if (this.#server.sessions.get(page.device.wire.session ?? "") !== id || page.device.wire.trouble) continue;
        for (const heard of page.listening) {
          if (this.random.chance(0.7)) this.scheduler.later(`${page.name} is told of a change`, heard, page);
        }
      }
    }
  };

  /** Nothing is sealed under a key that a tap on the same device has closed. */
  readonly overhear = (device: Device) => (what: string, body: string) => {
    const entry = /^PUT \/api\/records\/([0-9a-f-]+)$/.exec(what)?.[1];
    if (!entry) return;
    const save = JSON.parse(body) as { request: string; epoch: number; revision: number; wrapped: string | null };
    this.scheduler.note(`${device.name} sends revision ${save.revision} under epoch ${save.epoch}`);
    const closed = this.#closed.get(`${device.name} ${entry}`);
    // With a new key, whatever the number of its epoch.
    if (save.wrapped !== null || this.#sealed.has(save.request)) return;
    // A page that hasn't heard of the sharing seals under the key before it, which no reader has.
    const isClosed = closed?.epoch === save.epoch && keyOn(device, entry)?.wrapped === closed.wrapped;
    if (!isClosed) this.#sealed.add(save.request);
    else this.#failures.push(`${device.name} sealed ${entry} under a key that it had taken back`);
  };

  /** A take-back is on the device: from now on nothing is sealed under the key that the readers have. */
  close(device: Device, entry: string): void {
    const row = device.disk.committed("records").find(({ id }) => id === entry);
    const pending = device.disk.committed("outbox").find(({ record }) => record === entry);
    const key = keyOn(device, entry);
    if (!key || row?.readers.length === 0) return;
    if (pending?.attempt) this.#sealed.add(pending.attempt.request);
    this.#closed.set(`${device.name} ${entry}`, key);
  }

  /** It is shared again. */
  reopen(device: Device, entry: string): void {
    this.#closed.delete(`${device.name} ${entry}`);
  }

  /** What was taken back on a device is forgotten with it. */
  forgetClosed(device: Device): void {
    for (const key of this.#closed.keys()) if (key.startsWith(`${device.name} `)) this.#closed.delete(key);
  }

  /** Does something with a passphrase as its person would: the newest that they know, then the one before it. */
  async withPassphrase<T>(person: Person, work: (passphrase: string) => Promise<T>): Promise<T> {
    const [newest = PASSPHRASE, ...former] = person.passphrases;
    let refused: unknown;
    for (const passphrase of [newest, ...former]) {
      try {
        return await work(passphrase);
      } catch (error) {
        if (!(error instanceof StoreError && error.reason === "wrong-proof")) throw error;
        refused = error;
      }
    }
    throw refused;
  }

  takeBackup(): void {
    if (this.renewed) return;
    const restore = this.#server.backup();
    this.backup = { restore, sent: new Set(this.words.sent) };
  }

  /** Throws what went wrong, if anything. */
  #check(): void {
    if (this.devices.some((device) => device.disk.stuck))
      this.#failures.push("a transaction awaits what isn't its own");
    for (const page of this.pages) {
      // Who reads what Ana shares under her new keys has to reconnect first.
      const fine = this.renewed && this.rivera.devices.includes(page.device) ? ["unopened"] : [];
      const fault = page.store.sync.faults.find(({ kind }) => DISHONEST.includes(kind) && !fine.includes(kind));
      if (fault) this.#failures.push(`${page.name} shows ${fault.kind} of ${fault.record}`);
    }
    for (const page of this.rivera.devices.flatMap((device) => device.pages)) {
      for (const seen of sharedOn(page)) {
        try {
          this.words.requireLetSee(seen);
        } catch (error) {
          this.#failures.push(`${page.name}: ${(error as Error).message}`);
        }
      }
    }
    if (this.#failures.length > 0) throw new Error(this.#failures.join("\n"));
  }

  /** Everything as it is, to begin other worlds with. */
  image(): (other: World) => void {
    const server = this.#server.copy();
    const disks = this.devices.map((device) => ({
      name: device.name,
      put: device.disk.image(),
      session: device.wire.session,
    }));
    const { now } = this.scheduler;
    return (other) => {
      other.#server = server.copy();
      other.scheduler.now = now;
      for (const device of other.devices) {
        const image = disks.find(({ name }) => name === device.name);
        image?.put(device.disk satisfies Disk);
        device.wire.session = image?.session;
      }
    };
  }
}

/** The key of an entry as a device has it, wrapped for its owner: new with each epoch, whose number a restore repeats. */
function keyOn(device: Device, entry: string): { readonly epoch: number; readonly wrapped: string } | undefined {
  const accepted = device.disk.committed("records").find(({ id }) => id === entry)?.accepted;
  return accepted?.wrapped && { epoch: accepted.epoch, wrapped: Buffer.from(accepted.wrapped).toString("hex") };
}

/** The entries that a therapist's page shows. */
export function sharedOn(page: Page): NonNullable<ReturnType<Page["store"]["review"]["shared"]>>[] {
  const { review } = page.store;
  return review.patients.flatMap(({ account }) => {
    const shown = review.patient(account);
    return shown ? [...shown.forOurSession, ...shown.waiting, ...shown.reviewed] : [];
  });
}
