import { beforeAll, describe, expect, test, vi } from "vitest";
import { speech } from "../../src/messages/language.svelte";
import { proposed, rulesOf, severalKinds, singleKinds, withoutRule, withRule } from "../../src/reminders/rules";
import { daysOfWeek, differences, quietSentence, ruleSentence } from "../../src/reminders/sentences";
import type { Rule } from "../../src/store";
import { SETTINGS } from "./server";

// A browser's own variants of the two languages, read when the catalogues are.
vi.hoisted(() => Object.defineProperty(navigator, "languages", { value: ["en-GB", "es-ES"] }));

const rule = (parts: Omit<Rule, "id">): Rule => ({ id: "00000000-0000-4000-8000-000000000009", ...parts });

const SENTENCES: [Omit<Rule, "id">, string, string][] = [
  [{ kind: "session", days: 1, clock: "18:00" }, "The day before at 18:00", "El día antes a las 18:00"],
  [{ kind: "session", days: 0, clock: "08:00" }, "On the day at 08:00", "El mismo día a las 8:00"],
  [{ kind: "session", days: 3, clock: "01:30" }, "3 days before at 01:30", "3 días antes a la 1:30"],
  [{ kind: "session", minutes: 120 }, "2 hours before", "2 horas antes"],
  [{ kind: "step", minutes: 60 }, "1 hour before", "1 hora antes"],
  [{ kind: "step", minutes: 90 }, "90 minutes before", "90 minutos antes"],
  [
    { kind: "change" },
    "At once, when a session is booked, moved or cancelled",
    "Enseguida, cuando se fija, se mueve o se anula una sesión",
  ],
  [
    { kind: "first-words", minutes: 120 },
    "First words: 2 hours after a session ends",
    "Primeras palabras: 2 horas después de acabar una sesión",
  ],
  [
    { kind: "next-morning", clock: "09:00" },
    "The morning after a session, at 09:00",
    "La mañana siguiente a una sesión, a las 9:00",
  ],
  [
    { kind: "nudge", clock: "20:00", weekdays: 127 },
    "A moment for yourself: every day at 20:00",
    "Un momento para ti: cada día a las 20:00",
  ],
  [
    { kind: "measure", clock: "18:00", weekdays: 0b0001001 },
    "Questions that wait: Mondays and Thursdays at 18:00",
    "Preguntas que esperan: lunes y jueves a las 18:00",
  ],
  [
    { kind: "answers", clock: "17:00" },
    "Answers for you, gathered at 17:00",
    "Respuestas para ti, reunidas a las 17:00",
  ],
  [
    { kind: "digest", clock: "08:00", weekdays: 31 },
    "What waits for you: Monday to Friday at 08:00",
    "Lo que te espera: de lunes a viernes a las 8:00",
  ],
];

describe.each(["en", "es"] as const)("in %s", (language) => {
  beforeAll(async () => {
    await speech.speak(language);
    await speech.fetchMore();
  });

  test.each(SENTENCES)("a rule is a plain sentence: %j", (parts, english, spanish) => {
    expect(ruleSentence(rule(parts))).toBe(language === "en" ? english : spanish);
  });

  test("quiet hours are a sentence, and so is that there are none", () => {
    expect(quietSentence({ start: "22:00", to: "08:00" })).toBe(
      language === "en" ? "From 22:00 to 08:00 nothing rings." : "De 22:00 a 8:00 no suena nada.",
    );
    expect(quietSentence(null)).toBe(
      language === "en" ? "Reminders come at any hour." : "Los recordatorios llegan a cualquier hora.",
    );
  });
});

describe("what another device changed", () => {
  beforeAll(async () => {
    await speech.speak("en");
    await speech.fetchMore();
  });

  test("is said rule by rule, and for each setting", () => {
    const after = {
      ...withRule(
        withoutRule(SETTINGS, "00000000-0000-4000-8000-000000000002"),
        rule({ kind: "nudge", clock: "20:00", weekdays: 127 }),
      ),
      quiet: null,
      wording: "plain" as const,
      buttons: false,
      days_off: 0b1100000,
    };
    expect(differences(SETTINGS, after)).toEqual([
      "New: A moment for yourself: every day at 20:00",
      "No longer: Before a session: 2 hours before",
      "Now: Reminders come at any hour.",
      "Now: Words on the locked screen: Plainer",
      "No longer: Buttons on notices",
      "Now: Your days off: Saturdays and Sundays",
    ]);
  });

  test("is nothing where both say the same, whatever the ids", () => {
    const same = { ...SETTINGS, version: 4, rules: SETTINGS.rules.map((one) => ({ ...one, id: crypto.randomUUID() })) };
    expect(differences(SETTINGS, same)).toEqual([]);
  });

  test("of days off that there are none is said, too", () => {
    expect(daysOfWeek(0)).toBe("no day");
  });
});

describe("rules", () => {
  test("of a kind stand with the earliest reminder first", () => {
    const later = withRule(SETTINGS, rule({ kind: "session", days: 3, clock: "10:00" }));
    expect(rulesOf(later, "session").map(ruleSentence)).toEqual([
      "3 days before at 10:00",
      "The day before at 18:00",
      "2 hours before",
    ]);
  });

  test("with the same id take the place of each other", () => {
    const [first] = SETTINGS.rules;
    const changed = withRule(SETTINGS, { ...(first as Rule), clock: "20:00" });
    expect(changed.rules).toHaveLength(SETTINGS.rules.length);
    expect(rulesOf(changed, "session").map(ruleSentence)).toContain("The day before at 20:00");
  });

  // The server's own table (server/reminders/preferences.py, PARTS): anything else it refuses.
  const PARTS: Record<Rule["kind"], string[]> = {
    session: ["clock", "days"],
    step: ["minutes"],
    change: [],
    "first-words": ["minutes"],
    "next-morning": ["clock"],
    nudge: ["clock", "weekdays"],
    measure: ["clock", "weekdays"],
    answers: ["clock"],
    digest: ["clock", "weekdays"],
    "read-soon": [],
  };
  test.each((["patient", "therapist"] as const).flatMap((role) => [...severalKinds(role), ...singleKinds(role)]))(
    "of kind %s are proposed with the parts that the server asks for",
    (kind) => {
      const { id, kind: _, ...parts } = proposed(kind);
      expect(id).toMatch(/^[0-9a-f-]{36}$/);
      expect(Object.keys(parts).sort()).toEqual(PARTS[kind]);
    },
  );
});
