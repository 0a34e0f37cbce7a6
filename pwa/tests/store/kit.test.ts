import { describe, expect, test } from "vitest";
import { type Device, device, PASSPHRASE, pair, settle, therapistOf } from "./devices";
import { FakeServer } from "./fake-server";

const DAY = 86_400_000;

/** A patient who has just signed up, with the kit on the screen, and a second device of theirs. */
async function signedUp(): Promise<{ phone: Device; kit: string; laptop: () => Promise<Device> }> {
  const server = new FakeServer();
  const therapist = await therapistOf(server);
  const { link } = await therapist.care.createInvitation({ name: "Ana", adultConfirmed: true });
  const phone = await device(server);
  await phone.session.openInvitation(new URL(link));
  const email = "ana@example.org";
  const { kit } = await phone.session.signUp({
    by: "invitation",
    email,
    passphrase: PASSPHRASE,
    name: "Ana",
    language: "en",
    device: "Phone",
  });
  const laptop = async () => {
    await settle(phone);
    const second = await device(server);
    await second.session.signIn(email, PASSPHRASE);
    await settle(second);
    return second;
  };
  return { phone, kit, laptop };
}

/** In how many days a device asks for the kit. */
const asksIn = (on: Device): number => Math.round(((on.kit.again ?? Number.NaN) - Date.now()) / DAY);

describe("the recovery kit", () => {
  test("that was kept is asked for after two weeks, then twice a year, on all devices alike", async () => {
    const { phone, laptop } = await signedUp();
    await phone.kit.wasKept();
    expect(phone.session).toMatchObject({ kit: undefined, kitUnconfirmed: false });
    const second = await laptop();
    for (const each of [phone, second]) {
      expect(each.kit).toMatchObject({ kept: true, beforeDosing: false });
      expect(asksIn(each)).toBe(14);
    }
    await second.kit.have();
    await settle(second, phone);
    expect(asksIn(phone)).toBe(182);
    await phone.kit.later();
    await settle(phone, second);
    for (const each of [phone, second]) {
      expect(each.kit.kept).toBe(true);
      expect(asksIn(each)).toBe(7);
    }
  });

  test("that was put off is gone from the device, and all devices come back to it", async () => {
    const { phone, laptop } = await signedUp();
    await phone.kit.putOff();
    expect(phone.session.kit).toBeUndefined();
    const second = await laptop();
    for (const each of [phone, second]) expect(each.kit).toMatchObject({ kept: false, beforeDosing: true });
    // In a week means in a week, also where the session comes first.
    await second.kit.later();
    await settle(second, phone);
    expect(phone.kit).toMatchObject({ kept: false, beforeDosing: false });
    expect(asksIn(phone)).toBe(7);

    await second.session.newKit({ method: "passphrase", passphrase: PASSPHRASE });
    await second.kit.wasKept();
    await settle(second, phone);
    expect(phone.kit.kept).toBe(true);
    expect(asksIn(phone)).toBe(14);
  });

  test("that was replaced inherits nothing that was said of the old one", async () => {
    const { phone, laptop } = await signedUp();
    await phone.kit.wasKept();
    await phone.kit.have();
    const second = await laptop();
    await second.session.newKit({ method: "passphrase", passphrase: PASSPHRASE });
    expect(second.kit.kept).toBe(false);
    await settle(second, phone);
    expect(asksIn(phone)).toBe(14);
  });

  test("is checked by opening its slot on this device, with no network, and is not kept by that", async () => {
    const { phone, kit } = await signedUp();
    await phone.kit.wasKept();
    phone.line.away = true;
    await phone.kit.check(` ${kit.toLowerCase().replaceAll("-", " ")}`);
    await expect(phone.kit.check(kit.slice(0, -6))).rejects.toMatchObject({ reason: "kit", detail: "length" });
    const other = (await signedUp()).kit;
    await expect(phone.kit.check(other)).rejects.toMatchObject({ reason: "wrong-proof" });
    expect(phone.session.kit).toBeUndefined();
  });

  test("of an account that nobody has said anything about is asked for by the age of the account", async () => {
    const { patient } = await pair();
    expect(patient.kit.kept).toBe(true);
    expect(asksIn(patient)).toBe(14);
    await patient.kit.later();
    expect(patient.kit.kept).toBe(true);
    expect(asksIn(patient)).toBe(7);
  });

  test("isn't spoken of by a device that is locked", async () => {
    const { phone } = await signedUp();
    await phone.kit.wasKept();
    await phone.session.lock();
    expect(phone.kit.again).toBeUndefined();
    await expect(phone.kit.later()).rejects.toMatchObject({ reason: "locked" });
  });
});
