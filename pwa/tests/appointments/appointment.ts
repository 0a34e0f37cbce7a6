import type { Appointment } from "../../src/store";

/** A session as a screen gets it; what a test says nothing of is as plain as can be. */
export const appointment = (said: Partial<Appointment> & { starts: string }): Appointment => ({
  id: crypto.randomUUID(),
  kind: "dosing",
  zone: "Europe/Madrid",
  startsAt: `${said.starts}:00Z`,
  minutes: 60,
  state: "proposed",
  waiting: false,
  movedFrom: undefined,
  series: undefined,
  account: "00000000-0000-4000-8000-000000000001",
  name: "Ana",
  details: {},
  done: [],
  record: undefined,
  comments: [],
  ...said,
});
