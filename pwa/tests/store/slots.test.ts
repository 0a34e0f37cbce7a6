import { afterEach, describe, expect, test, vi } from "vitest";
import type { Schemas } from "../../src/api/client";
import { type Device, device, PASSPHRASE, pair, therapistOf, write } from "./devices";
import { authenticator } from "./fake-passkeys";
import { FakeServer } from "./fake-server";

type Slot = Schemas["Slot"];

afterEach(() => vi.unstubAllGlobals());

const SLOTS = "GET /api/account/slots";
const asked = (on: Device) => on.line.seen.filter(({ what }) => what === SLOTS).length;

/** Changes what opens the one account there is, as another device of its person does. */
function change(server: FakeServer, work: (slots: Slot[]) => Slot[]): void {
  const [account] = [...server.accounts.values()];
  if (!account) throw new Error("nobody has signed up");
  account.me.slots = work(account.me.slots);
  account.access++;
}

const withoutPasskey = (slots: Slot[]): Slot[] => slots.filter(({ method }) => method !== "passkey");

/** A therapist who signed up by passkey on one device, and by the kit on another, which the passkey unlocks, too. */
async function signedInTwice() {
  const { get } = authenticator();
  const server = new FakeServer();
  const first = await device(server);
  await first.session.openFirstLink(`#${"A".repeat(43)}`);
  const email = "rivera@example.org";
  await (await first.session.firstPasskey(email)).make();
  const wanted = { by: "first-link", email, name: "Dr. Rivera", language: "en", device: "" } as const;
  const { kit } = await first.session.signUp(wanted);
  const other = await device(server);
  await other.session.signInWithKit(email, kit);
  return { server, first, other, kit, get };
}

describe("what opens the account changes elsewhere", () => {
  test("a removed passkey unlocks no device that is signed in", async () => {
    const { server, other, kit } = await signedInTwice();
    change(server, withoutPasskey);
    await other.sync.now();
    expect(other.session.opensBy.passkey).toBe(false);
    await other.session.lock();
    await expect(other.session.unlockByPasskey()).rejects.toMatchObject({ reason: "passkey-opens-nothing" });
    await other.session.unlockWithKit(kit);
    expect(other.session.phase).toBe("unlocked");
  });

  test("nor one that is locked when it hears of it, also after its tab was killed", async () => {
    const { server, other } = await signedInTwice();
    await other.session.lock();
    change(server, withoutPasskey);
    await other.sync.now();
    const again = await other.reopen();
    await expect(again.session.unlockByPasskey()).rejects.toMatchObject({ reason: "passkey-opens-nothing" });
    expect(again.session.phase).toBe("locked");
  });

  test("a passkey added elsewhere unlocks it", async () => {
    const { server, other, get } = await signedInTwice();
    const [account] = [...server.accounts.values()];
    const added = account?.me.slots ?? [];
    change(server, withoutPasskey);
    await other.sync.now();
    change(server, () => added);
    await other.sync.now();
    await other.session.lock();
    await other.session.unlockByPasskey();
    expect(other.session.phase).toBe("unlocked");
    // Asked for where it is.
    expect(get.mock.lastCall).toMatchObject([{ publicKey: { allowCredentials: [{ transports: ["internal"] }] } }]);
  });

  test("without a connection a device unlocks with what it has", async () => {
    const { server, other } = await signedInTwice();
    await other.session.lock();
    change(server, withoutPasskey);
    other.line.away = true;
    await other.sync.now();
    await other.session.unlockByPasskey();
    expect(other.session.phase).toBe("unlocked");
  });

  test("nobody asks for the slots until the feed says that they have changed", async () => {
    const { server, other } = await signedInTwice();
    await write(other, "A day.");
    await other.sync.now();
    const before = asked(other);
    await other.sync.now();
    await other.sync.now();
    expect(asked(other)).toBe(before);
    change(server, withoutPasskey);
    await other.sync.now();
    await other.sync.now();
    expect(asked(other)).toBe(before + 1);
  });
});

describe("somebody signs in on another device", () => {
  test("it is told on those that were there, once, and kept until somebody says to know it", async () => {
    const { server, patient } = await pair();
    expect(patient.session.newDevices).toEqual([]);
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await laptop.sync.now();
    // Who comes in hears of nobody: the others were there before.
    expect(laptop.session.newDevices).toEqual([]);
    await patient.sync.now();
    expect(patient.session.newDevices).toMatchObject([{ label: "Browser", current: false }]);
    const again = await patient.reopen();
    await again.sync.now();
    expect(again.session.newDevices).toHaveLength(1);
    await again.session.knowNewDevices();
    await again.sync.now();
    expect((await again.reopen()).session.newDevices).toEqual([]);
  });

  test("one that is signed out again is news no longer", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await patient.sync.now();
    expect(patient.session.newDevices).toHaveLength(1);
    await laptop.session.signOut();
    const third = await device(server);
    await third.session.signIn("ana@example.org", PASSPHRASE);
    await patient.sync.now();
    expect(patient.session.newDevices).toHaveLength(1);
  });

  test("a device that was locked meanwhile tells it when it is opened", async () => {
    const { server, patient } = await pair();
    await patient.session.lock();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await patient.sync.now();
    await patient.session.unlock(PASSPHRASE);
    await patient.sync.now();
    expect(patient.session.newDevices).toHaveLength(1);
  });
});

