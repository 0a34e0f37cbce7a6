import "./ui/tokens.css";
import "./ui/base.css";
import { mount } from "svelte";
import App from "./App.svelte";
import { browserLanguage, speech } from "./messages/language.svelte";
import { router } from "./ui/router.svelte";

await speech.speak(browserLanguage());
router.start();

const target = document.getElementById("app");
if (!target) throw new Error("index.html has no #app");
mount(App, { target });

// After the first paint, so that no words wait for a typeface.
requestAnimationFrame(() => setTimeout(() => void import("./ui/literata.css")));
