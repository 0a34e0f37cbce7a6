import { createContext } from "svelte";
import { SvelteMap } from "svelte/reactivity";

/**
 * What may stand above a screen, the more important first: what somebody loses or a stranger may have done; what one tap
 * settles; what waits for another person; what is only asked, offered or told. So what one tap settles doesn't stand behind
 * what only somebody else can.
 */
const ORDER = [
  "not-kept",
  "at-risk",
  "new-device",
  "unfinished-keys",
  "reminders-lost",
  "closed",
  "restored",
  "journal-short",
  "take-in",
  "update",
  "my-keys",
  "their-keys",
  "give-back",
  "share-anew",
  "kit",
  "reminders-offer",
  "journal-at",
] as const;

export type Turn = (typeof ORDER)[number];

/** Lets one notice speak at a time. */
export class Turns {
  readonly #wanted = new SvelteMap<Turn, () => boolean>();
  readonly #first: Turn | undefined = $derived(ORDER.find((turn) => this.#wanted.get(turn)?.()));

  /** Whether it is this one's turn, now and later; `wanted`: it has something to say. Call it once for each turn. */
  take(turn: Turn, wanted: () => boolean): () => boolean {
    this.#wanted.set(turn, wanted);
    return () => this.#first === turn;
  }
}

const [turnsHere, setTurns] = createContext<Turns>();

/** Gives turns to the notices inside the component that calls this. */
export const shareTurns = (turns: Turns): Turns => setTurns(turns);

/** {@link Turns.take}, among the notices that stand together. Call it while the component is made. */
export const takeTurn = (turn: Turn, wanted: () => boolean): (() => boolean) => turnsHere().take(turn, wanted);
