/** What the app says, in Spanish: tú, plain, and as warm as the English is calm. */

import { common } from "./es/common";
import { journal } from "./es/journal";
import type { Messages } from "./language.svelte";

export const es = { ...common, ...journal } satisfies Messages;
