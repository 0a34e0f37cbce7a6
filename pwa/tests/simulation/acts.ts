/** What people do with the app, as their screens let them. */
import type { Entry } from "../../src/store/interface";
import type { Page } from "./device";
import type { Random } from "./random";
import { wordsIn } from "./words";
import { PASSPHRASE, sharedOn, type World } from "./world";

/** How long the screen offers to undo a deletion, in milliseconds. */
const UNDO = 10_000;

/** Something that a person may do on a page; gives nothing where they can't. */
export interface Act {
  readonly name: string;
  /** How often, among the others. */
  readonly weight: number;
  on(world: World, page: Page): (() => Promise<unknown>) | undefined;
}

const isUnlocked = (page: Page): boolean => page.store.session.phase === "unlocked";
const entriesOf = (page: Page): readonly Entry[] => (isUnlocked(page) ? page.store.journal.entries : []);

/** An entry of the page that fits, if there is one. */
function anEntry(world: World, page: Page, fits: (entry: Entry) => boolean = () => true): Entry | undefined {
  const all = entriesOf(page).filter(fits);
  return all.length > 0 ? world.random.pick(all) : undefined;
}

/** Says in the trace which entry an act is about. */
const about = (world: World, page: Page, entry: string): void => world.scheduler.note(`${page.name}   about ${entry}`);

/**
 * Whether somebody writes in this entry on another page of the device. Nobody does in two at once: a draft is one row,
 * the last page to type keeps it, and a word of the other is kept only until then.
 */
const isWrittenElsewhere = (page: Page, id: string): boolean =>
  page.device.pages.some((other) => other !== page && (other.opens === id || other.writing?.draft.id === id));

/** What somebody makes of a text: words more, words less, paragraphs. */
function changed(random: Random, text: string, fresh: () => string): string {
  const pieces = text.split(/(\s+)/).filter((piece) => piece !== "");
  const at = random.below(pieces.length + 1);
  if (pieces.length > 2 && random.chance(0.25)) {
    pieces.splice(at, 1 + random.below(3), ...(random.chance(0.5) ? [" ", fresh(), " "] : []));
  } else {
    const after = random.pick([" ", " ", ". ", "\n", "\n\n"]);
    pieces.splice(random.chance(0.6) ? pieces.length : at, 0, " ", fresh(), after);
  }
  return pieces.join("");
}

/** Types once in what is open, and learns when it is kept. */
function typeOn(world: World, page: Page): void {
  const { writing } = page;
  if (!writing) return;
  const { words, random, ana, scheduler } = world;
  const { draft } = writing;
  const before = draft.fields.text;
  const text = changed(random, before, () => words.type(ana.name, page, draft.id, scheduler.now));
  const left = wordsIn(text);
  words.excuse(
    [...wordsIn(before)].filter((word) => !left.has(word)),
    "edited away",
  );
  const slider = random.chance(0.2) ? { sliders: { ...draft.fields.sliders, mood: random.below(11) } } : {};
  const feeling = random.chance(0.2)
    ? { feelings: [...new Set([...draft.fields.feelings, random.pick(["calm", "tired", "glad"])])] }
    : {};
  draft.set({ text, ...slider, ...feeling });
  scheduler.note(`${page.name} types ${draft.id.slice(0, 8)}: ${JSON.stringify(text)}`);
  draft.kept().then(
    () => words.keep(text),
    // Refused: nothing was promised.
    () => undefined,
  );
}

async function open(world: World, page: Page, id?: string): Promise<void> {
  page.opens = id;
  try {
    page.writing = { draft: await page.store.journal.openDraft(id), entry: id };
    typeOn(world, page);
  } finally {
    page.opens = undefined;
  }
}

/** Leaves what is open; until that has come to the disk nobody opens it on another page. */
async function closing(page: Page, work: () => Promise<unknown>): Promise<void> {
  page.opens = page.writing?.draft.id;
  page.writing = undefined;
  try {
    await work();
  } finally {
    page.opens = undefined;
  }
}

