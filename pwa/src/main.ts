import "./ui/tokens.css";
import "./ui/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { arrival } from "./accounts/arrival.svelte";
import { browserLanguage, speech } from "./messages/language.svelte";
import { aftertide } from "./store";
import { appearance } from "./ui/appearance.svelte";
import { router } from "./ui/router.svelte";

// The secret of an invitation leaves the address bar before anything else happens.
await arrival.take();
arrival.watch();
appearance.start();
await speech.speak(browserLanguage());
router.start();

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target, props: { starting: aftertide.start() } });

// After the first paint, so that no words wait for a typeface.
requestAnimationFrame(() => setTimeout(() => void import("./ui/literata.css")));
