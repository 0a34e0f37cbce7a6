/**
 * The protocol, suite 1 (docs/protocol.md): pure functions over bytes, without DOM, network or storage. What both
 * clients share as data (the schema of the kinds, word lists, the Unicode table) is read from `protocol/` at the top of
 * the project. What only rare screens need (`invitations`, `kit`, `rotation`, `argon2`) is imported from its own file, so that the journal shows
 * without it.
 */
export * from "./account";
export * from "./bytes";
export * from "./context";
export * from "./drafts";
export * from "./email";
export * from "./errors";
export * from "./grants";
export * from "./hpke";
export * from "./ijson";
export type * from "./invitations";
export * from "./kinds";
export type * from "./kit";
export * from "./memory";
export * from "./padding";
export * from "./passphrase";
export * from "./records";
export * from "./slots";
export * from "./sources";
export * from "./symmetric";
export * from "./words";
