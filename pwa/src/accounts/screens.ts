export { default as DevicesScreen } from "./DevicesScreen.svelte";
export { default as EraseScreen } from "./EraseScreen.svelte";
export { default as KitCheckScreen } from "./KitCheckScreen.svelte";
export { default as KitScreen } from "./KitScreen.svelte";
export { default as NewKeysScreen } from "./NewKeysScreen.svelte";
export { default as PasskeysScreen } from "./PasskeysScreen.svelte";
export { default as PassphraseScreen } from "./PassphraseScreen.svelte";
export { default as YouScreen } from "./YouScreen.svelte";
