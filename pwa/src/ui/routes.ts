/** Every place in the app and its address: the one list that the router, the links and the server's rules agree on. */

/** Where a person is. `id` and `account` are UUIDs in lower case. */
export type Route =
  | { name: "home" }
  | { name: "journal" }
  | { name: "entry"; id: string }
  | { name: "write"; id?: string }
  | { name: "sessions" }
  | { name: "session"; id: string }
  | { name: "you" }
  | { name: "devices" }
  | { name: "passkeys" }
  | { name: "passphrase" }
  | { name: "kit" }
  | { name: "new-keys" }
  | { name: "kit-check" }
  | { name: "erase" }
  | { name: "agreement" }
  | { name: "calendar-feed" }
  | { name: "reminders" }
  | { name: "reminder-history" }
  | { name: "person"; account: string }
  | { name: "to-read"; id?: string }
  | { name: "patients" }
  | { name: "invite" }
  | { name: "patient"; account: string }
  | { name: "calendar" }
  | { name: "book"; account?: string }
  | { name: "practice" }
  | { name: "sign-in" }
  | { name: "join"; invite: string }
  | { name: "begin" }
  | { name: "notice" }
  | { name: "mail" }
  | { name: "mail-stop"; token: string }
  | { name: "help" }
  | { name: "not-found" };

const ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** The address in each mail that stops them (server/channels/mailbox.py). */
const MAIL_STOP = /^\/mail\/stop\/([\w-]{43})$/;

const FIXED: Readonly<Record<string, Route>> = {
  "/": { name: "home" },
  "/journal": { name: "journal" },
  "/write": { name: "write" },
  "/sessions": { name: "sessions" },
  "/you": { name: "you" },
  "/you/devices": { name: "devices" },
  "/you/passkeys": { name: "passkeys" },
  "/you/passphrase": { name: "passphrase" },
  "/you/kit": { name: "kit" },
  "/you/new-keys": { name: "new-keys" },
  "/you/kit/check": { name: "kit-check" },
  "/you/erase": { name: "erase" },
  "/you/agreement": { name: "agreement" },
  "/you/calendar": { name: "calendar-feed" },
  "/you/reminders": { name: "reminders" },
  "/you/reminders/history": { name: "reminder-history" },
  "/to-read": { name: "to-read" },
  "/patients": { name: "patients" },
  "/patients/invite": { name: "invite" },
  "/calendar": { name: "calendar" },
  "/book": { name: "book" },
  "/practice": { name: "practice" },
  "/sign-in": { name: "sign-in" },
  "/begin": { name: "begin" },
  "/notice": { name: "notice" },
  "/mail": { name: "mail" },
  "/help": { name: "help" },
};

/** The place that a path names; `not-found` for any other path. Query and fragment are not part of a path. */
export function routeOf(path: string): Route {
  const trimmed = path.length > 1 ? path.replace(/\/+$/, "") : path;
  const fixed = FIXED[trimmed];
  if (fixed) return fixed;
  const token = MAIL_STOP.exec(trimmed)?.[1];
  if (token) return { name: "mail-stop", token };
  const [, first, id, ...rest] = trimmed.split("/");
  if (id === undefined || rest.length > 0 || !ID.test(id)) return { name: "not-found" };
  switch (first) {
    case "journal":
      return { name: "entry", id };
    case "write":
      return { name: "write", id };
    case "sessions":
      return { name: "session", id };
    case "book":
      return { name: "book", account: id };
    case "to-read":
      return { name: "to-read", id };
    case "patients":
      return { name: "patient", account: id };
    case "people":
      return { name: "person", account: id };
    case "join":
      return { name: "join", invite: id };
    default:
      return { name: "not-found" };
  }
}

/** The path of a place: the inverse of `routeOf`. */
export function pathOf(route: Route): string {
  switch (route.name) {
    case "entry":
      return `/journal/${route.id}`;
    case "write":
      return route.id ? `/write/${route.id}` : "/write";
    case "session":
      return `/sessions/${route.id}`;
    case "book":
      return route.account ? `/book/${route.account}` : "/book";
    case "to-read":
      return route.id ? `/to-read/${route.id}` : "/to-read";
    case "patient":
      return `/patients/${route.account}`;
    case "person":
      return `/people/${route.account}`;
    case "join":
      return `/join/${route.invite}`;
    case "mail-stop":
      return `/mail/stop/${route.token}`;
    case "not-found":
      return "/";
    default:
      for (const [path, fixed] of Object.entries(FIXED)) if (fixed.name === route.name) return path;
      return "/";
  }
}
