import { describe, expect, test } from "vitest";
import type { WantedAppointment } from "../../src/store/interface";
import { answer, type Device, device, PASSPHRASE, pair, settle } from "./devices";

const NEXT_YEAR = new Date().getUTCFullYear() + 1;
const on = (day: string, time = "14:00"): WantedAppointment => ({
  kind: "dosing",
  starts: `${NEXT_YEAR}-${day}T${time}`,
  zone: "UTC",
  minutes: 120,
  details: { place: "Room 4", bring: "Warm socks" },
});
const FASTING = { id: crypto.randomUUID(), text: "Nothing to eat from now on", at: { daysBefore: 0, time: "08:00" } };
const RIDE = { id: crypto.randomUUID(), text: "Somebody to take you home" };
const accountOf = (of: Device): string => of.session.account ?? "";

/** A therapist and a patient with sessions booked. */
async function booked(...wanted: WantedAppointment[]) {
  const two = await pair();
  await two.therapist.appointments.book(accountOf(two.patient), wanted);
  await settle(two.therapist, two.patient);
  return two;
}
const only = (of: Device) => {
  const [appointment] = of.appointments.ahead;
  if (!appointment) throw new Error("no appointment is ahead");
  return appointment;
};

describe("a session", () => {
  test("that the therapist books is seen by the patient, with what is sealed about it", async () => {
    const { therapist, patient, server } = await booked(on("03-02"));
    expect(only(patient)).toMatchObject({
      starts: `${NEXT_YEAR}-03-02T14:00`,
      state: "proposed",
      name: "Dr. Rivera",
      details: { place: "Room 4", bring: "Warm socks" },
    });
    expect(only(therapist)).toMatchObject({ name: "Ana", details: { place: "Room 4" } });
    expect(JSON.stringify([...server.appointments.views.values()])).not.toContain("Room 4");
  });

  test("is confirmed without a network, and the answer goes out later, once", async () => {
    const { therapist, patient } = await booked(on("03-02"));
    patient.line.away = true;
    await patient.appointments.answer(only(patient).id, "confirm");
    expect(only(patient)).toMatchObject({ state: "confirmed", waiting: true });
    const again = await patient.reopen();
    expect(only(again)).toMatchObject({ state: "confirmed", waiting: true });
    again.line.away = false;
    await settle(again, therapist);
    expect(only(again)).toMatchObject({ state: "confirmed", waiting: false });
    expect(only(therapist)).toMatchObject({ state: "confirmed" });
  });

  test("that was moved meanwhile isn't confirmed at a time that nobody has seen", async () => {
    const { therapist, patient } = await booked(on("03-02"));
    patient.line.away = true;
    await patient.appointments.answer(only(patient).id, "confirm");
    await therapist.appointments.move(only(therapist).id, `${NEXT_YEAR}-03-03T09:00`, 120, false);
    patient.line.away = false;
    await settle(patient);
    expect(only(patient)).toMatchObject({ starts: `${NEXT_YEAR}-03-03T09:00`, state: "proposed", waiting: false });
  });

  test("has answers below it, such as a wish for another time", async () => {
    const { therapist, patient } = await booked(on("03-02"));
    const { id, record } = only(patient);
    await patient.appointments.answer(id, "ask-for-another-time");
    await answer(patient, record ?? "", "Could it be in the morning?");
    await settle(patient, therapist);
    expect(only(therapist)).toMatchObject({
      state: "change-requested",
      comments: [{ text: "Could it be in the morning?", name: "Ana" }],
    });
  });

  test("that is cancelled says why to the patient, and to the server nothing", async () => {
    const { therapist, patient, server } = await booked(on("03-02"));
    const { id } = only(therapist);
    await therapist.appointments.settle(id, "cancelled", "I am away that week.");
    await settle(therapist, patient);
    expect(patient.appointments.ahead).toEqual([]);
    expect(patient.appointments.appointment(id)).toMatchObject({
      state: "cancelled",
      details: { place: "Room 4", reason: "I am away that week." },
    });
    expect(JSON.stringify([...server.appointments.views.values()])).not.toContain("away");
    await therapist.appointments.settle(id, "reopened");
    await settle(therapist, patient);
    expect(only(patient).details).toEqual({ place: "Room 4", bring: "Warm socks" });
  });
});

