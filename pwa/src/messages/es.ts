/** What the app says, in Spanish: tú, plain, and as warm as the English is calm. */

import type { Messages } from "./catalogues";
import { common } from "./es/common";
import { journal } from "./es/journal";

export const es = { ...common, ...journal } satisfies Messages;
