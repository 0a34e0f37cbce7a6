import { type Api, ApiProblem, NoAnswer } from "../api/client";
import type { Environment } from "./environment";
import { StoreError, unlessStorage } from "./errors";
import type { Exchange } from "./exchange";
import { recordOf } from "./opening";
import type { Shelf } from "./shelf.svelte";
import type { Fault, Sync } from "./syncing";

/** What else is looked after in each round: lists in plain, answers to invitations. */
export type Refresh = () => Promise<void>;

/**
 * When to fetch and send: after each change, on the server's events, each minute, when the page comes to the front. One
 * round at a time in all pages of a device; rounds that meet nonetheless do no harm.
 */
export class SyncRounds implements Sync {
  state = $state<"idle" | "working" | "offline" | "paused">("idle");
  online = $state(true);
  #tail: Promise<void> = Promise.resolve();
  #queued: Promise<void> | undefined;
  #stopListening: (() => void) | undefined;
  #leads = false;

  readonly unsent: number = $derived.by(() => {
    const { outbox, drafts } = this.shelf.counted;
    return new Set([...outbox.keys(), ...drafts.map(recordOf)]).size;
  });
  readonly losesWords: boolean = $derived.by(() => {
    const { outbox, drafts } = this.shelf.counted;
    return drafts.length > 0 || [...outbox.values()].some(({ action, content }) => action === "save" && content);
  });
  readonly heldDeletions: number = $derived.by(
    () => [...this.shelf.records.values()].filter((opened) => opened.row.ended).length,
  );

  constructor(
    private readonly shelf: Shelf,
    private readonly api: Api,
    /** Rejects with {@link NoAnswer} where its code can't be fetched. */
    private readonly exchange: () => Promise<Exchange>,
    private readonly environment: Environment,
    private readonly refresh: Refresh,
    /** Of the database that the last answer came from. */
    private readonly incarnation: () => string | undefined,
  ) {}

  get lastPull(): number | undefined {
    return this.shelf.here?.lastPull;
  }

  get restored(): boolean {
    return this.shelf.here?.restored ?? false;
  }

  /** Whether the server was restored, and what is here hasn't been compared with what it has since. */
  get isToCompare(): boolean {
    const { here } = this.shelf;
    const last = this.incarnation();
    const isElsewhere = here?.incarnation !== undefined && last !== undefined && last !== here.incarnation;
    return here !== undefined && (here.comparing || isElsewhere);
  }

  get journalAt(): number | null | undefined {
    return this.shelf.here?.journalAt;
  }

  get faults(): readonly Fault[] {
    return this.shelf.faults;
  }

  get storageFailed(): boolean {
    return this.shelf.storageFailed;
  }

  get blocked(): boolean {
    return this.shelf.blocked;
  }

  /** Begins to look by itself. */
  begin(): void {
    this.environment.whenToLook(() => void this.now());
    this.environment.lead(() => {
      this.#leads = true;
      this.listen();
      return () => this.#stopListening?.();
    });
  }

  /** Listens to the server's events anew, or no longer where nobody is signed in. */
  listen(): void {
    this.#stopListening?.();
    this.#stopListening = undefined;
    const { here } = this.shelf;
    if (this.#leads && here && !here.expired) {
      this.#stopListening = this.environment.listen(this.api.stream, () => void this.now());
    }
  }

  /** A round that begins after this call. Never rejects. */
  now(): Promise<void> {
    this.#queued ??= this.#tail = this.#tail.then(() => {
      this.#queued = undefined;
      return this.#round();
    });
    return this.#queued;
  }

  async #round(): Promise<void> {
    const { here } = this.shelf;
    if (!here) {
      this.state = "idle";
      return;
    }
    if (here.expired) {
      this.state = "paused";
      return;
    }
    this.state = "working";
    try {
      await this.environment.exclusively("aftertide-sync", () => this.#exchange());
      this.online = true;
      this.state = this.shelf.keys || this.shelf.counted.outbox.size === 0 ? "idle" : "paused";
    } catch (error) {
      // Where storage refuses even that, the next round comes to the same; a round that rejects would be the last.
      await this.#failed(error).catch(unlessStorage);
    }
  }

  async #exchange(): Promise<void> {
    const { pull, push, access } = await this.exchange();
    if (!this.shelf.keys) {
      await push.sendSealed();
      // There is no feed without keys: what has been removed elsewhere must not open them.
      return access.look();
    }
    await access.follow(await pull.fetchAll());
    await this.refresh();
    await pull.judgeOthers();
    await push.sendAll();
  }

  async #failed(error: unknown): Promise<void> {
    if (error instanceof NoAnswer) {
      this.online = false;
      this.state = "offline";
    } else if (error instanceof ApiProblem) {
      this.online = true;
      this.state = "paused";
      // Ended from elsewhere: sending pauses until somebody signs in again, and no word is dropped.
      if (error.status === 401) {
        await this.shelf.updateHere({ expired: true });
        this.listen();
      }
    } else if (error instanceof StoreError) {
      // Locked or signed out meanwhile, or storage refuses, which `storageFailed` shows.
      this.state = "paused";
    } else {
      this.state = "paused";
      this.environment.report(error);
    }
  }

  /** The account's key slots have changed: keeps them as they are now. */
  async keepSlots(): Promise<void> {
    await (await this.exchange()).access.look();
  }

  async applyDeletions(): Promise<void> {
    const { pull } = await this.exchange();
    await pull.applyDeletions();
    for (const fault of this.shelf.faults.filter(({ kind }) => kind === "deletion-wave")) {
      await this.shelf.clearFault("deletion-wave", fault.record);
    }
  }

  dismissFault(id: string): Promise<void> {
    return this.shelf.dismissFault(id);
  }

  /** Does something while no round runs in any page: what a round writes must not outlive a sign-out. */
  between(work: () => Promise<void>): Promise<void> {
    const done = this.#tail.then(() => this.environment.exclusively("aftertide-sync", work));
    this.#tail = done.catch(() => undefined);
    return done;
  }

  dismissJournalAt(): void {
    this.shelf.updateHere({ journalAt: undefined }).catch(unlessStorage);
  }

  dismissRestored(): void {
    this.shelf.updateHere({ restored: false }).catch(unlessStorage);
  }
}
