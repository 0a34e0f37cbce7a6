/** Counts in words, by the plural rules of a language (CLDR through Intl). */

/** The form of `count` in `locale`; `other` where the language has no form of its own for it. */
export function counted(locale: string, count: number, forms: { one: string; other: string }): string {
  const form = new Intl.PluralRules(locale).select(count) === "one" ? forms.one : forms.other;
  return form.replace("#", new Intl.NumberFormat(locale).format(count));
}
