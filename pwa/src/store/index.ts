/** The store: see {@link ./interface} for what screens use. */
export * from "./errors";
export * from "./interface";