const LIES: Record<string, (answer: Schemas["Slots"]) => unknown> = {
  "no slots": (answer) => ({ ...answer, slots: [] }),
  "no kit": (answer) => ({ ...answer, slots: answer.slots.filter(({ method }) => method !== "recovery") }),
  "no passphrase": (answer) => ({ ...answer, slots: answer.slots.filter(({ method }) => method !== "passphrase") }),
  "an earlier generation": (answer) => ({ gen: 0, slots: answer.slots.map((slot) => ({ ...slot, gen: 0 })) }),
  "a later generation, whose keys aren't here": (answer) => ({
    gen: 2,
    slots: answer.slots.map((slot) => ({ ...slot, gen: 2 })),
  }),
  "slots of two generations": (answer) => ({
    ...answer,
    slots: answer.slots.map((slot, index) => ({ ...slot, gen: index + 1 })),
  }),
  "another slot under a known id": (answer) => ({
    ...answer,
    slots: answer.slots.map((slot) => ({ ...slot, sealed: `AQ${slot.sealed.slice(2, -2)}A=` })),
  }),
  "one slot twice": (answer) => ({ ...answer, slots: [...answer.slots, ...answer.slots] }),
  "two passphrases": (answer) => ({
    ...answer,
    slots: [
      ...answer.slots,
      ...answer.slots.filter(({ method }) => method === "passphrase").map((s) => ({ ...s, id: crypto.randomUUID() })),
    ],
  }),
  "a cheaper passphrase": (answer) => ({
    ...answer,
    slots: answer.slots.map((slot) => ({
      ...slot,
      id: crypto.randomUUID(),
      ...(slot.params ? { params: { ...slot.params, m: 8 } } : {}),
    })),
  }),
  "a slot that is too short": (answer) => ({
    ...answer,
    slots: answer.slots.map((slot) => ({ ...slot, id: crypto.randomUUID(), sealed: "AQID" })),
  }),
  "a slot that is no base64": (answer) => ({
    ...answer,
    slots: answer.slots.map((slot) => ({ ...slot, id: crypto.randomUUID(), sealed: "?" })),
  }),
  "a passkey that no credential opens": (answer) => ({
    ...answer,
    slots: [
      ...answer.slots,
      { id: crypto.randomUUID(), method: "passkey", gen: 1, sealed: answer.slots[0]?.sealed ?? "" },
    ],
  }),
  "an id that isn't one": (answer) => ({ ...answer, slots: answer.slots.map((slot) => ({ ...slot, id: "1" })) }),
};

describe("a server that lies about what opens the account", () => {
  test.each(Object.keys(LIES))("shows %s: the device keeps what it has and says so", async (lie) => {
    const server = new FakeServer();
    const laptop = await therapistOf(server);
    server.lie = (path, answer) => (path === "/api/account/slots" ? LIES[lie]?.(answer as Schemas["Slots"]) : answer);
    change(server, (slots) => slots);
    await laptop.sync.now();
    expect(laptop.sync.faults).toMatchObject([{ kind: "slots" }]);
    await laptop.session.lock();
    await laptop.sync.now();
    const again = await laptop.reopen();
    await again.session.unlock(PASSPHRASE);
    expect(again.session.phase).toBe("unlocked");
    // Once it tells the truth it is believed.
    server.lie = (_, answer) => answer;
    await again.sync.now();
    expect(again.sync.faults).toEqual([]);
  });

  test("goes back to earlier keys when somebody shows who they are: nothing is made or erased by it", async () => {
    const { server, patient } = await pair();
    server.lie = (path, answer) => (path === "/api/account" ? { ...(answer as Schemas["Me"]), gen: 0 } : answer);
    const shown = { method: "passphrase", passphrase: PASSPHRASE } as const;
    await expect(patient.session.prove(shown)).rejects.toMatchObject({ reason: "weak-parameters" });
    await expect(patient.session.erase(shown)).rejects.toMatchObject({ reason: "weak-parameters" });
    expect(server.accounts.size).toBe(2);
    expect(patient.session.phase).toBe("unlocked");
  });

  test("gives keys that don't open beside a slot that does: what was typed isn't wrong", async () => {
    authenticator("never");
    const server = new FakeServer();
    await therapistOf(server);
    let spoils = true;
    server.lie = (path, answer) => {
      if (path !== "/api/sign-in/passkey" || !spoils) return answer;
      const { identities, ...me } = answer as Schemas["Me"];
      const spoilt = (sealed: string): string => `AQ${sealed.slice(2, -4)}AAA=`;
      return { ...me, identities: identities.map((one) => ({ ...one, private_sealed: spoilt(one.private_sealed) })) };
    };
    const laptop = await device(server);
    expect(await laptop.session.signInByPasskey()).toBe(false);
    const typed = (passphrase: string) => laptop.session.openHalfway({ method: "passphrase", passphrase });
    await expect(typed("driftwood lantern quiet oar")).rejects.toMatchObject({ reason: "wrong-proof" });
    await expect(typed(PASSPHRASE)).rejects.toMatchObject({ reason: "unopened" });
    spoils = false;
    expect(await laptop.session.signInByPasskey()).toBe(false);
    await typed(PASSPHRASE);
    expect(laptop.session.phase).toBe("unlocked");
  });
});
