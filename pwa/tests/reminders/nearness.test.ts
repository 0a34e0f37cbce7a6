import { describe, expect, test } from "vitest";
import { isNear } from "../../src/reminders/nearness";
import type { Appointment } from "../../src/store";
import { appointment } from "../appointments/appointment";

/** A session at 14:00 in Madrid, an hour before UTC in winter. */
const session = (over: Partial<Appointment> = {}): Appointment =>
  appointment({
    starts: "2026-11-24T14:00",
    startsAt: "2026-11-24T13:00:00Z",
    minutes: 120,
    state: "confirmed",
    ...over,
  });
const at = (instant: string): number => Date.parse(instant);

describe("a session is near", () => {
  test("from noon of the day before, on the clock where it takes place", () => {
    expect(isNear(session(), at("2026-11-23T10:59:00Z"))).toBe(false);
    expect(isNear(session(), at("2026-11-23T11:00:00Z"))).toBe(true);
  });

  test("until it begins", () => {
    expect(isNear(session(), at("2026-11-24T12:59:00Z"))).toBe(true);
    expect(isNear(session(), at("2026-11-24T13:00:00Z"))).toBe(false);
  });

  test("on the first of a month after the last day of the one before", () => {
    const first = session({ starts: "2026-12-01T09:00", startsAt: "2026-12-01T08:00:00Z" });
    expect(isNear(first, at("2026-11-30T11:00:00Z"))).toBe(true);
    expect(isNear(first, at("2026-11-30T10:59:00Z"))).toBe(false);
  });

  test("only of the long kind", () => {
    expect(isNear(session({ kind: "check-in" }), at("2026-11-24T08:00:00Z"))).toBe(false);
  });

  test("also where this runtime doesn't know the zone", () => {
    expect(isNear(session({ zone: "Moon/Tranquility" }), at("2026-11-24T12:00:00Z"))).toBe(true);
  });
});
