/**
 * What the app says, in English. The two parts are the shape that all other catalogues have to match: what the first
 * screens need, and what is fetched with the first of the others.
 */

import { common } from "./en/common";
import { journal } from "./en/journal";

export const en = { ...common, ...journal } as const;
