import { beforeAll, describe, expect, test } from "vitest";
import {
  countdown,
  daysLater,
  daysUntil,
  hourOf,
  lengthInWords,
  stepTime,
  wholeTime,
  zoneBeside,
} from "../../src/appointments/wallTimes";
import { speech } from "../../src/messages/language.svelte";
import { appointment } from "./appointment";

beforeAll(async () => {
  await speech.speak("en");
  await speech.fetchMore();
});

describe("the countdown", () => {
  const session = appointment({ starts: "2026-12-01T00:30", zone: "Europe/Madrid", startsAt: "2026-11-30T23:30:00Z" });

  test.each([
    ["2026-11-26T12:00:00Z", "In 5 days"],
    // Past midnight in Madrid, not yet in London: the days are those of the session's place.
    ["2026-11-29T22:30:00Z", "In 2 days"],
    ["2026-11-29T23:30:00Z", "Tomorrow"],
    ["2026-11-30T23:10:00Z", "Today"],
    ["2026-11-30T23:30:00Z", "Now"],
    ["2026-12-01T00:29:00Z", "Now"],
    ["2026-12-01T00:30:00Z", "Today"],
    ["2026-12-02T12:00:00Z", "1 day ago"],
  ])("at %s says %s", (now, words) => {
    expect(countdown(session, new Date(now))).toBe(words);
  });

  test("counts calendar days where the clocks change between", () => {
    expect(daysUntil("2026-10-26T00:10", "Europe/Madrid", new Date("2026-10-24T22:30:00Z"))).toBe(1);
  });
});

describe("a wall time", () => {
  test("is shown as the server has it, whatever the zone of this device", () => {
    expect(wholeTime("2026-12-01T14:05", new Date("2026-11-25T12:00:00Z"))).toMatch(/^Tuesday,? .*December.*(14|2):05/);
    expect(hourOf("2026-12-01T14:05")).toMatch(/^(14|2):05/);
  });

  test("moves by whole days and keeps its hour", () => {
    expect(daysLater("2026-03-28T02:30", 1)).toBe("2026-03-29T02:30");
    expect(daysLater("2026-12-31T09:00", 1)).toBe("2027-01-01T09:00");
  });

  test("has its zone beside it where the person is elsewhere", () => {
    expect(zoneBeside("America/New_York", "Europe/Madrid")).toBe("New York time");
    expect(zoneBeside("Europe/Madrid", "Europe/Madrid")).toBeUndefined();
  });
});

test("a length is said in hours and minutes", () => {
  expect([50, 60, 90].map(lengthInWords)).toEqual(["50 min", "1 hr", "1 hr, 30 min"]);
});

test("a step is due so many days before, at its own hour", () => {
  const step = { id: "a", text: "Nothing to eat" };
  expect(stepTime({ ...step, at: { daysBefore: 1, time: "22:00" } }, "2026-12-01T09:00")).toBe("2026-11-30T22:00");
  expect(stepTime(step, "2026-12-01T09:00")).toBeUndefined();
});
