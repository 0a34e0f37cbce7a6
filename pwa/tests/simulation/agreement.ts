/** Calm after the storm: everything exchanges until it is quiet, and then what must hold is asked. */
import type { Entry } from "../../src/store/interface";
import type { Device, Page } from "./device";
import { wordsIn } from "./words";
import { type Person, sharedOn, type World } from "./world";

/** Not to the second: a clock that is put right must not come to where it had been wrong. */
const DAYS = 3 * 24 * 3_600_000 + 60_000;
/** Rounds in which everything must have become quiet. */
const ROUNDS = 12;

/** Lets everything come to rest; throws what doesn't hold. */
export async function agree(world: World): Promise<void> {
  const { scheduler } = world;
  scheduler.calm = true;
  scheduler.note("calm");
  for (const device of world.devices) {
    device.wire.trouble = undefined;
    device.disk.full = false;
  }
  await quiet(world);
  // The pages that were open come to rest first: what they show must be honest, too.
  for (const page of world.pages) if (!page.ended) await scheduler.until(page.store.sync.now());
  for (const device of world.devices) {
    device.endAll();
    device.ahead = 0;
  }
  scheduler.now += DAYS;
  for (const device of world.devices) await comeBack(world, device);
  // Whoever came back last may have finished what renews all keys: the others sign in once more.
  if (world.renewed) for (const device of world.devices) await enter(world, device);
  await reconnect(world);
  await exchange(world);
  for (const person of world.people) requireWords(world, person);
  requireSame(world);
  requireShared(world);
  requireNothingLeft(world);
}

async function quiet(world: World): Promise<void> {
  const { scheduler } = world;
  for (let steps = 0; scheduler.busy; steps++) {
    if (steps > 20_000) throw new Error("never becomes quiet");
    await scheduler.step();
  }
}

/** Who renewed her keys opens the link that her reader, who still has keys, makes for it. */
async function reconnect(world: World): Promise<void> {
  const { scheduler } = world;
  const [phone, ...others] = world.ana.devices.map((device) => pageOf(device).store);
  const [desk] = world.rivera.devices.map((device) => pageOf(device).store);
  if (!phone || !desk) return;
  await scheduler.until(phone.sync.now());
  const account = phone.session.account ?? "";
  if (!phone.care.contacts.some(({ lacksMine }) => lacksMine)) return;
  const { link } = await scheduler.until(desk.care.reconnect(account));
  await scheduler.until(desk.sync.now());
  await scheduler.until(phone.session.openInvitation(new URL(link)));
  await scheduler.until(phone.session.acceptInvitation());
  for (const { sync } of [desk, phone, ...others]) await scheduler.until(sync.now());
  await quiet(world);
}

function pageOf(device: Device): Page {
  const [page] = device.pages;
  if (!page) throw new Error(`${device.name} has no page`);
  return page;
}

/** Opens a device anew, signed in and unlocked. */
async function comeBack(world: World, device: Device): Promise<void> {
  await world.scheduler.until(device.open().opening);
  await enter(world, device);
}

/** Signs in and unlocks where that is asked for. */
async function enter(world: World, device: Device): Promise<void> {
  const { scheduler } = world;
  const page = pageOf(device);
  const { session, sync } = page.store;
  await scheduler.until(sync.now());
  const person = world.personOf(device);
  const by = (work: (passphrase: string) => Promise<unknown>) => scheduler.until(world.withPassphrase(person, work));
  const signIn = () => by((passphrase) => session.signIn(person.email, passphrase));
  if (session.phase === "signed-out" || session.expired) await signIn();
  if (session.phase === "locked") await by((passphrase) => session.unlock(passphrase));
  await quiet(world);
  // Without a connection before, a locked device learns only now that its session has ended.
  if (session.expired) await signIn();
  await quiet(world);
  if (!session.renewing) return;
  const rotation = await scheduler.until(page.store.rotation());
  await by((passphrase) => rotation.goOn({ method: "passphrase", passphrase }, () => undefined));
  await quiet(world);
}

