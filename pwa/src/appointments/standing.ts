import { sayMore } from "../messages/language.svelte";
import { type Appointment, aftertide } from "../store";
import { isPhone } from "../store/device";

/** How a session stands, to the patient: "You confirmed this." Says so while an answer waits on the device. */
export function patientsStanding({ state, waiting, name }: Appointment): string {
  const words = sayMore().sessions;
  const { stands } = words;
  if (waiting && (state === "confirmed" || state === "change-requested")) {
    const here =
      state === "confirmed"
        ? isPhone()
          ? words.confirmedOnPhone
          : words.confirmedOnDevice
        : isPhone()
          ? words.askedOnPhone
          : words.askedOnDevice;
    return aftertide.sync.online ? here : `${here} ${words.goesOut}`;
  }
  if (state === "change-requested") return stands.asked(name);
  if (state === "cancelled") return stands.cancelled(name);
  return stands[state];
}
