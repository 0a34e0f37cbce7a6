import { afterEach, describe, expect, test, vi } from "vitest";
import { type Device, device, PASSPHRASE } from "./devices";
import { authenticator } from "./fake-passkeys";
import { FakeServer } from "./fake-server";

const WANTED = {
  by: "first-link",
  email: "rivera@example.org",
  name: "Dr. Rivera",
  language: "en",
  device: "",
} as const;
const BEGIN = "POST /api/begin";

afterEach(() => vi.unstubAllGlobals());

/** A device that has opened its link; its network is watched. */
async function invited(server: FakeServer): Promise<Device> {
  const laptop = await device(server);
  await laptop.session.openFirstLink(`#${"A".repeat(43)}`);
  return laptop;
}

const sent = (on: Device) =>
  on.line.seen
    .filter(({ what }) => what === BEGIN)
    .map(({ body }) => (JSON.parse(body) as { account: unknown }).account);

describe("signing up by passkey", () => {
  test("goes on with the same account after a lost answer, whatever the server says for the moment", async () => {
    const { disowned, create } = authenticator();
    const server = new FakeServer();
    const laptop = await invited(server);
    const making = await laptop.session.firstPasskey(WANTED.email);
    expect(await making.make()).toBe("opens");
    laptop.line.loseAnswerTo = /begin$/;
    await expect(laptop.session.signUp(WANTED)).rejects.toMatchObject({ reason: "offline" });
    server.refuse = (what) => (what === BEGIN ? { status: 429, code: "slow-down" } : undefined);
    await expect(laptop.session.signUp(WANTED)).rejects.toMatchObject({ reason: "slow-down" });
    server.refuse = () => undefined;
    // Begun anew it is still the one that was sent.
    const again = await laptop.session.firstPasskey(WANTED.email);
    expect(await again.make()).toBe("opens");
    expect(making.there).toBe(true);
    await laptop.session.signUp(WANTED);
    const [first, ...others] = sent(laptop);
    expect(others).toEqual([first, first]);
    expect(laptop.session).toMatchObject({ phase: "unlocked", opensBy: { passphrase: false, passkey: true } });
    expect(server.accounts.size).toBe(1);
    expect(create).toHaveBeenCalledOnce();
    expect(disowned).toEqual([]);
    await laptop.session.lock();
    await laptop.session.unlockByPasskey();
    expect(laptop.session.phase).toBe("unlocked");
  });

  test.each([
    ["email-taken", 409],
    ["passkey-taken", 409],
    ["malformed-passkey", 422],
    ["challenge-over", 409],
  ])("refused as %s, the device is told that its passkey opens nothing", async (code, status) => {
    const { disowned } = authenticator();
    const server = new FakeServer();
    const laptop = await invited(server);
    const making = await laptop.session.firstPasskey(WANTED.email);
    await making.make();
    server.refuse = (what) => (what === BEGIN ? { status, code } : undefined);
    await expect(laptop.session.signUp(WANTED)).rejects.toBeInstanceOf(Error);
    expect(making.there).toBe(false);
    expect(disowned).toEqual(["AQIB"]);
    server.refuse = () => undefined;
    const next = await laptop.session.firstPasskey(WANTED.email);
    await next.make();
    await laptop.session.signUp(WANTED);
    expect(laptop.session.opensBy.passkey).toBe(true);
  });

  test("that took too long is sent without its passkey, and as often as it takes", async () => {
    const { disowned } = authenticator("never");
    const server = new FakeServer();
    const laptop = await invited(server);
    const making = await laptop.session.firstPasskey(WANTED.email);
    expect(await making.make()).toBe("cannot-open");
    let over = true;
    server.refuse = (what) => {
      if (what !== BEGIN || !over) return undefined;
      over = false;
      laptop.line.loseAnswerTo = /begin$/;
      return { status: 409, code: "challenge-over" };
    };
    const wanted = { ...WANTED, passphrase: PASSPHRASE };
    // The refusal itself is what is lost first.
    await expect(laptop.session.signUp(wanted)).rejects.toMatchObject({ reason: "offline" });
    over = true;
    let times = 0;
    server.refuse = (what) => {
      if (what !== BEGIN) return undefined;
      times++;
      if (times === 2) laptop.line.loseAnswerTo = /begin$/;
      return times === 1 ? { status: 409, code: "challenge-over" } : undefined;
    };
    await expect(laptop.session.signUp(wanted)).rejects.toMatchObject({ reason: "offline" });
    expect(server.accounts.size).toBe(1);
    await laptop.session.signUp(wanted);
    const [first, second, third, fourth] = sent(laptop);
    expect(second).toEqual(first);
    expect(third).toEqual({ ...(first as object), passkey: null });
    expect(fourth).toEqual(third);
    expect(disowned).toEqual(["AQIB"]);
  });

  test("given up for a passphrase, isn't part of the account", async () => {
    const { disowned } = authenticator("when used");
    const server = new FakeServer();
    const laptop = await invited(server);
    const making = await laptop.session.firstPasskey(WANTED.email);
    expect(await making.make()).toBe("once-more");
    await making.giveUp();
    await laptop.session.signUp({ ...WANTED, passphrase: PASSPHRASE });
    expect(sent(laptop)).toMatchObject([{ passkey: null }]);
    expect(disowned).toEqual(["AQIB"]);
  });

  test("given up while the device still asks, is disowned once it is made", async () => {
    const { disowned } = authenticator();
    const laptop = await invited(new FakeServer());
    const making = await laptop.session.firstPasskey(WANTED.email);
    const made = making.make();
    await making.giveUp();
    await expect(made).rejects.toMatchObject({ reason: "passkey-cancelled" });
    expect(making.there).toBe(false);
    expect(disowned).toEqual(["AQIB"]);
  });
});
