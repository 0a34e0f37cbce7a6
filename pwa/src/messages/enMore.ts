/** What the later screens say, in English: joining and the account, working together, sessions, reading. */

import { accounts } from "./en/accounts";
import { appointments } from "./en/appointments";
import { care } from "./en/care";
import { newKeys } from "./en/newKeys";
import { notices } from "./en/notices";
import { passkeys } from "./en/passkeys";
import { reconnecting } from "./en/reconnecting";
import { reminders } from "./en/reminders";
import { review } from "./en/review";
import { shell } from "./en/shell";

export const enMore = {
  ...accounts,
  ...appointments,
  ...care,
  ...newKeys,
  ...notices,
  ...passkeys,
  ...reconnecting,
  ...reminders,
  ...review,
  ...shell,
} as const;
