/** Sends pending changes. One that can't go out never blocks another; none is dropped but on our server's answer. */
import { type Api, ApiProblem, type Schemas, ServerFault } from "../api/client";
import { newId, PaddingError, ProtocolError } from "../protocol";
import type { Attempt, Mark, PendingChange } from "./database";
import { openOwn } from "./judging";
import { goesWith } from "./opening";
import { isDue, type Outbox } from "./outbox";
import { type Outgoing, settledChange } from "./outgoing";
import type { Pull } from "./pull";
import type { Restoring } from "./restoring";
import type { Shelf } from "./shelf.svelte";

/** Tries for one change in one run: each answers a merge, so more than a few mean that something is wrong. */
const TRIES = 4;

/** Of which generation the keys are under which it was sealed. */
const genOf = ({ body }: Attempt): number => (JSON.parse(body) as { readonly gen?: number }).gen ?? 1;

interface Answered {
  readonly counter?: number;
  readonly lost?: true;
}

export class Push {
  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    private readonly outbox: Outbox,
    private readonly outgoing: Outgoing,
    private readonly restoring: Restoring,
    private readonly pull: Pull,
  ) {}

  /** Sends what is sealed already: works while locked. Rejects as {@link Push.sendAll} does. */
  async sendSealed(): Promise<void> {
    await this.#each(
      this.#ready().filter((change) => change.attempt),
      (change) => this.#send(change.record, false),
    );
  }

  /**
   * Seals and sends everything that is ready; call it after a pull. Rejects with {@link NoAnswer} when the server can't
   * be reached, and with {@link ApiProblem} 401 or 429 when it wants a sign-in or a pause.
   */
  async sendAll(): Promise<void> {
    await this.#renew();
    await this.#each(this.#ready(), (change) => this.#send(change.record, true));
    await this.#each(await this.shelf.database.all("marks"), (mark) => this.#sendMark(mark));
  }

  /** Does all of it, and then rejects with the first fault that the server had with one of them. */
  async #each<T>(all: readonly T[], send: (one: T) => Promise<void>): Promise<void> {
    let fault: ServerFault | undefined;
    for (const one of all) {
      try {
        await send(one);
      } catch (error) {
        if (!(error instanceof ServerFault)) throw error;
        fault ??= error;
      }
    }
    if (fault) throw fault;
  }

  /** An answer below an own entry that the server didn't have goes again once it has it. */
  async #renew(): Promise<void> {
    for (const { record, about, refused } of this.shelf.counted.outbox.values()) {
      if (refused !== "no-longer-shared" || !this.shelf.records.get(about)?.own) continue;
      await this.outbox.amend(record, (current) => ({ ...current, refused: undefined }));
    }
  }

  /** What may go out now, oldest first; what is about a record that the server hasn't got waits for that. */
  #ready(): PendingChange[] {
    const { outbox } = this.shelf.counted;
    const now = this.shelf.now();
    const first = (change: PendingChange) => change.about === "" || !this.#isUnsent(change.about);
    return [...outbox.values()]
      .filter((change) => !change.refused && isDue(change, now))
      .sort((a, b) => Number(!first(a)) - Number(!first(b)) || a.at - b.at);
  }

  #isUnsent(record: string): boolean {
    return this.shelf.counted.outbox.has(record) && !this.shelf.records.has(record);
  }

  async #send(record: string, seal: boolean): Promise<void> {
    for (let tried = 0; tried < TRIES; tried++) {
      const change = this.shelf.counted.outbox.get(record);
      if (!change || change.refused || !isDue(change, this.shelf.now())) return;
      if (change.about !== "" && this.#isUnsent(change.about)) return;
      const attempt = change.attempt ?? (seal && this.shelf.keys ? await this.#seal(change) : undefined);
      if (!attempt) return;
      let counter = 0;
      try {
        ({ cursor: counter } = await this.api.sendSealed(attempt.path, attempt.body));
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        // Restored since the last look: what it has now is no rollback, but for the next round to compare.
        if (this.pull.isElsewhere) return this.#again(record);
        await this.#refused(change, attempt, error);
        if (!this.shelf.keys) return;
        continue;
      }
      await this.#accepted(record, attempt, { counter });
    }
  }

  async #seal(change: PendingChange): Promise<Attempt | undefined> {
    try {
      return await this.outgoing.seal(change);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      // Too large, or a reader's key that nothing can be sealed to: the words stay, and the screen says so.
      await this.outbox.amend(change.record, (current) => ({
        ...current,
        refused: error instanceof PaddingError ? "too-large" : "unsealable",
      }));
      return undefined;
    }
  }

  /** `counter`: the account's, as of the answer; `lost`: the server had nothing to delete. */
  async #accepted(record: string, attempt: Attempt, { counter = 0, lost }: Answered = {}): Promise<void> {
    const { shelf } = this;
    // Sealed under keys that have become former ones meanwhile: it comes anew, and what is wanted is compared with that.
    if (genOf(attempt) !== shelf.requireHere().gen) return this.#again(record);
    const { result } = attempt;
    const version = result?.accepted;
    const content = shelf.keys && result && version ? await openOwn(shelf.keys, result, version) : undefined;
    const words = result ? undefined : await this.restoring.sealWords(record);
    const given: string[] = [];
    const stores = ["here", "outbox", "records", "remembered", "drafts"] as const;
    const { next, stands, here } = await shelf.database.write([...stores], "strict", async (transaction) => {
      const current = await transaction.get("outbox", record);
      const before = await transaction.get("remembered", record);
      // The answer to a request sent twice may come after another page has saved a newer revision, or deleted it.
      const stands = (before?.revision ?? 0) <= attempt.revision && (!before?.ended || before.lost === true);
      if (result && version && stands) {
        const { epoch, revision, hash } = version;
        await transaction.put("records", result);
        await transaction.put("remembered", { id: record, epoch, revision, hash, ended: false });
      }
      if (!result) {
        await transaction.delete("records", record);
        for (const draft of await transaction.all("drafts")) {
          if (!goesWith(current, draft)) continue;
          await transaction.delete("drafts", draft.id);
          given.push(draft.id);
        }
        const seen = { epoch: before?.epoch ?? 1, hash: before?.hash ?? "", revision: attempt.revision };
        await transaction.put("remembered", { id: record, ...seen, ended: true, words, ...(lost && { lost }) });
      }
      const settled = current && settledChange(current, attempt);
      if (settled) await transaction.put("outbox", settled);
      else await transaction.delete("outbox", record);
      const now = await transaction.get("here", "here");
      const here = now && { ...now, counter: Math.max(counter, now.counter ?? 0) };
      if (here) await transaction.put("here", here, "here");
      return { next: settled, stands, here };
    });
    if (here && here.gen === shelf.here?.gen) shelf.here = here;
    if (content && result && version && stands) shelf.place([{ row: result, version, content, own: true }]);
    if (!result) shelf.place([], [record]);
    shelf.dropDrafts(given);
    await shelf.placeAmended(record, next);
  }

  async #refused(change: PendingChange, attempt: Attempt, problem: ApiProblem): Promise<void> {
    const { record } = change;
    switch (problem.code) {
      case "stale":
        return this.#stale(change, attempt, problem.current as Schemas["RecordView"] | undefined);
      case "deleted": {
        const stone = problem.current as Schemas["TombstoneView"] | undefined;
        if (!this.shelf.keys) return;
        if (!stone || !(await this.pull.takeTombstone(record, stone))) await this.#keep(record, problem.code);
        return;
      }
      case "not-found":
        // Lost in a restore before it could be deleted. Should another device give it back, it is known here, and deleted then.
        return attempt.result ? this.#keep(record, problem.code) : this.#accepted(record, attempt, { lost: true });
      case "request-reused":
        return this.#again(record);
      case "no-longer-shared":
        // About an own record: the server has lost it in a restore, and gets it back.
        return this.shelf.own.has(change.about) ? this.#again(record) : this.#keep(record, problem.code);
      case "not-a-relation":
        // The words go out without the readers that the server refuses; sharing can be chosen again.
        await this.shelf.addFault("share-refused", record, undefined);
        return this.outbox.amend(record, (current) => ({
          ...current,
          attempt: undefined,
          readers: [],
          version: newId(),
        }));
      case "stale-gen":
        // The keys were renewed elsewhere: sealed anew after signing in.
        await this.#again(record);
        await this.shelf.expire(genOf(attempt));
        throw problem;
      case "not-signed-in":
        await this.shelf.updateHere({ expired: true });
        throw problem;
      case "slow-down":
      case "foreign-origin":
        throw problem;
      default:
        return this.#keep(record, problem.code);
    }
  }

  async #stale(change: PendingChange, attempt: Attempt, view: Schemas["RecordView"] | undefined): Promise<void> {
    const { record } = change;
    if (!this.shelf.keys) return;
    if (!view) return this.#missing(change);
    if (view.id !== record || !(await this.pull.take(view))) return this.#keep(record, "stale");
    if (change.action === "delete" && attempt.result === undefined) {
      // Somebody changed it elsewhere since: what they wrote isn't deleted unseen.
      await this.shelf.addFault("kept-after-deletion", record, undefined);
      await this.outgoing.giveUpDeletion(record);
      return;
    }
    const held = this.shelf.records.get(record);
    if (held && held.version.hash === attempt.result?.accepted?.hash) await this.#accepted(record, attempt);
    else await this.#again(record);
  }

  /** The server has nothing of a record. Where two first saves met, the next try is told which one won. */
  async #missing({ record, action }: PendingChange): Promise<void> {
    const held = this.shelf.records.get(record);
    if (action === "save" && held?.own) {
      // It took this record once: that answer is from before a restore, and came past the comparison. It is given back.
      await this.outgoing.offer(held, undefined);
      await this.shelf.database.write(["records"], "strict", (transaction) => transaction.delete("records", record));
      this.shelf.place([], [record]);
    }
    await this.#again(record);
  }

  async #again(record: string): Promise<void> {
    await this.outbox.amend(record, (current) => ({ ...current, attempt: undefined }));
  }

  async #keep(record: string, reason: string): Promise<void> {
    await this.outbox.amend(record, (current) => ({ ...current, attempt: undefined, refused: reason }));
  }

  async #sendMark(mark: Mark): Promise<void> {
    try {
      if (mark.read !== undefined) await this.api.markRead(mark.record, mark.read);
      if (mark.reviewed !== undefined) await this.api.markReviewed(mark.record, mark.reviewed);
    } catch (error) {
      if (!(error instanceof ApiProblem) || error.status === 401 || error.status === 429) throw error;
      // No longer shared, or a revision that is gone: the mark has no object any more.
    }
    await this.#forgetMark(mark);
  }

  async #forgetMark(sent: Mark): Promise<void> {
    await this.shelf.database.write(["marks"], "relaxed", async (transaction) => {
      const current = await transaction.get("marks", sent.record);
      if (current?.read === sent.read && current?.reviewed === sent.reviewed)
        await transaction.delete("marks", sent.record);
    });
  }
}
