/** What the store needs of the page around it; tests bring their own. */
export interface Environment {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back after so many milliseconds; gives the way to take that back. */
  after(milliseconds: number, work: () => void): () => void;
  /** Lets the page draw and answer before more is done. */
  breathe(): Promise<void>;
  /** Runs `work` while no other page of this device does; at once where the browser has no locks. */
  exclusively<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Calls `lead` once this page is the one that listens for all, and its result when it no longer is. */
  lead(lead: () => () => void): void;
  /** Listens to the server's events; gives the way to stop. */
  listen(address: string, onChange: () => void): () => void;
  /** Tells the other pages of this device that something was written. */
  tellOthers(message: Message): void;
  /** Hears what other pages tell. */
  hearOthers(hear: (message: Message) => void): void;
  /** Calls back when it is time to look: online again or no longer, in front again, each minute. */
  whenToLook(look: () => void): void;
  /** Calls back when the page goes out of sight and comes back. */
  whenHidden(hidden: () => void, shown: () => void): void;
  /** Calls back once the first screen is there. */
  whenIdle(work: () => void): void;
  /** A fault of our own that nobody awaits: it must be seen in development and by tests. */
  report(error: unknown): void;
  /** What this device keeps beside its store, in plain and whoever is here: small choices, never words. */
  readonly choices: Pick<Storage, "getItem" | "setItem">;
  readonly timeZone: string;
  /** Whether the browser thinks there is a network. */
  readonly online: boolean;
}

export type Message = "changed" | "keys";

const MINUTE = 60_000;

/** The environment of a browser's page. */
export function browserEnvironment(): Environment {
  const channel = "BroadcastChannel" in globalThis ? new BroadcastChannel("aftertide") : undefined;
  return {
    now: () => Date.now(),
    after(milliseconds, work) {
      const timer = setTimeout(work, milliseconds);
      return () => clearTimeout(timer);
    },
    // A time-out of nothing waits four milliseconds once it is nested; a message doesn't.
    breathe: () =>
      new Promise((resolve) => {
        const { port1, port2 } = new MessageChannel();
        port1.onmessage = () => {
          port1.close();
          resolve();
        };
        port2.postMessage(undefined);
      }),
    exclusively: async (name, work) => (navigator.locks ? await navigator.locks.request(name, work) : work()),
    lead(lead) {
      if (!navigator.locks) {
        lead();
        return;
      }
      // Held until the page goes: the browser then gives it to another page.
      void navigator.locks.request("aftertide-leader", () => {
        lead();
        return new Promise<void>(() => undefined);
      });
    },
    listen(address, onChange) {
      let events: EventSource;
      let again: ReturnType<typeof setTimeout> | undefined;
      const open = (): void => {
        events = new EventSource(address);
        events.addEventListener("changed", onChange);
        // The stream also ends when the session does, and after a refusal the browser doesn't come back: look, then begin anew.
        events.addEventListener("error", () => {
          onChange();
          if (events.readyState === EventSource.CLOSED) again = setTimeout(open, MINUTE);
        });
      };
      open();
      return () => {
        clearTimeout(again);
        events.close();
      };
    },
    tellOthers: (message) => channel?.postMessage(message),
    hearOthers(hear) {
      channel?.addEventListener("message", (event: MessageEvent<Message>) => hear(event.data));
    },
    whenToLook(look) {
      addEventListener("online", look);
      // A look in vain tells that there is no connection; the event stream alone may be waiting to begin anew.
      addEventListener("offline", look);
      addEventListener("focus", look);
      document.addEventListener("visibilitychange", () => {
        if (document.visibilityState === "visible") look();
      });
      setInterval(() => {
        if (document.visibilityState === "visible") look();
      }, MINUTE);
    },
    whenHidden(hidden, shown) {
      document.addEventListener("visibilitychange", () => (document.visibilityState === "hidden" ? hidden() : shown()));
      addEventListener("pagehide", hidden);
    },
    // Safari has no idle callbacks.
    whenIdle: (work) => void ("requestIdleCallback" in globalThis ? requestIdleCallback(work) : setTimeout(work, 500)),
    report: (error) => reportError(error),
    choices: localStorage,
    get timeZone() {
      return Intl.DateTimeFormat().resolvedOptions().timeZone;
    },
    get online() {
      return navigator.onLine;
    },
  };
}
