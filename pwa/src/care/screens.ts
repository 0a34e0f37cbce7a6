export { default as AgreementScreen } from "./AgreementScreen.svelte";
export { default as InviteScreen } from "./InviteScreen.svelte";
export { default as PatientScreen } from "./PatientScreen.svelte";
export { default as PatientsScreen } from "./PatientsScreen.svelte";
export { default as PersonScreen } from "./PersonScreen.svelte";
export { default as PracticeScreen } from "./PracticeScreen.svelte";
