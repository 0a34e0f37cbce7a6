import { describe, expect, test } from "vitest";
import { desk } from "./server";

const KEPT = { state: "works", why: null, since: "2026-11-25T10:00:00Z", last_shown: null } as const;
const HELD = { endpoint: "https://push.example/0", p256dh: "p", auth: "a", serverKey: "server-key" };

describe("at a start", () => {
  test("nobody is asked and nothing is subscribed where nobody has turned reminders on", async () => {
    const { phone, browser, server } = desk();
    await phone.look();
    expect([phone.state, phone.lost, browser.asked, browser.made]).toEqual(["off", false, 0, 0]);
    expect(server.asked).toEqual(["GET /api/push/subscription"]);
  });

  test("a subscription that stands is said to the server again", async () => {
    const { phone, browser, server } = desk();
    browser.subscription = HELD;
    server.kept = KEPT;
    await phone.look();
    expect([phone.state, browser.made]).toEqual(["on", 0]);
    expect(server.sent).toEqual([{ endpoint: HELD.endpoint, p256dh: "p", auth: "a" }]);
  });

  test("one that the browser has lost is made anew", async () => {
    const { phone, browser, server } = desk();
    server.kept = KEPT;
    await phone.look();
    expect([phone.state, browser.made]).toEqual(["on", 1]);
  });

  test("one that the push service has ended is replaced by another", async () => {
    const { phone, browser, server } = desk();
    browser.subscription = HELD;
    server.kept = { ...KEPT, state: "ended", why: "gone" };
    server.stands = ["ended", "not-shown-yet"];
    await phone.look();
    expect([phone.state, browser.subscription?.endpoint]).toEqual(["on", "https://push.example/1"]);
  });

  test("one made with a key that the server no longer has is replaced", async () => {
    const { phone, browser, server } = desk();
    browser.subscription = { ...HELD, serverKey: "an older key" };
    server.kept = KEPT;
    await phone.look();
    expect(browser.subscription?.serverKey).toBe("server-key");
    expect(server.sent).toEqual([{ endpoint: "https://push.example/1", p256dh: "p", auth: "a" }]);
  });

  test("after signing in anew the browser's subscription is this session's", async () => {
    const { phone, browser, server } = desk();
    browser.subscription = HELD;
    await phone.look();
    expect([phone.state, server.kept?.state]).toEqual(["on", "works"]);
  });

  test("one that can't be renewed is said to be lost", async () => {
    const { phone, browser, server } = desk();
    server.kept = KEPT;
    browser.gives = false;
    await phone.look();
    expect([phone.state, phone.lost]).toEqual(["stopped", true]);
  });

  test.each([
    ["denied", "refused"],
    ["default", "stopped"],
  ] as const)("a permission taken back (%s) is said to be lost", async (permission, state) => {
    const { phone, browser, server } = desk();
    server.kept = KEPT;
    browser.allowed = permission;
    await phone.look();
    expect([phone.state, phone.lost, browser.asked]).toEqual([state, true, 0]);
  });

  test("what arrives nowhere is said", async () => {
    const { phone, browser, server } = desk();
    browser.subscription = HELD;
    server.stands = ["failing"];
    await phone.look();
    expect(phone.state).toBe("failing");
  });

  test.each(["unable", "install-first"] as const)("a browser that can't is asked nothing (%s)", async (ability) => {
    const { phone, browser, server } = desk();
    browser.can = ability;
    await phone.look();
    expect([phone.state, server.asked]).toEqual([ability, []]);
  });

  test("without a connection it stays as it was seen", async () => {
    const { phone, browser, server } = desk();
    browser.subscription = HELD;
    await phone.look();
    server.away = true;
    await phone.look();
    expect(phone.state).toBe("on");
  });

  test("twice at once subscribes once", async () => {
    const { phone, browser, server } = desk();
    server.kept = KEPT;
    await Promise.all([phone.look(), phone.look()]);
    expect(browser.made).toBe(1);
  });
});

describe("allowing", () => {
  test("asks the person once, then subscribes", async () => {
    const { phone, browser, server } = desk();
    browser.allowed = "default";
    await phone.allow();
    expect([phone.state, browser.asked, server.kept?.state]).toEqual(["on", 1, "works"]);
  });

  test.each([
    ["denied", "refused"],
    ["default", "off"],
  ] as const)("that the person doesn't (%s) isn't an error", async (says, state) => {
    const { phone, browser } = desk();
    browser.allowed = "default";
    browser.says = says;
    await phone.allow();
    expect([phone.state, browser.made]).toEqual([state, 0]);
  });

  test("says when the browser gives no subscription", async () => {
    const { phone, browser } = desk();
    browser.gives = false;
    await expect(phone.allow()).rejects.toMatchObject({ reason: "push-service" });
  });

  test("says when the server sends nothing to this browser's push service", async () => {
    const { phone, server } = desk();
    server.answers["PUT /api/push/subscription"] = () => ({
      status: 422,
      body: { type: "/problems/unknown-push-service" },
    });
    await expect(phone.allow()).rejects.toMatchObject({ reason: "push-service" });
  });
});

test("turned off, neither the server nor the browser has a subscription left", async () => {
  const { phone, browser, server } = desk();
  await phone.allow();
  await phone.turnOff();
  expect([phone.state, server.kept, browser.subscription]).toEqual(["off", null, undefined]);
  await phone.look();
  expect(phone.state).toBe("off");
});

test("for whoever comes next, the browser has forgotten", async () => {
  const { phone, browser, server } = desk();
  await phone.allow();
  await phone.forget();
  server.kept = null;
  await phone.look();
  expect([phone.state, browser.subscription]).toEqual(["off", undefined]);
});
