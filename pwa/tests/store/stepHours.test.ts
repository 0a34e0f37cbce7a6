import "fake-indexeddb/auto";
import { beforeEach, describe, expect, test } from "vitest";
import { createApi } from "../../src/api/client";
import { IndexedDatabase } from "../../src/store/indexed";
import type { Shelf } from "../../src/store/shelf.svelte";
import { hoursOf, type Prepared, StepHours } from "../../src/store/stepHours";

const FAST = { id: "b", text: "Nothing to eat from now on", at: { daysBefore: 0, time: "10:00" } };
const DRIVE = { id: "a", text: "Ask somebody to drive you home", at: { daysBefore: 1, time: "18:00" } };
const WARM = { id: "c", text: "Bring something warm" };

/** A session with its sealed details opened. */
const session = (steps: Prepared["details"]["steps"], id = "one"): Prepared => ({
  id,
  record: `details-of-${id}`,
  details: { place: "Room 4", ...(steps && { steps }) },
});

/** A patient's device and the server that is told; `there` are the appointments that it knows. */
function device() {
  const asked: [string, unknown][] = [];
  const server = { away: false, gone: "" };
  const here = { role: "patient", incarnation: "one" };
  const api = createApi({
    origin: "https://tide.example",
    fetch: async (request) => {
      if (server.away) throw new TypeError("no connection");
      const path = new URL(request.url).pathname;
      asked.push([`${request.method} ${path}`, await request.json()]);
      const gone = path.endsWith(`/${server.gone}`);
      return new Response(gone ? JSON.stringify({ type: "/problems/not-found" }) : null, {
        status: gone ? 404 : 204,
        headers: {
          "aftertide-incarnation": here.incarnation,
          ...(gone && { "content-type": "application/problem+json" }),
        },
      });
    },
  });
  const database = new IndexedDatabase(crypto.randomUUID(), {
    onFailure: () => undefined,
    onWrite: () => undefined,
    onBlocked: () => undefined,
  });
  const shelf = { database, here } as unknown as Shelf;
  return { asked, server, here, hours: new StepHours(shelf, api), again: () => new StepHours(shelf, api) };
}

test("of steps only the hours leave the device, and only of those that have one", () => {
  expect(hoursOf([FAST, DRIVE, WARM])).toEqual([
    { id: "a", days_before: 1, clock: "18:00" },
    { id: "b", days_before: 0, clock: "10:00" },
  ]);
});

describe("the server is told the hours", () => {
  let phone: ReturnType<typeof device>;
  beforeEach(() => {
    phone = device();
  });

  test("once, also after the app was started again", async () => {
    await phone.hours.tell([session([FAST])]);
    await phone.hours.tell([session([FAST])]);
    await phone.again().tell([session([FAST])]);
    expect(phone.asked).toEqual([
      ["PUT /api/reminders/steps/one", { steps: [{ id: "b", days_before: 0, clock: "10:00" }] }],
    ]);
  });

  test("again when they change, and that there are none any more", async () => {
    await phone.hours.tell([session([FAST])]);
    await phone.hours.tell([session([FAST, DRIVE])]);
    await phone.hours.tell([session([])]);
    expect(phone.asked.map(([, body]) => (body as { steps: unknown[] }).steps.length)).toEqual([1, 2, 0]);
  });

  test("never of a session that has none, nor of one whose details aren't here", async () => {
    await phone.hours.tell([
      session(undefined),
      session([WARM], "two"),
      { ...session([FAST], "three"), record: undefined },
    ]);
    expect(phone.asked).toEqual([]);
  });

  test("not by a therapist's device", async () => {
    phone.here.role = "therapist";
    await phone.hours.tell([session([FAST])]);
    expect(phone.asked).toEqual([]);
  });

  test("with the next round where there was no connection", async () => {
    phone.server.away = true;
    await expect(phone.hours.tell([session([FAST])])).rejects.toThrow("no connection");
    phone.server.away = false;
    await phone.hours.tell([session([FAST])]);
    expect(phone.asked).toHaveLength(1);
  });

  test("of the others where one is gone, which isn't asked for again", async () => {
    phone.server.gone = "one";
    await phone.hours.tell([session([FAST]), session([DRIVE], "two")]);
    await phone.hours.tell([session([FAST]), session([DRIVE], "two")]);
    expect(phone.asked.map(([what]) => what)).toEqual(["PUT /api/reminders/steps/one", "PUT /api/reminders/steps/two"]);
  });

  test("anew after it was restored from a backup", async () => {
    await phone.hours.tell([session([FAST])]);
    phone.here.incarnation = "two";
    await phone.hours.tell([session([FAST])]);
    expect(phone.asked).toHaveLength(2);
  });
});
