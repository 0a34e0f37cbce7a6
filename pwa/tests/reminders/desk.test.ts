import { describe, expect, test } from "vitest";
import type { Schemas } from "../../src/api/client";
import { desk, mail, problem, SETTINGS } from "./server";

const withoutQuiet = (settings: Schemas["ReminderSettings"]) => ({ ...settings, quiet: null });

describe("settings", () => {
  test("are changed with the version that was seen", async () => {
    const { reminders, server } = desk();
    server.answers["PUT /api/reminders/settings"] = (body) => ({
      status: 200,
      body: { ...(body as Schemas["ReminderSettings"]), version: 2 },
    });
    await reminders.open();
    expect(await reminders.change(withoutQuiet)).toBe(true);
    expect(server.sent.at(-1)).toEqual({ ...SETTINGS, quiet: null });
    expect(reminders.settings).toMatchObject({ version: 2, quiet: null });
  });

  test("that another device changed meanwhile are shown beside those that were seen, and nothing is overwritten", async () => {
    const { reminders, server } = desk();
    const theirs = { ...SETTINGS, version: 7, wording: "plain" as const };
    server.answers["PUT /api/reminders/settings"] = () => problem(409, "stale", theirs);
    await reminders.open();
    expect(await reminders.change(withoutQuiet)).toBe(false);
    expect(reminders.settings).toEqual(theirs);
    expect(reminders.before).toEqual(SETTINGS);
    reminders.dismissBefore();
    expect(reminders.before).toBeUndefined();
  });

  test("changed twice at once are changed one after the other", async () => {
    const { reminders, server } = desk();
    server.answers["PUT /api/reminders/settings"] = (body) => {
      const said = body as Schemas["ReminderSettings"];
      return { status: 200, body: { ...said, version: said.version + 1 } };
    };
    await reminders.open();
    await Promise.all([
      reminders.change(withoutQuiet),
      reminders.change((settings) => ({ ...settings, buttons: false })),
    ]);
    expect(reminders.settings).toMatchObject({ version: 3, quiet: null, buttons: false });
  });

  test("stay as they are without a connection, and can be changed later", async () => {
    const { reminders, server } = desk();
    await reminders.open();
    server.away = true;
    await expect(reminders.change(withoutQuiet)).rejects.toMatchObject({ reason: "offline" });
    expect(reminders.settings).toEqual(SETTINGS);
    server.away = false;
    server.answers["PUT /api/reminders/settings"] = (body) => ({ status: 200, body });
    expect(await reminders.change(withoutQuiet)).toBe(true);
  });
});

test("the zone of the phone is taken on asking, and the language stays", async () => {
  const { reminders, server } = desk("Europe/Lisbon");
  server.answers["PUT /api/account/preferences"] = () => ({ status: 204 });
  await reminders.open();
  expect([reminders.zone, reminders.phoneZone]).toEqual(["Europe/Madrid", "Europe/Lisbon"]);
  server.answers["GET /api/account"] = () => ({ status: 200, body: { locale: "es-ES", time_zone: "Europe/Lisbon" } });
  await reminders.followPhone();
  expect(server.sent.at(-1)).toEqual({ locale: "es-ES", time_zone: "Europe/Lisbon" });
  expect(reminders.zone).toBe("Europe/Lisbon");
});

describe("mail", () => {
  test.each([
    [503, "mail-not-sent", "mail-not-sent"],
    [409, "mail-off", "mail-off"],
    [422, "mailbox-refused", "mailbox-refused"],
    [429, "slow-down", "slow-down"],
  ])(
    "says why no confirmation went out (%i %s), and shows how the mailbox stands now",
    async (status, code, reason) => {
      const { reminders, server } = desk();
      server.answers["POST /api/mail/confirmation"] = () => problem(status, code);
      server.answers["GET /api/mail"] = () => ({ status: 200, body: mail({ wanted: true }) });
      await expect(reminders.askForConfirmation()).rejects.toMatchObject({ reason });
      expect(reminders.mail?.wanted).toBe(true);
    },
  );

  test("a link that isn't valid is said to be gone", async () => {
    const { reminders, server } = desk();
    server.answers["POST /api/mail/confirm"] = () => problem(404, "link-not-valid");
    await expect(reminders.confirmMail("x".repeat(43))).rejects.toMatchObject({ reason: "link-gone" });
  });
});

describe("a test", () => {
  const view = (over: object = {}) => ({ id: "one", kind: "test", outcome: null, sent: null, shown: null, ...over });

  test("is followed until something became of it", async () => {
    const { reminders, server, wind, waiting } = desk();
    server.answers["POST /api/reminders/test"] = () => ({ status: 200, body: view() });
    server.answers["GET /api/reminders/one"] = () => ({ status: 200, body: view({ sent: "2026-11-25T10:00:00Z" }) });
    await reminders.sendTest();
    await wind(2000);
    expect(reminders.test).toMatchObject({ sent: "2026-11-25T10:00:00Z", outcome: null });
    server.away = true;
    await wind(2000);
    server.away = false;
    server.answers["GET /api/reminders/one"] = () => ({ status: 200, body: view({ outcome: "delivered" }) });
    await wind(2000);
    expect(reminders.test?.outcome).toBe("delivered");
    expect(waiting()).toBe(0);
  });

  test("of which nothing is heard is asked about less often, and given up with the server", async () => {
    const { reminders, server, wind, waiting } = desk();
    server.answers["POST /api/reminders/test"] = () => ({ status: 200, body: view() });
    server.answers["GET /api/reminders/one"] = () => ({ status: 200, body: view() });
    await reminders.sendTest();
    for (let seconds = 0; seconds < 700; seconds++) await wind(1000);
    const asked = server.asked.filter((what) => what === "GET /api/reminders/one").length;
    expect(asked).toBeGreaterThan(40);
    expect(asked).toBeLessThan(60);
    expect(waiting()).toBe(0);
  });
});

test("whom reminders may not reach is known by account", async () => {
  const { reminders, server } = desk();
  server.answers["GET /api/reminders/unreachable"] = () => ({
    status: 200,
    body: [{ patient: "mika", why: "no-device", since: null }],
  });
  await reminders.openUnreachable();
  expect(reminders.unreachable?.get("mika")?.why).toBe("no-device");
});
