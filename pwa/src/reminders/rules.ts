/** Rules in settings: which kinds there are for whom, in which order they stand, and how one is put in or taken out. */
import { newId } from "../protocol";
import type { ReminderSettings, Role, Rule, RuleKind } from "../store";

/** Kinds of which one may have several: before each session, and before each thing to do. */
export type SeveralKind = "session" | "step";
/** Kinds of which one has one or none. */
export type SingleKind = Exclude<RuleKind, SeveralKind>;

const WORKING_DAYS = 0b0011111;
const SUNDAY = 0b1000000;
const DAY = 24 * 60;

/** As it is proposed when somebody turns it on; what holds from the start is the server's to say. */
const PROPOSED: Record<RuleKind, Omit<Rule, "id" | "kind">> = {
  session: { days: 1, clock: "18:00" },
  step: { minutes: 30 },
  change: {},
  "first-words": { minutes: 120 },
  "next-morning": { clock: "09:00" },
  nudge: { clock: "20:00", weekdays: 0b1111111 },
  measure: { clock: "18:00", weekdays: SUNDAY },
  answers: { clock: "17:00" },
  digest: { clock: "08:00", weekdays: WORKING_DAYS },
  "read-soon": {},
};

const SINGLE: Record<Role, readonly SingleKind[]> = {
  patient: ["change", "next-morning", "answers", "first-words", "nudge", "measure"],
  therapist: ["digest", "read-soon"],
};
const SEVERAL: Record<Role, readonly SeveralKind[]> = { patient: ["session", "step"], therapist: ["session"] };

export const singleKinds = (role: Role): readonly SingleKind[] => SINGLE[role];
export const severalKinds = (role: Role): readonly SeveralKind[] => SEVERAL[role];

/** A new rule of a kind, as it is proposed. */
export const proposed = (kind: RuleKind): Rule => ({ id: newId(), kind, ...PROPOSED[kind] });

/** Whether there is something to choose about it. */
export const isAdjustable = (kind: RuleKind): boolean => Object.keys(PROPOSED[kind]).length > 0;

const minutesBefore = ({ days, minutes }: Rule): number => minutes ?? (days ?? 0) * DAY;

/** The rules of a kind, the earliest reminder first. */
export const rulesOf = (settings: ReminderSettings, kind: RuleKind): Rule[] =>
  settings.rules.filter((rule) => rule.kind === kind).sort((a, b) => minutesBefore(b) - minutesBefore(a));

/** The settings with a rule put in, in place of the one with its id where there is one. */
export const withRule = (settings: ReminderSettings, rule: Rule): ReminderSettings => ({
  ...settings,
  rules: [...settings.rules.filter(({ id }) => id !== rule.id), rule],
});

/** The settings without a rule. */
export const withoutRule = (settings: ReminderSettings, id: string): ReminderSettings => ({
  ...settings,
  rules: settings.rules.filter((rule) => rule.id !== id),
});
