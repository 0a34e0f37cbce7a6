import { describe, expect, test } from "vitest";
import {
  type ArrivedPush,
  type NoticeOptions,
  type NoticeWorker,
  receive,
  type TappedNotice,
  tapped,
} from "../../src/reminders/notices";

const TOKEN = "t".repeat(43);

/** As the server sends it (server/reminders/payload.py). */
const payload = (over: object = {}) => ({
  web_push: 8030,
  mutable: true,
  notification: {
    title: "Appointment",
    body: "Tomorrow 14:00.",
    lang: "en-GB",
    tag: "topic",
    navigate: `https://tide.example/notice#${TOKEN}`,
    silent: false,
    actions: [
      { action: "confirm", title: "Confirm", navigate: "https://tide.example/" },
      { action: "open", title: "Open", navigate: "https://tide.example/" },
    ],
    data: { token: TOKEN, kind: "session" },
    ...over,
  },
});
const push = (said: unknown): ArrivedPush => ({ data: { json: () => JSON.parse(JSON.stringify(said)) } });
const answer = (status: number, ours = true): Response =>
  new Response("{}", { status, headers: ours ? { "aftertide-incarnation": "one" } : {} });

/** A worker that notes what it did, in order. */
function worker({
  answers = () => answer(200),
  windows = 0,
  refusesToShow = false,
  buttons = true,
}: {
  answers?: () => Response;
  windows?: number;
  refusesToShow?: boolean;
  buttons?: boolean;
} = {}) {
  const did: string[] = [];
  const shown: { title: string; options: NoticeOptions }[] = [];
  const around: NoticeWorker = {
    language: "es-ES",
    buttons,
    show: async (title, options) => {
      if (refusesToShow) throw new TypeError("no permission");
      did.push(`show ${options.body}`);
      shown.push({ title, options });
    },
    post: async (path, body) => {
      did.push(`post ${path} ${JSON.stringify(body)}`);
      return answers();
    },
    focus: async () => {
      did.push("focus");
      return windows > 0;
    },
    open: async (path) => {
      did.push(`open ${path}`);
    },
  };
  return { around, did, shown };
}

const notice = (over: Partial<TappedNotice> = {}): TappedNotice => ({
  title: "Appointment",
  lang: "en-GB",
  tag: "topic",
  data: { token: TOKEN, kind: "session" },
  close: () => undefined,
  ...over,
});

describe("a push", () => {
  test("is shown as the server words it, then said to be shown", async () => {
    const { around, did, shown } = worker();
    await receive(push(payload()), around);
    expect(did).toEqual(["show Tomorrow 14:00.", `post /api/notices/receipts {"token":"${TOKEN}"}`]);
    expect(shown[0]).toMatchObject({
      title: "Appointment",
      options: { lang: "en-GB", tag: "topic", renotify: true, data: { token: TOKEN, kind: "session" } },
    });
    expect(shown[0]?.options.actions).toEqual([
      { action: "confirm", title: "Confirm" },
      { action: "open", title: "Open" },
    ]);
  });

  test("that the browser has read itself is shown the same", async () => {
    const { around, did, shown } = worker();
    await receive({ data: null, notification: payload().notification }, around);
    expect(did).toHaveLength(2);
    expect(shown[0]).toMatchObject({ title: "Appointment", options: { body: "Tomorrow 14:00.", tag: "topic" } });
  });

  test.each([
    ["without a body", { data: null }],
    [
      "that is no JSON",
      {
        data: {
          json: () => {
            throw new SyntaxError("no JSON");
          },
        },
      },
    ],
    ["of another shape", push([1, 2])],
    ["without a title", push(payload({ title: "" }))],
  ])("%s is shown all the same, saying nothing, and isn't accounted for", async (_, arrived: ArrivedPush) => {
    const { around, did, shown } = worker();
    await receive(arrived, around);
    expect(did).toEqual(["show Hay algo para ti. Abre la aplicación."]);
    expect(shown[0]).toMatchObject({ title: "Aftertide", options: { lang: "es", data: {} } });
  });

  test("stays shown when its receipt doesn't go out", async () => {
    const { around, shown } = worker({
      answers: () => {
        throw new TypeError("no connection");
      },
    });
    await receive(push(payload()), around);
    expect(shown).toHaveLength(1);
  });

  test("that the browser refuses to show is never said to be shown", async () => {
    const { around, did } = worker({ refusesToShow: true });
    await expect(receive(push(payload()), around)).rejects.toThrow("no permission");
    expect(did).toEqual([]);
  });

  test("under no tag takes the place of nothing: browsers refuse to ring anew for those", async () => {
    const { around, shown } = worker();
    await receive(push(payload({ tag: "" })), around);
    expect(shown[0]?.options.renotify).toBe(false);
  });

  test("with a token that isn't one carries none", async () => {
    const { around, did } = worker();
    await receive(push(payload({ data: { token: `${TOKEN}/../x` } })), around);
    expect(did).toEqual(["show Tomorrow 14:00."]);
  });
});

