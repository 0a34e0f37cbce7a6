export { default as HistoryScreen } from "./HistoryScreen.svelte";
export { default as MailScreen } from "./MailScreen.svelte";
export { default as NoticeScreen } from "./NoticeScreen.svelte";
export { default as RemindersScreen } from "./RemindersScreen.svelte";