describe("the steps before a session", () => {
  const withSteps = () => booked({ ...on("03-02"), details: { steps: [FASTING, RIDE] } });

  test("come with it, and are ticked off without a network, for oneself alone", async () => {
    const { therapist, patient, server } = await withSteps();
    const { id, details } = only(patient);
    expect(details.steps).toEqual([FASTING, RIDE]);
    patient.line.away = true;
    await patient.appointments.tick(id, RIDE.id, true);
    await patient.appointments.tick(id, FASTING.id, true);
    await patient.appointments.tick(id, RIDE.id, false);
    const again = await patient.reopen();
    expect(only(again).done).toEqual([FASTING.id]);
    again.line.away = false;
    await settle(again, therapist);
    expect(only(therapist).done).toEqual([]);
    const phone = await device(server);
    await phone.session.signIn("ana@example.org", PASSPHRASE);
    expect(only(phone).done).toEqual([FASTING.id]);
  });

  test("that two devices ticked off at once are all done, and one record stays", async () => {
    const { patient, server } = await withSteps();
    const phone = await device(server);
    await phone.session.signIn("ana@example.org", PASSPHRASE);
    const { id } = only(patient);
    await Promise.all([patient.appointments.tick(id, RIDE.id, true), phone.appointments.tick(id, FASTING.id, true)]);
    await settle(patient, phone);
    expect([...only(phone).done].sort()).toEqual([FASTING.id, RIDE.id].sort());
    for (const step of [RIDE, FASTING]) await phone.appointments.tick(id, step.id, false);
    await settle(phone, patient);
    for (const each of [patient, phone]) expect(only(each).done).toEqual([]);
  });

  test("are changed by the therapist, and the patient has them anew", async () => {
    const { therapist, patient } = await withSteps();
    const { id, details } = only(therapist);
    await therapist.appointments.describe(id, { ...details, place: "Room 7", steps: [RIDE] });
    await settle(therapist, patient);
    expect(only(patient).details).toEqual({ place: "Room 7", steps: [RIDE] });
  });
});

describe("what happened to a session", () => {
  test("is told with who did it, the newest first", async () => {
    const { therapist, patient } = await booked(on("03-02"));
    const { id } = only(patient);
    await patient.appointments.answer(id, "confirm");
    await settle(patient, therapist);
    await therapist.appointments.move(id, `${NEXT_YEAR}-03-03T09:00`, 90, false);
    await settle(patient);
    expect((await patient.appointments.history(id)).map(({ what, own, starts }) => [what, own, starts])).toEqual([
      ["moved", false, `${NEXT_YEAR}-03-03T09:00`],
      ["confirmed", true, `${NEXT_YEAR}-03-02T14:00`],
      ["booked", false, `${NEXT_YEAR}-03-02T14:00`],
    ]);
  });

  test("shows a move until the new time is answered, also after a reload", async () => {
    const { therapist, patient } = await booked(on("03-02"));
    const { id } = only(patient);
    for (const day of ["03", "04"]) {
      await therapist.appointments.move(id, `${NEXT_YEAR}-03-${day}T09:00`, 120, false);
      await settle(therapist, patient);
    }
    expect(only(await patient.reopen()).movedFrom).toBe(`${NEXT_YEAR}-03-02T14:00`);
    await patient.appointments.answer(id, "confirm");
    expect(only(patient).movedFrom).toBeUndefined();
    await settle(patient);
    expect(only(patient).movedFrom).toBeUndefined();
  });
});

describe("a therapist's own", () => {
  test("regimens are kept sealed under a name, and deleted", async () => {
    const { therapist, server } = await pair();
    const sessions = [
      { kind: "dosing", day: 0, minutes: 120 } as const,
      { kind: "check-in", day: 2, minutes: 30 } as const,
    ];
    await therapist.appointments.keepRegimen(" Two and talk ", sessions);
    await settle(therapist);
    const laptop = await device(server);
    await laptop.session.signIn("rivera@example.org", PASSPHRASE);
    expect(laptop.appointments.regimens).toMatchObject([{ name: "Two and talk", sessions }]);
    await laptop.appointments.deleteRegimen(laptop.appointments.regimens[0]?.id ?? "");
    await settle(laptop, therapist);
    expect(therapist.appointments.regimens).toEqual([]);
  });

  test("regimen that another page has just sent is deleted all the same, here and there", async () => {
    const { therapist, server } = await pair();
    therapist.line.away = true;
    await therapist.appointments.keepRegimen("Two and talk", [{ kind: "dosing", day: 0, minutes: 120 }]);
    const page = await therapist.page();
    // The page has looked in vain, and looks again only once it has something to send itself.
    await settle(page);
    therapist.line.away = false;
    await settle(therapist);
    await page.appointments.deleteRegimen(page.appointments.regimens[0]?.id ?? "");
    await settle(page);
    expect(page.appointments.regimens).toEqual([]);
    const laptop = await device(server);
    await laptop.session.signIn("rivera@example.org", PASSPHRASE);
    expect(laptop.appointments.regimens).toEqual([]);
    expect(page.sync.faults).toEqual([]);
  });

  test("word that a plan was reviewed stays, beside what else the settings say", async () => {
    const { therapist } = await pair();
    const series = crypto.randomUUID();
    await therapist.appointments.markPlanReviewed(series);
    await settle(therapist);
    expect(therapist.appointments.plansReviewed).toEqual([series]);
    expect(therapist.care.template?.text).toContain("Mondays");
    expect(therapist.session.name).toBe("Dr. Rivera");
  });
});

