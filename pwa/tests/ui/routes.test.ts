import { describe, expect, test } from "vitest";
import { pathOf, type Route, routeOf } from "../../src/ui/routes";

const ID = "0f8fad5b-d9cb-469f-a165-70867728950e";

describe("routes", () => {
  const places: Route[] = [
    { name: "home" },
    { name: "journal" },
    { name: "entry", id: ID },
    { name: "write" },
    { name: "write", id: ID },
    { name: "sessions" },
    { name: "session", id: ID },
    { name: "you" },
    { name: "devices" },
    { name: "passphrase" },
    { name: "kit" },
    { name: "erase" },
    { name: "agreement" },
    { name: "calendar-feed" },
    { name: "reminders" },
    { name: "reminder-history" },
    { name: "person", account: ID },
    { name: "to-read" },
    { name: "to-read", id: ID },
    { name: "patients" },
    { name: "invite" },
    { name: "patient", account: ID },
    { name: "calendar" },
    { name: "book" },
    { name: "book", account: ID },
    { name: "practice" },
    { name: "sign-in" },
    { name: "join", invite: ID },
    { name: "begin" },
    { name: "notice" },
    { name: "mail" },
    { name: "mail-stop", token: `${"A-_".repeat(14)}z` },
    { name: "help" },
  ];

  test.each(places)("the path of a place leads back to it: $name", (place) => {
    expect(routeOf(pathOf(place))).toEqual(place);
  });

  test("a slash at the end makes no difference", () => {
    expect(routeOf("/journal/")).toEqual({ name: "journal" });
  });

  test.each([
    "/journal/not-an-id",
    `/journal/${ID.toUpperCase()}`,
    `/journal/${ID}/more`,
    `/elsewhere/${ID}`,
    "/nowhere",
    `/calendar/${ID}`,
    "/mail/stop/too-short",
    "//journal",
  ])("nothing is at %s", (path) => {
    expect(routeOf(path)).toEqual({ name: "not-found" });
  });
});
