import { beforeAll, describe, expect, test } from "vitest";
import { clock, dayHeading, dayOf, fullMoment, namesOf, shortDay } from "../../src/messages/dates";
import { en } from "../../src/messages/en";
import { enMore } from "../../src/messages/enMore";
import { es } from "../../src/messages/es";
import { esMore } from "../../src/messages/esMore";
import { speech } from "../../src/messages/language.svelte";
import { counted } from "../../src/messages/plurals";

/** Every sentence of a catalogue with its place; functions are called with marks that can be found again. */
function sentences(part: unknown, place = ""): [string, string][] {
  if (typeof part === "string") return [[place, part]];
  if (typeof part === "function") {
    const marks = Array.from({ length: part.length }, (_, index) => `«${index}»`);
    return [[place, String(part(...marks))]];
  }
  return Object.entries(part as object).flatMap(([key, value]) => sentences(value, `${place}.${key}`));
}

const catalogues = { en: { ...en, ...enMore }, es: { ...es, ...esMore } };
const all = Object.entries(catalogues).flatMap(([language, catalogue]) => sentences(catalogue, language));

describe("the catalogues", () => {
  test("say the same things, with the same values put in", () => {
    const marksOf = (text: string): string[] => (text.match(/«\d»/g) ?? []).sort();
    const english = sentences(catalogues.en);
    const spanish = new Map(sentences(catalogues.es));
    expect([...spanish.keys()].sort()).toEqual(english.map(([place]) => place).sort());
    for (const [place, text] of english) {
      expect([place, [...new Set(marksOf(spanish.get(place) ?? ""))]]).toEqual([place, [...new Set(marksOf(text))]]);
    }
  });

  test("raise their voice nowhere and praise nobody", () => {
    const loud = all.filter(([, text]) => /[!¡]|\bOops\b|\bGreat job\b|\bWell done\b/i.test(text));
    expect(loud).toEqual([]);
  });

  test("name no drug and speak of no cloud", () => {
    const telling = all.filter(([, text]) =>
      /ketamin|\bdrug|\bdose|\bdosis|\bclinic|cl[ií]nica|\bsync|\bcloud|\bnube\b/i.test(text),
    );
    expect(telling).toEqual([]);
  });

  test("leave no sentence empty", () => {
    expect(all.filter(([, text]) => text.trim() === "")).toEqual([]);
  });
});

describe("days and times", () => {
  const now = new Date("2026-11-21T12:00:00Z");
  const zone = "Europe/London";

  beforeAll(() => speech.speak("en"));

  test("are relative within a week and plain beyond", () => {
    expect(dayHeading("2026-11-21T08:00:00Z", zone, now)).toBe("Today");
    expect(dayHeading("2026-11-20T23:30:00Z", zone, now)).toBe("Yesterday");
    expect(dayHeading("2026-11-16T08:00:00Z", zone, now)).toBe("Monday");
    expect(dayHeading("2026-11-10T08:00:00Z", zone, now)).toMatch(/^Tuesday.+10|^Tuesday, November 10/);
    expect(dayHeading("2025-11-10T08:00:00Z", zone, now)).toContain("2025");
    expect(shortDay("2026-11-16T08:00:00Z", zone, now)).toBe("Mon");
    expect(shortDay("2026-11-21T08:00:00Z", zone, now)).toBe("today");
  });

  test("belong to the zone in which an entry was written", () => {
    expect(dayOf("2026-11-21T06:30:00Z", "America/Los_Angeles")).toBe("2026-11-20");
    expect(dayOf("2026-11-21T06:30:00Z", "Europe/Madrid")).toBe("2026-11-21");
  });

  test("are shown even where this runtime doesn't know the zone", () => {
    expect(clock("2026-11-21T06:30:00Z", "Moon/Tranquility")).toMatch(/\d{1,2}:\d{2}/);
    expect(fullMoment("2026-11-21T06:30:00Z", "Moon/Tranquility", now)).toContain("November");
  });

  test("follow the language of the moment", async () => {
    await speech.speak("es");
    expect(dayHeading("2026-11-20T12:00:00Z", zone, now)).toBe("Ayer");
    expect(dayHeading("2026-11-16T08:00:00Z", zone, now)).toBe("Lunes");
    expect(namesOf(["Ana", "Sam"])).toBe("Ana y Sam");
    await speech.speak("en");
  });
});

describe("counts", () => {
  test("take the form that the language has for them", () => {
    const forms = { one: "# entry", other: "# entries" };
    expect(counted("en", 1, forms)).toBe("1 entry");
    expect(counted("en", 0, forms)).toBe("0 entries");
    expect(counted("en", 1200, forms)).toBe("1,200 entries");
  });
});
