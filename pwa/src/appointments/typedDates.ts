import type { AppointmentKind } from "../store";
import { isWallTime, minutesIn } from "./marks";
import type { Dated } from "./regimens";

/** A date as it stands in its fields. */
export interface TypedDate {
  readonly key: string;
  kind: AppointmentKind;
  starts: string;
  /** Minutes. */
  length: string;
}

export const typedDate = ({ kind, starts, minutes }: Dated): TypedDate => ({
  key: crypto.randomUUID(),
  kind,
  starts,
  length: String(minutes),
});

/** The dates whose fields hold one. */
export const datesIn = (typed: readonly TypedDate[]): Dated[] =>
  typed.flatMap(({ kind, starts, length }) => {
    const minutes = minutesIn(length);
    return isWallTime(starts) && minutes !== undefined ? [{ kind, starts, minutes }] : [];
  });
