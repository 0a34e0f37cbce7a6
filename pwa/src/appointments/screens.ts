export { default as BookScreen } from "./BookScreen.svelte";
export { default as CalendarFeedScreen } from "./CalendarFeedScreen.svelte";
export { default as CalendarScreen } from "./CalendarScreen.svelte";
export { default as SessionScreen } from "./SessionScreen.svelte";
export { default as SessionsScreen } from "./SessionsScreen.svelte";
