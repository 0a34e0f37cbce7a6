/** What the later screens say, in Spanish. */

import type { MoreMessages } from "./catalogues";
import { accounts } from "./es/accounts";
import { appointments } from "./es/appointments";
import { care } from "./es/care";
import { newKeys } from "./es/newKeys";
import { notices } from "./es/notices";
import { passkeys } from "./es/passkeys";
import { reconnecting } from "./es/reconnecting";
import { reminders } from "./es/reminders";
import { review } from "./es/review";
import { shell } from "./es/shell";

export const esMore = {
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
} satisfies MoreMessages;
