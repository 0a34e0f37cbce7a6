import { createSubscriber } from "svelte/reactivity";

const LOOK_EVERY = 60_000; // ms

const follow = createSubscriber((update) => {
  const timer = setInterval(update, LOOK_EVERY);
  document.addEventListener("visibilitychange", update);
  return () => {
    clearInterval(timer);
    document.removeEventListener("visibilitychange", update);
  };
});

/** This moment; what reads it is shown anew each minute, and when the page comes back into sight. */
export function now(): Date {
  follow();
  return new Date();
}