/** What Ana does. */
export const WRITING: readonly Act[] = [
  {
    name: "begins an entry",
    weight: 6,
    on: (world, page) =>
      page.writing || page.store.session.phase === "signed-out" ? undefined : () => open(world, page),
  },
  {
    name: "types",
    weight: 24,
    on: (world, page) => (page.writing ? async () => typeOn(world, page) : undefined),
  },
  {
    name: "changes an entry",
    weight: 18,
    on(world, page) {
      const entry = anEntry(world, page, ({ id }) => !isWrittenElsewhere(page, id));
      return !page.writing && entry ? () => open(world, page, entry.id) : undefined;
    },
  },
  {
    name: "goes on with a draft",
    weight: 6,
    on(world, page) {
      const left = page.store.journal.drafts.filter(({ id }) => !isWrittenElsewhere(page, id));
      return !page.writing && isUnlocked(page) && left.length > 0
        ? () => open(world, page, world.random.pick(left).id)
        : undefined;
    },
  },
  {
    name: "is done",
    weight: 16,
    on(world, page) {
      const { writing } = page;
      if (!writing) return undefined;
      return async () => {
        const { text } = writing.draft.fields;
        await closing(page, async () => {
          try {
            await writing.draft.done();
            world.words.keep(text);
          } catch (error) {
            page.writing = writing;
            throw error;
          }
        });
      };
    },
  },
  {
    name: "leaves it open",
    weight: 2,
    on(_, page) {
      const { writing } = page;
      return writing && (() => closing(page, () => writing.draft.kept()));
    },
  },
  {
    name: "discards",
    weight: 2,
    on(world, page) {
      const { writing } = page;
      if (!writing) return undefined;
      return async () => {
        const stays = page.store.journal.entry(writing.draft.id);
        const staying = wordsIn(`${stays?.text ?? ""} ${stays?.unsentChange?.text ?? ""}`);
        const dropped = [...wordsIn(writing.draft.fields.text)].filter((word) => !staying.has(word));
        world.words.excuse(dropped, "discarded");
        await closing(page, () => writing.draft.discard());
      };
    },
  },
  {
    name: "shares",
    weight: 10,
    on(world, page) {
      const entry = anEntry(world, page);
      if (!entry) return undefined;
      return async () => {
        about(world, page, entry.id);
        world.words.tap(entry.id, { kind: "share", page, at: world.scheduler.now });
        world.reopen(page.device, entry.id);
        await page.store.journal.setReaders(entry.id, world.random.pick(["to-read", "for-our-session"]));
        // Whatever was taken back before it came to the disk.
        world.reopen(page.device, entry.id);
      };
    },
  },
  {
    name: "takes back",
    weight: 7,
    on(world, page) {
      const entry = anEntry(world, page, ({ readers }) => readers.length > 0);
      if (!entry) return undefined;
      return async () => {
        about(world, page, entry.id);
        world.words.tap(entry.id, { kind: "take-back", page, at: world.scheduler.now });
        await page.store.journal.takeBack(entry.id);
        world.close(page.device, entry.id);
      };
    },
  },
  {
    name: "sends the change",
    weight: 14,
    on(world, page) {
      const entry = anEntry(world, page, ({ unsentChange }) => unsentChange !== undefined);
      if (!entry) return undefined;
      return () => {
        about(world, page, entry.id);
        world.words.tap(entry.id, { kind: "send", page, at: world.scheduler.now });
        return page.store.journal.sendTheChange(entry.id);
      };
    },
  },
  {
    name: "drops the change",
    weight: 1,
    on(world, page) {
      const entry = anEntry(world, page, ({ unsentChange }) => unsentChange !== undefined);
      if (!entry) return undefined;
      return () => {
        about(world, page, entry.id);
        const staying = wordsIn(entry.text);
        const dropped = [...wordsIn(entry.unsentChange?.text ?? "")].filter((word) => !staying.has(word));
        world.words.excuse(dropped, "dropped");
        return page.store.journal.dropTheChange(entry.id);
      };
    },
  },
  {
    name: "comments",
    weight: 4,
    on(world, page) {
      const entry = anEntry(world, page);
      return entry ? () => comment(world, page, "Ana", entry.id) : undefined;
    },
  },
  {
    name: "deletes",
    weight: 4,
    on(world, page) {
      const entry = anEntry(world, page, ({ id }) => page.writing?.draft.id !== id);
      if (!entry) return undefined;
      return async () => {
        about(world, page, entry.id);
        const why = `deleted ${world.scheduler.trace.length}`;
        page.deleted = { entry: entry.id, why, until: world.scheduler.now + UNDO, ahead: page.device.ahead };
        const draft = page.store.journal.drafts.find((other) => other.entry === entry.id)?.beginning ?? "";
        const comments = entry.comments.map(({ text }) => text).join(" ");
        const seen = `${entry.text} ${entry.unsentChange?.text ?? ""} ${draft} ${comments}`;
        world.words.excuse(wordsIn(seen), why);
        await page.store.journal.deleteEntry(entry.id);
      };
    },
  },
  {
    name: "undoes the deletion",
    weight: 12,
    on(world, page) {
      const { deleted } = page;
      if (!deleted || world.scheduler.now > deleted.until || page.device.ahead !== deleted.ahead) return undefined;
      return async () => {
        page.deleted = undefined;
        about(world, page, deleted.entry);
        await page.store.journal.undoDelete(deleted.entry);
        world.words.demand(deleted.why);
      };
    },
  },
];

