/** The check that a kit is at hand: one of its groups among others that are made up, gone with the screen. */

/** Crockford's symbols, without those that only a check symbol takes. */
const SYMBOLS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const GROUP = 4;
/** Groups of four; the check symbol stands alone behind them. */
export const PLACES = 8;
const CHOICES = 3;

export interface KitQuestion {
  /** Which group is asked for, counted from 0; never the first, which people tend to have in sight. */
  readonly place: number;
  /** Three groups, one of them the kit's. */
  readonly choices: readonly string[];
}

/** A whole number from 0 up to and without `end`. */
const upTo = (end: number): number => Math.floor(Math.random() * end);

function madeUp(): string {
  return Array.from({ length: GROUP }, () => SYMBOLS.charAt(upTo(SYMBOLS.length))).join("");
}

/** A question about a kit, at another place than `before`. The groups that aren't the right one stand nowhere in the kit. */
export function questionAbout(kit: string, before?: number): KitQuestion {
  const groups = kit.split("-");
  const places = Array.from({ length: PLACES - 1 }, (_, at) => at + 1).filter((place) => place !== before);
  const place = places[upTo(places.length)] ?? 1;
  const choices = new Set<string>();
  while (choices.size < CHOICES - 1) {
    const other = madeUp();
    if (!groups.includes(other)) choices.add(other);
  }
  const shown = [...choices];
  shown.splice(upTo(CHOICES), 0, groups[place] ?? "");
  return { place, choices: shown };
}