describe("a button on a notice", () => {
  test("confirms without opening anything, and says so in the notice's language under its tag", async () => {
    const { around, did, shown } = worker();
    await tapped(notice({ lang: "es-MX" }), "confirm", around);
    expect(did).toEqual([`post /api/notices/actions {"token":"${TOKEN}","action":"confirm"}`, "show Confirmado."]);
    expect(shown[0]).toMatchObject({ title: "Appointment", options: { tag: "topic", silent: true, data: {} } });
  });

  test("snoozes", async () => {
    const { around, did } = worker();
    await tapped(notice(), "snooze", around);
    expect(did.at(-1)).toBe("show Again in one hour.");
  });

  test.each([404, 409])("whose appointment has changed says that (%i)", async (status) => {
    const { around, did } = worker({ answers: () => answer(status) });
    await tapped(notice(), "confirm", around);
    expect(did.at(-1)).toBe("show This appointment has begun, has another time or is off. Open the app.");
  });

  test.each([
    [
      "without a connection",
      () => {
        throw new TypeError("no connection");
      },
    ],
    ["behind a captive portal that says 200", () => answer(200, false)],
    ["while the server has a fault", () => answer(503)],
  ])("%s confirms nothing, says so, and keeps the way to try again", async (_, answers: () => Response) => {
    const { around, did, shown } = worker({ answers });
    await tapped(notice(), "confirm", around);
    expect(did.at(-1)).toBe("show That didn’t go out. Open the app.");
    expect(shown[0]?.options.data).toEqual({ token: TOKEN, kind: "session" });
  });
});

describe("a tap on a notice", () => {
  test.each(["", "open"])("brings the app that is open to the front (%j)", async (action) => {
    const { around, did } = worker({ windows: 1 });
    await tapped(notice(), action, around);
    expect(did).toEqual(["focus"]);
  });

  test("opens the page with the same buttons where notices have none, whether the app is open or not", async () => {
    for (const windows of [0, 1]) {
      const { around, did } = worker({ windows, buttons: false });
      await tapped(notice(), "", around);
      expect(did).toEqual([`open /notice#${TOKEN}`]);
    }
  });

  test("opens its page where nothing is open, with the token where no server sees it", async () => {
    const { around, did } = worker();
    await tapped(notice(), "", around);
    expect(did).toEqual(["focus", `open /notice#${TOKEN}`]);
  });

  test("that there is nothing to say to opens the app", async () => {
    const { around, did } = worker();
    await tapped(notice({ data: { token: TOKEN, kind: "nudge" } }), "", around);
    expect(did).toEqual(["focus", "open /"]);
  });

  test.each([{}, { token: 7 }, null])("without a token opens the app (%j)", async (data) => {
    const { around, did } = worker();
    await tapped(notice({ data }), "confirm", around);
    expect(did).toEqual(["focus", "open /"]);
  });

  test("takes the notice away", async () => {
    let closed = false;
    const { around } = worker();
    await tapped(
      notice({
        close: () => {
          closed = true;
        },
      }),
      "",
      around,
    );
    expect(closed).toBe(true);
  });
});