async function comment(world: World, page: Page, person: string, entry: string): Promise<void> {
  const text = `Yes, ${world.words.type(person, page, entry, world.scheduler.now, true)}.`;
  about(world, page, entry);
  // Goes on with what the page shows: another one may have begun it.
  page.store.journal.setAnswer(entry, `${page.store.journal.answer(entry)} ${text}`);
  await page.store.journal.sendAnswer(entry);
  world.words.keep(text);
}

/** What Rivera does. */
export const READING: readonly Act[] = [
  {
    name: "reads",
    weight: 10,
    on(world, page) {
      const all = isUnlocked(page) ? sharedOn(page) : [];
      if (all.length === 0) return undefined;
      const { id } = world.random.pick(all);
      return () => page.store.review.markRead(id);
    },
  },
  {
    name: "marks reviewed",
    weight: 5,
    on(world, page) {
      const all = isUnlocked(page) ? sharedOn(page) : [];
      if (all.length === 0) return undefined;
      const { id, reviewedAt } = world.random.pick(all);
      return () => (reviewedAt ? page.store.review.undoReviewed(id) : page.store.review.markReviewed(id));
    },
  },
  {
    name: "answers",
    weight: 8,
    on(world, page) {
      const all = isUnlocked(page) ? sharedOn(page) : [];
      if (all.length === 0) return undefined;
      const { id } = world.random.pick(all);
      return () => comment(world, page, "Rivera", id);
    },
  },
];

/** What Ana does where somebody may know her passphrase. */
export const RENEWING: readonly Act[] = [
  {
    name: "renews all keys",
    weight: 6,
    on(world, page) {
      if (!isUnlocked(page) || page.writing || page.store.session.expired) return undefined;
      return async () => {
        const next = `${PASSPHRASE} ${world.ana.passphrases.length}`;
        const rotation = await page.store.rotation();
        const prepare = (passphrase: string) => rotation.prepare({ method: "passphrase", passphrase }, next);
        const keys = await world.withPassphrase(world.ana, prepare);
        world.ana.passphrases.unshift(next);
        world.renewed = true;
        world.backup = undefined;
        try {
          await keys.start(() => undefined);
        } finally {
          keys.drop();
        }
      };
    },
  },
  {
    name: "goes on with new keys",
    weight: 12,
    on(world, page) {
      if (!page.store.session.renewing || !isUnlocked(page)) return undefined;
      return async () => {
        const rotation = await page.store.rotation();
        await world.withPassphrase(world.ana, (passphrase) =>
          rotation.goOn({ method: "passphrase", passphrase }, () => undefined),
        );
      };
    },
  },
];

/** What everybody does. */
export const LIVING: readonly Act[] = [
  {
    name: "looks",
    weight: 4,
    on: (_, page) => async () => {
      for (const look of page.looks) look();
    },
  },
  {
    name: "locks",
    weight: 1,
    on: (_, page) => (isUnlocked(page) ? () => closing(page, () => page.store.session.lock()) : undefined),
  },
  {
    name: "unlocks",
    weight: 12,
    on: (world, page) =>
      page.store.session.phase === "locked"
        ? () => world.withPassphrase(world.personOf(page.device), (passphrase) => page.store.session.unlock(passphrase))
        : undefined,
  },
  {
    name: "signs in",
    weight: 14,
    on(world, page) {
      const { phase, expired } = page.store.session;
      if (phase !== "signed-out" && !expired) return undefined;
      const person = world.personOf(page.device);
      return async () => {
        // One that was cut off; a signing-out that begins while this one takes its time goes on.
        const { givingUp } = page.device;
        await world.withPassphrase(person, (passphrase) => page.store.session.signIn(person.email, passphrase));
        if (givingUp) page.device.givingUp = false;
      };
    },
  },
  {
    name: "signs out",
    weight: 0.3,
    on(world, page) {
      if (page.store.session.phase === "signed-out" || page.writing) return undefined;
      return async () => {
        await page.store.session.signOut();
        world.words.empty(page.device);
      };
    },
  },
  {
    name: "gives up what isn't sent, and signs out",
    weight: 0.2,
    on(world, page) {
      if (page.store.session.phase === "signed-out") return undefined;
      return async () => {
        page.writing = undefined;
        page.device.givingUp = true;
        world.words.lose(page.device, "given up");
        world.forgetClosed(page.device);
        await page.store.session.signOut(true);
        page.device.givingUp = false;
        // Once more: a server that was restored meanwhile no longer has what it had when this was begun.
        world.words.lose(page.device, "given up");
      };
    },
  },
  {
    name: "hides or shows the page",
    weight: 1,
    on: (_, page) => async () => {
      page.sight.hidden = !page.sight.hidden;
      if (page.sight.hidden) page.sight.hide();
      else page.sight.show();
    },
  },
];
