import { isOpen } from "./appointmentStates";
import type { AppointmentKind, AppointmentState } from "./calendar";

const DAY = 86_400_000;

/** What moving needs to know of an appointment, as the server has it or as screens see it. */
interface Movable {
  readonly id: string;
  readonly kind: AppointmentKind;
  readonly series?: string | null | undefined;
  readonly state: AppointmentState;
  /** A wall time. */
  readonly starts: string;
  readonly minutes: number;
}

/** An appointment with where it is to be. */
export interface Moved<T> {
  readonly one: T;
  readonly starts: string;
  readonly minutes: number;
}

const noon = (wall: string): number => Date.parse(`${wall.slice(0, 10)}T12:00:00Z`);

/**
 * The moves of one appointment to another start and length, the first of them its own. With `rest` all later ones of its
 * series that aren't over go with it by as many days: those of its kind to the same hour and length, the others keep theirs.
 */
export function movesOf<T extends Movable>(
  list: readonly T[],
  first: T,
  to: { readonly starts: string; readonly minutes: number; readonly rest: boolean },
): Moved<T>[] {
  const days = Math.round((noon(to.starts) - noon(first.starts)) / DAY);
  const later = list.filter(
    (one) => to.rest && first.series && one.series === first.series && one.starts > first.starts && isOpen(one),
  );
  return [
    { one: first, starts: to.starts, minutes: to.minutes },
    ...later.map((one) => {
      const day = new Date(noon(one.starts) + days * DAY).toISOString().slice(0, 10);
      const alike = one.kind === first.kind;
      return {
        one,
        starts: `${day}T${(alike ? to.starts : one.starts).slice(11)}`,
        minutes: alike ? to.minutes : one.minutes,
      };
    }),
  ];
}
