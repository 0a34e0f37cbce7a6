/** What a person wants to hear, in plain sentences: "The day before at 18:00". */
import { clock, namesOf } from "../messages/dates";
import { sayMore, speech } from "../messages/language.svelte";
import { counted } from "../messages/plurals";
import type { ReminderSettings, Rule } from "../store";

const WEEK = 7;
export const EVERY_DAY = 0b1111111;
const WORKING_DAYS = 0b0011111;
const WEEKEND = 0b1100000;

/** Whether a day of the week is among the bits, Monday being day 0 and the lowest bit. */
export const hasDay = (bits: number, day: number): boolean => (bits & (1 << day)) !== 0;

/** A time of day, HH:MM, as the person's language writes it. */
export const clockTime = (time: string): string => clock(`1970-01-01T${time}:00Z`, "UTC");

/** Minutes in words, as hours where they are whole ones. */
export function lasting(minutes: number): string {
  const words = sayMore().reminders.rules;
  const whole = minutes % 60 === 0;
  return counted(speech.locale, whole ? minutes / 60 : minutes, whole ? words.hours : words.minutes);
}

/** Days of the week in words. */
export function daysOfWeek(bits: number): string {
  const words = sayMore().reminders.rules;
  if (bits === EVERY_DAY) return words.everyDay;
  if (bits === WORKING_DAYS) return words.workingDays;
  if (bits === WEEKEND) return words.weekend;
  const days = Array.from({ length: WEEK }, (_, day) => day).filter((day) => hasDay(bits, day));
  return days.length === 0 ? words.noDays : namesOf(days.map((day) => words.weekdays[day] ?? ""));
}

/** A rule as a sentence of its own, without a stop at the end. */
export function ruleSentence(rule: Rule): string {
  const words = sayMore().reminders.rules;
  const time = words.at(clockTime(rule.clock ?? "00:00"));
  const days = daysOfWeek(rule.weekdays ?? 0);
  switch (rule.kind) {
    case "session":
    case "step":
      return typeof rule.minutes === "number" ? words.before(lasting(rule.minutes)) : words.days(rule.days ?? 0, time);
    case "change":
      return words.change;
    case "first-words":
      return words.firstWords(lasting(rule.minutes ?? 0));
    case "next-morning":
      return words.nextMorning(time);
    case "nudge":
      return words.nudge(days, time);
    case "measure":
      return words.measure(days, time);
    case "answers":
      return words.answers(time);
    case "digest":
      return words.digest(days, time);
    case "read-soon":
      return words.readSoon;
  }
}

/** As {@link ruleSentence}, where nothing around it says what it is about. */
function wholeSentence(rule: Rule): string {
  const { kinds } = sayMore().reminders.rules;
  return rule.kind === "session" || rule.kind === "step"
    ? `${kinds[rule.kind]}: ${ruleSentence(rule)}`
    : ruleSentence(rule);
}

/** Quiet hours as a sentence. */
export function quietSentence(quiet: ReminderSettings["quiet"]): string {
  const words = sayMore().reminders.quiet;
  return quiet ? words.on(clockTime(quiet.start), clockTime(quiet.to)) : words.off;
}

/** What differs between two states of the settings, a sentence each; empty where they say the same. */
export function differences(before: ReminderSettings, after: ReminderSettings): string[] {
  const words = sayMore().reminders;
  const had = new Set(before.rules.map(wholeSentence));
  const has = new Set(after.rules.map(wholeSentence));
  const found = [
    ...[...has].filter((rule) => !had.has(rule)).map(words.new),
    ...[...had].filter((rule) => !has.has(rule)).map(words.gone),
  ];
  const quiet = quietSentence(after.quiet);
  if (quiet !== quietSentence(before.quiet)) found.push(words.now(quiet));
  if (after.wording !== before.wording)
    found.push(words.now(`${words.wording.title}: ${words.wording[after.wording]}`));
  if (after.buttons !== before.buttons)
    found.push(after.buttons ? words.new(words.buttons.title) : words.gone(words.buttons.title));
  if (after.days_off !== before.days_off)
    found.push(words.now(`${words.daysOff.title}: ${daysOfWeek(after.days_off)}`));
  return found;
}
