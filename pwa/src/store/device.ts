/** What this device is, in words: for the list of signed-in devices, and for "on this phone". */

interface WithClientHints {
  userAgentData?: { brands: { brand: string }[]; platform: string; mobile: boolean };
}

const BROWSERS: readonly [RegExp, string][] = [
  [/Edg\//, "Edge"],
  [/OPR\//, "Opera"],
  [/SamsungBrowser\//, "Samsung Internet"],
  [/Firefox\/|FxiOS\//, "Firefox"],
  [/Chrome\/|CriOS\//, "Chrome"],
  [/Safari\//, "Safari"],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone/, "iPhone"],
  [/iPad/, "iPad"],
  [/Android/, "Android"],
  [/CrOS/, "ChromeOS"],
  [/Windows/, "Windows"],
  [/Mac OS X/, "Mac"],
  [/Linux/, "Linux"],
];

const firstOf = (table: readonly [RegExp, string][], agent: string): string | undefined =>
  table.find(([pattern]) => pattern.test(agent))?.[1];

/** "Firefox · Android": the browser's and the system's own names, nothing that tells one person from another. */
export function deviceLabel(agent: string = globalThis.navigator?.userAgent ?? ""): string {
  return [firstOf(BROWSERS, agent), firstOf(SYSTEMS, agent)].filter(Boolean).join(" · ") || "Browser";
}

/** Whether people would call it a phone. */
export function isPhone(): boolean {
  const hints = (navigator as Navigator & WithClientHints).userAgentData;
  return hints ? hints.mobile : /iPhone|Android.+Mobile/.test(navigator.userAgent);
}
