/** What the app says, in English. This catalogue is the shape that all others have to match. */

import { accounts } from "./en/accounts";
import { care } from "./en/care";
import { common } from "./en/common";
import { journal } from "./en/journal";
import { review } from "./en/review";

export const en = { ...common, ...accounts, ...journal, ...care, ...review } as const;
