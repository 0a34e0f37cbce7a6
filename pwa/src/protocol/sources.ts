import table from "../../../protocol/kinds.json";
import type { Role } from "./kinds";

/** From whom a record came, as this client knows the sender. */
export type Source =
  | { readonly who: "self" }
  | {
      readonly who: "contact";
      /** The contact's role, as pinned. */
      readonly role: Role;
      /** Whether the contact owns the record that this one is about, or is among its readers. */
      readonly partyToAbout: boolean;
    };

/**
 * Whether a record of `kind` counts from `source`, by the one table of both clients (`kinds.json`). A kind that isn't
 * in it counts from oneself only.
 */
export function counts(kind: string, source: Source): boolean {
  if (source.who === "self") return true;
  const from: readonly string[] = Object.hasOwn(table.sources, kind)
    ? table.sources[kind as keyof typeof table.sources]
    : [];
  return from.includes(source.role) || (from.includes("about") && source.partyToAbout);
}

/** Whether the table names this kind. One that a later release brings is kept and not shown. */
export function isNamedKind(kind: string): boolean {
  return Object.hasOwn(table.sources, kind);
}
