import { createAftertide, type Store } from "../../src/store/aftertide";
import type { Environment, Message } from "../../src/store/environment";
import type { Draft } from "../../src/store/interface";
import type { FakeServer } from "../store/fake-server";
import { Disk, type DiskPage } from "./disk";
import { type Overhear, Wire } from "./network";
import type { Scheduler } from "./scheduler";

/** What a browser may do or not. */
export interface Habits {
  /** Has Web Locks. */
  readonly locks: boolean;
  /** Its pages hear each other. */
  readonly hears: boolean;
}

/** What all devices share. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly server: () => FakeServer;
  readonly overhear: (device: Device) => Overhear;
  readonly onDone: () => void;
  /** A fault that the store reports, or that a page met in doing what it was asked. */
  readonly report: (page: Page, error: unknown) => void;
}

/** A browser on a phone or laptop: its disk, its way to the server, and its pages. */
export class Device {
  readonly disk: Disk;
  readonly wire: Wire;
  readonly locks = new Locks();
  pages: Page[] = [];
  /** Its person is giving up what isn't sent: what they type meanwhile goes with it. */
  givingUp = false;
  /** Milliseconds that its clock is ahead. */
  ahead = 0;
  #opened = 0;

  constructor(
    readonly name: string,
    readonly habits: Habits,
    readonly surroundings: Surroundings,
  ) {
    const { scheduler } = surroundings;
    this.disk = new Disk(
      (what, run) => scheduler.later(`${name} disk ${what}`, run),
      () => scheduler.random.chance(0.5),
    );
    this.wire = new Wire(scheduler, surroundings.server, surroundings.overhear(this), surroundings.onDone);
  }

  /** Opens a page; it is usable once `opening` is over. */
  open(): Page {
    const page = new Page(`${this.name}/${++this.#opened}`, this);
    this.pages.push(page);
    return page;
  }

  /** All its pages end at once. */
  endAll(): void {
    for (const page of [...this.pages]) page.end();
  }
}

/** The locks of one browser. */
class Locks {
  readonly #queues = new Map<string, { page: Page; grant: () => void }[]>();

  request(page: Page, name: string, grant: () => void): void {
    // What a page that has ended would still have done: a browser gives it nothing, and would never get it back.
    if (page.ended) return;
    const queue = this.#queues.get(name) ?? [];
    this.#queues.set(name, queue);
    queue.push({ page, grant });
    if (queue.length === 1) grant();
  }

  release(page: Page, name: string): void {
    const queue = this.#queues.get(name);
    if (queue?.[0]?.page !== page) return;
    queue.shift();
    queue[0]?.grant();
  }

  /** A page has ended: what it holds is free, and it waits for nothing more. */
  end(page: Page): void {
    for (const [name, queue] of this.#queues) {
      const held = queue[0]?.page === page;
      const left = queue.filter((waiting) => waiting.page !== page);
      this.#queues.set(name, left);
      if (held) left[0]?.grant();
    }
  }
}

/** A page of the app, with what somebody is doing in it. */
export class Page {
  readonly store: Store;
  readonly opening: Promise<void>;
  /** What somebody does here at the moment; undefined: nothing. */
  doing: string | undefined;
  /** What somebody writes here at the moment, and the entry that it changes. */
  writing: { readonly draft: Draft; readonly entry: string | undefined } | undefined;
  /** What somebody is about to write in here. */
  opens: string | undefined;
  /** What somebody deleted here last, and can have back. */
  deleted: { readonly entry: string; readonly why: string; readonly until: number; readonly ahead: number } | undefined;
  /** Called when it is time to look. */
  readonly looks: (() => void)[] = [];
  /** Called on the server's events. */
  readonly listening = new Set<() => void>();
  readonly sight = { hide: (): void => undefined, show: (): void => undefined, hidden: false };
  hear: (message: Message) => void = () => undefined;
  ended = false;
  readonly #disk: DiskPage;

  constructor(
    readonly name: string,
    readonly device: Device,
  ) {
    let disk: DiskPage | undefined;
    this.store = createAftertide({
      openDatabase: (listeners) => {
        disk = device.disk.open(listeners);
        return disk;
      },
      origin: "https://tide.example",
      fetch: (request) => device.wire.fetch(this, request),
      environment: this.#environment(),
    });
    if (!disk) throw new Error("a store without a disk");
    this.#disk = disk;
    this.doing = "open";
    this.opening = this.store.start();
    const open = (): void => {
      this.doing = undefined;
    };
    // A page that can't read what is stored shows that, and nothing else.
    this.opening.then(open, () => this.end());
  }

  /** The page is gone in the middle of whatever it does. */
  end(): void {
    if (this.ended) return;
    this.ended = true;
    const { device } = this;
    device.pages = device.pages.filter((page) => page !== this);
    device.surroundings.scheduler.drop(this);
    this.listening.clear();
    this.#disk.end();
    device.locks.end(this);
  }

  #environment(): Environment {
    const { device } = this;
    const { surroundings, habits } = device;
    const { scheduler } = surroundings;
    const page = this;
    return {
      now: () => scheduler.now + device.ahead,
      after: (milliseconds, work) => scheduler.after(milliseconds, `${page.name} timer`, work, page),
      breathe: () => Promise.resolve(),
      exclusively<T>(name: string, work: () => Promise<T>): Promise<T> {
        if (!habits.locks) return work();
        return new Promise((resolve, reject) => {
          device.locks.request(page, name, () => {
            const done = work();
            done.then(resolve, reject);
            const release = (): void => device.locks.release(page, name);
            done.then(release, release);
          });
        });
      },
      lead(lead) {
        if (habits.locks) device.locks.request(page, "leader", () => void lead());
        else lead();
      },
      listen(_, onChange) {
        page.listening.add(onChange);
        return () => page.listening.delete(onChange);
      },
      tellOthers(message) {
        if (!habits.hears) return;
        for (const other of device.pages) {
          if (other !== page) scheduler.later(`${other.name} hears ${message}`, () => other.hear(message), other);
        }
      },
      hearOthers: (hear) => {
        page.hear = hear;
      },
      whenToLook: (look) => void page.looks.push(look),
      whenHidden: (hide, show) => Object.assign(page.sight, { hide, show }),
      whenIdle: (work) => scheduler.later(`${page.name} is idle`, work, page),
      report: (error) => surroundings.report(page, error),
      choices: { getItem: () => null, setItem: () => undefined },
      timeZone: "Europe/Madrid",
      get online() {
        return device.wire.trouble !== "away";
      },
    };
  }
}
