/** What the later screens say, in English: joining and the account, working together, reading. */

import { accounts } from "./en/accounts";
import { care } from "./en/care";
import { review } from "./en/review";
import { shell } from "./en/shell";

export const enMore = { ...accounts, ...care, ...review, ...shell } as const;
