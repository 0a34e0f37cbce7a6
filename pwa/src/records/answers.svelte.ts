/** Answers that are being typed, by entry: kept while one looks at other entries, gone with the keys. */

import { SvelteMap } from "svelte/reactivity";

export const answers = new SvelteMap<string, string>();
