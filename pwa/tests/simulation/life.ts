import { type Act, LIVING, READING, RENEWING, WRITING } from "./acts";
import { agree } from "./agreement";
import type { Habits, Page } from "./device";
import { MISHAPS } from "./mishaps";
import { Random } from "./random";
import { Scheduler } from "./scheduler";
import { PASSPHRASE, World } from "./world";

/** What a seed came to: `failure` is what didn't hold, `trace` all that happened. */
export interface Life {
  readonly seed: number;
  readonly failure: string | undefined;
  readonly trace: readonly string[];
}

const HABITS: readonly Habits[] = [
  { locks: true, hears: true },
  { locks: true, hears: true },
  { locks: false, hears: true },
  { locks: true, hears: false },
  { locks: false, hears: false },
];

/** Makes worlds that begin where everybody has signed up, and lives them through. */
export class Lives {
  readonly counts = new Map<string, number>();
  #begin: ((world: World) => void) | undefined;

  constructor(
    /** Given the generator that everything random comes from, and the clock: a world has both to itself. */
    private readonly enter: (random: Random, now: () => number) => void,
  ) {}

  /** Lives one seed through, with all keys renewed on the way or not. Never rejects. */
  async live(seed: number, renews = false): Promise<Life> {
    this.#begin ??= await this.#signEverybodyUp();
    const world = this.#world(seed, this.counts, renews);
    const { random } = world;
    world.addDevice(world.ana, "phone", random.pick(HABITS));
    world.addDevice(world.ana, "laptop", random.pick(HABITS));
    if (random.chance(0.4)) world.addDevice(world.ana, "tablet", random.pick(HABITS));
    world.addDevice(world.rivera, "desk", random.pick(HABITS));
    this.#begin(world);
    try {
      await storm(world);
      await agree(world);
      world.scheduler.count("seeds");
      world.scheduler.count("words typed", world.words.all.size);
      for (const person of world.people)
        world.scheduler.count("words demanded", world.words.demanded(person.name).length);
      return { seed, failure: undefined, trace: world.scheduler.trace };
    } catch (error) {
      return {
        seed,
        failure: error instanceof Error ? String(error.stack) : String(error),
        trace: world.scheduler.trace,
      };
    } finally {
      for (const device of world.devices) device.endAll();
    }
  }

  #world(seed: number, counts?: Map<string, number>, renews = false): World {
    const scheduler = new Scheduler(new Random(seed), counts);
    // Apart: how much is sealed doesn't change what is chosen.
    this.enter(new Random(seed ^ 0x5eed), () => scheduler.now);
    return new World(scheduler, renews);
  }

  async #signEverybodyUp(): Promise<(world: World) => void> {
    const world = this.#world(0);
    const habits = { locks: true, hears: true };
    const pages = [
      world.addDevice(world.rivera, "desk", habits).open(),
      world.addDevice(world.ana, "phone", habits).open(),
      world.addDevice(world.ana, "laptop", habits).open(),
    ] as const;
    const [desk, phone, laptop] = pages;
    const { scheduler } = world;
    scheduler.calm = true;
    for (const page of pages) await scheduler.until(page.opening);
    const settled = async (): Promise<void> => {
      for (let round = 0; round < 3; round++) {
        for (const { store } of pages) await scheduler.until(store.sync.now());
      }
    };
    const signUp = { passphrase: PASSPHRASE, language: "en", device: "Browser" };
    await scheduler.until(desk.store.session.openFirstLink(`#${"A".repeat(43)}`));
    const { email } = world.rivera;
    await scheduler.until(desk.store.session.signUp({ ...signUp, by: "first-link", email, name: "Rivera" }));
    await scheduler.until(desk.store.care.saveTemplate("I read on Mondays.", "written"));
    const wanted = { name: "Ana", adultConfirmed: true } as const;
    const { link } = await scheduler.until(desk.store.care.createInvitation(wanted));
    await scheduler.until(phone.store.session.openInvitation(new URL(link)));
    const ana = { ...signUp, by: "invitation", email: world.ana.email, name: "Ana" } as const;
    await scheduler.until(phone.store.session.signUp(ana));
    await settled();
    await scheduler.until(phone.store.care.acceptAgreement(phone.store.care.agreements[0]?.id ?? ""));
    await scheduler.until(laptop.store.session.signIn(ana.email, PASSPHRASE));
    for (const { store } of pages) await scheduler.until(store.session.confirmKitSaved());
    await settled();
    while (scheduler.busy) await scheduler.step();
    return world.image();
  }
}

/** Some dozens of acts and mishaps, and what they set off. */
async function storm(world: World): Promise<void> {
  const { random, scheduler } = world;
  for (const device of world.devices) await scheduler.until(device.open().opening);
  // In one life in four nothing happens to devices; in some little, in others much.
  const rough = random.pick([0, 0.1, 0.2, 0.35]);
  for (let left = 30 + random.below(40); left > 0; ) {
    if (scheduler.busy && !random.chance(0.15)) {
      await scheduler.step();
      continue;
    }
    left--;
    if (random.chance(rough)) mishap(world);
    else act(world);
    await scheduler.settleMicrotasks();
  }
  // What is on its way may go on for a while.
  for (let more = random.below(60); more > 0 && scheduler.busy; more--) await scheduler.step();
}

function mishap(world: World): void {
  const { random, scheduler } = world;
  const device = random.pick(world.devices);
  const possible = MISHAPS.map((one) => ({ ...one, happen: one.on(world, device) })).filter(({ happen }) => happen);
  const chosen = weighted(random, possible);
  scheduler.note(`${device.name} · ${chosen.name}`);
  scheduler.count(chosen.name);
  for (const page of device.pages) world.words.look(page);
  chosen.happen?.();
}

function act(world: World): void {
  const { random } = world;
  const device = random.pick(random.chance(0.8) ? world.ana.devices : world.rivera.devices);
  if (device.pages.length === 0) {
    device.open();
    return;
  }
  const page: Page = random.pick(device.pages);
  if (page.doing) return;
  world.words.look(page);
  const anas: readonly Act[] = world.renews ? [...WRITING, ...RENEWING] : WRITING;
  const own = world.personOf(device) === world.ana ? anas : READING;
  const possible = [...own, ...LIVING].map((one) => ({ ...one, work: one.on(world, page) })).filter(({ work }) => work);
  const chosen = weighted(random, possible);
  if (chosen.work) world.act(page, chosen.name, chosen.work);
}

function weighted<T extends { readonly weight: number }>(random: Random, all: readonly T[]): T {
  let at = (random.below(1_000_000) / 1_000_000) * all.reduce((sum, { weight }) => sum + weight, 0);
  for (const one of all) {
    at -= one.weight;
    if (at < 0) return one;
  }
  return random.pick(all);
}
