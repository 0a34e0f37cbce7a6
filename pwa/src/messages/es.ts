/** What the app says, in Spanish: tú, plain, and as warm as the English is calm. */

import { accounts } from "./es/accounts";
import { care } from "./es/care";
import { common } from "./es/common";
import { journal } from "./es/journal";
import { review } from "./es/review";
import type { Messages } from "./language.svelte";

export const es = { ...common, ...accounts, ...journal, ...care, ...review } satisfies Messages;