describe("the feed for a phone's calendar", () => {
  test("is made, worded anew, and ended", async () => {
    const { patient } = await pair();
    const { feed } = patient.appointments;
    expect(await feed.show()).toBeUndefined();
    const address = await feed.make("discreet");
    expect(address).toMatch(/^https:\/\/tide\.example\/calendar\/[\w-]+\.ics$/);
    await feed.reword("plain");
    expect(await feed.show()).toMatchObject({ wording: "plain", lastRead: undefined });
    expect(await feed.make("plain")).not.toBe(address);
    await feed.end();
    expect(await feed.show()).toBeUndefined();
  });

  test("needs a connection", async () => {
    const { patient } = await pair();
    patient.line.away = true;
    await expect(patient.appointments.feed.show()).rejects.toMatchObject({ reason: "offline" });
  });
});

describe("a series", () => {
  test("is moved from one session on: by as many days, to the same hour, and what was before stays", async () => {
    const { therapist, patient } = await booked(on("03-02"), on("03-05"), on("03-09", "10:00"));
    const [, second] = therapist.appointments.ahead;
    await therapist.appointments.move(second?.id ?? "", `${NEXT_YEAR}-03-06T15:30`, 90, true);
    await settle(therapist, patient);
    expect(patient.appointments.ahead.map(({ starts, minutes }) => [starts, minutes])).toEqual([
      [`${NEXT_YEAR}-03-02T14:00`, 120],
      [`${NEXT_YEAR}-03-06T15:30`, 90],
      [`${NEXT_YEAR}-03-10T15:30`, 90],
    ]);
  });

  test("of several kinds keeps the hours and lengths of the others as it is moved", async () => {
    const talk = { ...on("03-04", "17:00"), kind: "integration", minutes: 50 } as const;
    const { therapist } = await booked(on("03-02"), talk, on("03-09"));
    await therapist.appointments.move(only(therapist).id, `${NEXT_YEAR}-03-03T09:00`, 180, true);
    expect(therapist.appointments.ahead.map(({ starts, minutes }) => [starts, minutes])).toEqual([
      [`${NEXT_YEAR}-03-03T09:00`, 180],
      [`${NEXT_YEAR}-03-05T17:00`, 50],
      [`${NEXT_YEAR}-03-10T09:00`, 180],
    ]);
  });

  test("that the server refuses leaves nothing behind", async () => {
    const { therapist, patient } = await pair();
    therapist.line.away = true;
    await expect(therapist.appointments.book(accountOf(patient), [on("03-02"), on("03-05")])).rejects.toMatchObject({
      reason: "offline",
    });
    therapist.line.away = false;
    await settle(therapist, patient);
    expect(therapist.appointments.list).toEqual([]);
    expect(therapist.sync.unsent).toBe(0);
  });
});

describe("the list", () => {
  test("is there without a network as it was last seen, and goes with the sign-out", async () => {
    const { patient, server } = await booked(on("03-02"));
    patient.line.away = true;
    const again = await patient.reopen();
    expect(only(again).details.place).toBe("Room 4");
    again.line.away = false;
    await again.session.signOut();
    expect(again.appointments.list).toEqual([]);
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    expect(only(laptop).details.place).toBe("Room 4");
  });

  test("takes details from the therapist of the appointment alone", async () => {
    const { therapist, patient, server } = await booked(on("03-02"));
    const { id } = only(patient);
    const view = server.appointments.views.get(id);
    if (view) server.appointments.views.set(id, { ...view, therapist: crypto.randomUUID() });
    await settle(therapist, patient);
    expect(patient.appointments.appointment(id)?.details).toEqual({});
  });
});