/** Everybody finishes what they began and sends what they kept to themselves, until nothing changes any more. */
async function exchange(world: World): Promise<void> {
  const { scheduler } = world;
  let before = "";
  for (let round = 0; round < ROUNDS; round++) {
    for (const device of world.devices) {
      const { journal, review, sync } = pageOf(device).store;
      for (const { id } of journal.drafts) await scheduler.until((await scheduler.until(journal.openDraft(id))).done());
      for (const { id } of [...journal.entries, ...sharedOn(pageOf(device))])
        if (journal.answer(id)) await scheduler.until(journal.sendAnswer(id));
      for (const { id, text } of review.stranded) {
        world.words.excuse(wordsIn(text), "thrown away");
        await scheduler.until(review.discardStranded(id));
      }
      const kept = journal.entries.find(({ unsentChange }) => unsentChange);
      if (kept) {
        world.words.tap(kept.id, { kind: "send", page: pageOf(device), at: scheduler.now });
        await scheduler.until(journal.sendTheChange(kept.id));
      }
      if (sync.heldDeletions > 0) await scheduler.until(sync.applyDeletions());
      await scheduler.until(sync.now());
      await quiet(world);
    }
    const now = JSON.stringify(world.devices.map((device) => [shown(device), pageOf(device).store.sync.unsent]));
    if (now === before) return;
    before = now;
  }
  throw new Error("devices never stop exchanging");
}

/** An entry as its owner sees it; when a reader read it is the server's word, and comes later to some. */
function view(entry: Entry): object {
  const { id, text, sliders, feelings, choice, refused, merged } = entry;
  const readers = entry.readers.map(({ account, attention }) => ({ account, attention }));
  const comments = entry.comments.filter(({ where }) => where === "sent").map(({ id, text }) => ({ id, text }));
  return { id, text, sliders, feelings, choice, refused, merged, readers, comments, change: entry.unsentChange?.text };
}

function shown(device: Device): object[] {
  return pageOf(device)
    .store.journal.entries.map(view)
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/**
 * Each word that a device said is kept is found by its person on every device: in an entry, or in a comment below one
 * that they can still see.
 */
function requireWords(world: World, person: Person): void {
  for (const device of person.devices) {
    const entries = [...pageOf(device).store.journal.entries, ...sharedOn(pageOf(device))];
    const found = wordsIn(
      entries.flatMap(({ text, comments }) => [text, ...comments.map(({ text }) => text)]).join(" "),
    );
    for (const { text, entry, page, below } of world.words.demanded(person.name)) {
      if (below && !entries.some(({ id }) => id === entry)) continue;
      if (!found.has(text)) throw new Error(`${text} of ${entry}, kept on ${page.name}, isn't found on ${device.name}`);
    }
  }
}

function requireSame(world: World): void {
  const [first, ...others] = world.ana.devices;
  for (const device of others) {
    const [a, b] = [first ? shown(first) : [], shown(device)];
    if (JSON.stringify(a) !== JSON.stringify(b)) {
      const differing = a.filter((entry) => !b.some((other) => JSON.stringify(other) === JSON.stringify(entry)));
      const instead = b.filter((entry) => !a.some((other) => JSON.stringify(other) === JSON.stringify(entry)));
      throw new Error(
        `${first?.name} shows\n${JSON.stringify(differing, null, 1)}\n${device.name} shows\n${JSON.stringify(instead, null, 1)}`,
      );
    }
  }
}

function requireShared(world: World): void {
  const [owner] = world.ana.devices;
  const [reader] = world.rivera.devices;
  if (!owner || !reader) return;
  const given = pageOf(owner)
    .store.journal.entries.filter(({ readers }) => readers.length > 0)
    .map(({ id, text }) => ({ id, text }));
  const seen = sharedOn(pageOf(reader)).map(({ id, text }) => ({ id, text }));
  const sorted = (all: { id: string }[]) =>
    JSON.stringify(
      all.sort((a, b) => (a.id < b.id ? -1 : 1)),
      null,
      1,
    );
  if (sorted(given) !== sorted(seen))
    throw new Error(`shared:\n${sorted(given)}\nbut the reader sees\n${sorted(seen)}`);
}

/** Nothing waits any more but what the server has refused for a reason that the screen shows. */
function requireNothingLeft(world: World): void {
  for (const device of world.devices) {
    for (const { record, refused, action } of device.disk.committed("outbox")) {
      if (refused !== "no-longer-shared")
        throw new Error(`${device.name} still has a ${action} of ${record}: ${refused}`);
    }
    for (const store of ["drafts", "marks"] as const) {
      const left = device.disk.committed(store).length;
      if (left > 0) throw new Error(`${device.name} still has ${left} ${store}`);
    }
  }
}
