/** Counts in words, by the plural rules of a language (CLDR through Intl). */

interface Rules {
  readonly plural: Intl.PluralRules;
  readonly number: Intl.NumberFormat;
}

/** Making them takes milliseconds on a phone, and a count changes with each key of a search. */
const known = new Map<string, Rules>();

function rulesOf(locale: string): Rules {
  const rules = known.get(locale) ?? { plural: new Intl.PluralRules(locale), number: new Intl.NumberFormat(locale) };
  known.set(locale, rules);
  return rules;
}

/** The form of `count` in `locale`; `other` where the language has no form of its own for it. */
export function counted(locale: string, count: number, forms: { one: string; other: string }): string {
  const { plural, number } = rulesOf(locale);
  const form = plural.select(count) === "one" ? forms.one : forms.other;
  return form.replace("#", number.format(count));
}
