/** What the later screens say, in Spanish. */

import { accounts } from "./es/accounts";
import { care } from "./es/care";
import { review } from "./es/review";
import { shell } from "./es/shell";
import type { MoreMessages } from "./language.svelte";

export const esMore = { ...accounts, ...care, ...review, ...shell } satisfies MoreMessages;
