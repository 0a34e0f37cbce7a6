/// <reference lib="webworker" />
/**
 * Answers for the app's page and its files from what lies on the device, takes in what other apps share, and shows notices.
 * What the app asks of the server (`/api`) passes it by. It never takes over by itself: see `shell/updates.svelte.ts`.
 */
import { takeNotices } from "./reminders/workerNotices";
import { SHARE } from "./shell/addresses";
import { type BuildFile, KeptBuild } from "./shell/builds";
import { keepShared } from "./shell/sharing";
import { TAKE_OVER, takeOver } from "./shell/takingOver";
import { routeOf } from "./ui/routes";

declare const self: ServiceWorkerGlobalScope & {
  /** Put in by the build. */
  readonly __WB_MANIFEST: readonly BuildFile[];
};

/** Where the browser can leave requests alone by itself, a worker isn't even woken for them (Static Routing API). */
interface RoutingInstallEvent extends ExtendableEvent {
  addRoutes?(rule: { condition: { urlPattern: { pathname: string } }; source: "network" }): Promise<void>;
}

const build = new KeptBuild(self.__WB_MANIFEST);

self.addEventListener("install", (event: RoutingInstallEvent) => {
  const routed = event.addRoutes?.({ condition: { urlPattern: { pathname: "/api/*" } }, source: "network" });
  event.waitUntil(Promise.all([routed, build.install()]));
});

self.addEventListener("activate", (event) => {
  // The page of a first visit, too, then finds its later screens without network.
  event.waitUntil(build.comeIntoForce().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== self.location.origin) return;
  const page = request.mode === "navigate";
  if (request.method === "POST" && page && pathname === SHARE) {
    // In a frame of somebody's page nothing is taken in.
    if (request.destination === "document") event.respondWith(keepShared(request));
  } else if (request.method !== "GET") {
    return;
  } else if (page) {
    if (routeOf(pathname).name !== "not-found") event.respondWith(build.page(request));
  } else if (build.has(pathname)) {
    event.respondWith(build.answer(pathname, request));
  }
});

takeNotices(self);

self.addEventListener("message", (event) => {
  if (event.data === TAKE_OVER) event.waitUntil(takeOver(self, event.ports[0]));
});
