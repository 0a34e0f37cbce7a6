import "./ui/tokens.css";
import "./ui/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { arrival } from "./accounts/arrival.svelte";
import { fetchEntrance, isEntrance } from "./entrance";
import { browserLanguage } from "./messages/catalogues";
import { speech } from "./messages/language.svelte";
import { connected } from "./shell/connected";
import { blankWhenLeft } from "./shell/leaving";
import { shell } from "./shell/shell.svelte";
import { aftertide } from "./store";
import { appearance } from "./ui/appearance.svelte";
import { router } from "./ui/router.svelte";

// The secret of an invitation leaves the address bar before anything else happens.
await arrival.take();
arrival.watch();
appearance.start();
shell.watch();
blankWhenLeft();
router.start();

// For the benchmarks: from here on the journal is opened.
performance.mark("store");
let firstShown: () => void = () => undefined;
const starting = aftertide.start(
  new Promise((resolve) => {
    firstShown = resolve;
  }),
);
const language = browserLanguage();
starting
  .then(() => {
    const { name } = router.route;
    if (aftertide.session.phase === "signed-out") fetchEntrance(isEntrance(name) ? name : "sign-in", language);
  })
  .catch(() => undefined);
await speech.speak(language);

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target, props: { starting } });
// A task later, so that the browser can draw in between; a page in the background never draws.
setTimeout(firstShown);

// After the first paint, so that no words wait for a typeface.
requestAnimationFrame(() => setTimeout(() => void import("./ui/literata.css")));

// Once the journal is there, what one does in it is fetched, too: it then is one tap away without a connection, also where no
// service worker can keep it. What fails here is fetched again as the connection comes back, and its failure shown when
// somebody goes there first.
const WHEN_QUIET = 1000; // ms
async function fetchTheRest(): Promise<void> {
  await starting;
  await new Promise((resolve) => setTimeout(resolve, WHEN_QUIET));
  await Promise.all([
    connected(() => import("./shell/begin")).then(({ beginShell }) => beginShell()),
    connected(() => import("./journal/WriteScreen.svelte")),
    connected(() => import("./journal/EntryScreen.svelte")),
    connected(() => import("./accounts/UnlockScreen.svelte")),
    connected(() => speech.fetchMore()),
  ]);
}
void fetchTheRest();
