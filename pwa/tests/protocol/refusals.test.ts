import { describe, expect, test } from "vitest";
import {
  canonicalEmail,
  counts,
  ctx,
  EmailError,
  EncodingError,
  fiveWords,
  fromBase64,
  fromBase64Url,
  JsonError,
  judgeArrival,
  KindError,
  KitError,
  newId,
  ParameterError,
  PassphraseError,
  pad,
  paddedLength,
  parseJson,
  printJson,
  RollbackError,
  randomBytes,
  requireGeneration,
  requireKdf,
  requireKind,
  requireSettablePassphrase,
  toBase64Url,
  unpad,
  utf8,
} from "../../src/protocol";
import { invitationLink, readInvitationLink } from "../../src/protocol/invitations";
import { newKitSecret, printKit, readKit } from "../../src/protocol/kit";

describe("base64 has one spelling", () => {
  test.each(["AA", "AA=", "AAA", "AAA==", "AA==\n", " AA==", "AB==", "AAB=", "A-==", "=", "AAAA===="])(
    "standard refuses %j",
    (text) => expect(() => fromBase64(text)).toThrow(EncodingError),
  );
  test.each(["AA==", "AB", "AAB", "A", "A+", "A/", "AA\n", "AA "])("url-safe refuses %j", (text) =>
    expect(() => fromBase64Url(text)).toThrow(EncodingError),
  );
  test("bodies of a megabyte survive", () => {
    const bytes = new Uint8Array(2 ** 20).fill(7);
    expect(fromBase64(Buffer.from(bytes).toString("base64"))).toEqual(bytes);
  });
});

describe("ctx takes only what both clients print alike", () => {
  test.each([["é"], ['"'], ["\\"], ["\n"], [2 ** 53], [-1], [-0], [0.5], [Number.NaN]])("refuses %j", (value) =>
    expect(() => ctx(value)).toThrow(EncodingError),
  );
  test("refuses a boolean", () => {
    const value: unknown = true;
    expect(() => ctx(value as string)).toThrow(EncodingError);
  });
});

describe("JSON has one meaning", () => {
  test.each([
    '{"a":1,"a":2}',
    '{"a":1,"\\u0061":2}',
    '[{"b":{"a":1,"a":1}}]',
    '"\\ud800"',
    '{"\\udc00":1}',
    "9007199254740992",
    "1e400",
    "NaN",
    "[1,]",
    "",
    "\u{feff}{}",
  ])("refuses %s", (text) => expect(() => parseJson(utf8(text))).toThrow(JsonError));
  test("refuses bytes that are no UTF-8", () => {
    expect(() => parseJson(Uint8Array.of(0x22, 0xff, 0x22))).toThrow(JsonError);
  });
  test("takes the same name in different objects, and names in strings", () => {
    const text = '{"a":{"a":"x\\",\\"a\\":1"},"b":[{"a":1},{"a":2}],"__proto__":3}';
    expect(JSON.stringify(parseJson(utf8(text)))).toBe(text);
  });
  test.each([[Number.NaN], [Number.POSITIVE_INFINITY], [2 ** 53], ["\ud800"], [{ "\ud800": 1 }]])(
    "never prints %j",
    (value) => expect(() => printJson(value)).toThrow(JsonError),
  );
});

describe("padding", () => {
  test.each([0, 1, 1022, 1023, 1024, 16_383, 16_384, 100_000, 2 ** 20])("brings %i bytes back", (length) => {
    const text = new Uint8Array(length).fill(0x80);
    expect(pad(text)).toHaveLength(paddedLength(length + 1));
    expect(unpad(pad(text))).toEqual(text);
  });
  test("refuses a length that it doesn't give, and padding without its mark", () => {
    expect(() => unpad(new Uint8Array([...pad(Uint8Array.of(1)), ...new Uint8Array(1024)]))).toThrow();
    expect(() => unpad(new Uint8Array(1024))).toThrow();
    expect(() => unpad(new Uint8Array(1024).fill(1))).toThrow();
    expect(() => unpad(new Uint8Array())).toThrow();
  });
});

describe("e-mail", () => {
  test("has one form", () => expect(canonicalEmail(" \tAna.B@Example.ORG ")).toBe("ana.b@example.org"));
  test.each(["ana", "ana@", "@x", "a@b@c", "ana@müller.de", 'a"b@c', "a\\b@c", "a b@c", "", `${"a".repeat(250)}@b.de`])(
    "refuses %j",
    (email) => expect(() => canonicalEmail(email)).toThrow(EmailError),
  );
});

describe("passphrases", () => {
  test.each([
    ["short", "too-short"],
    ["password1234", "common"],
    ["twelve chars \u0378", "unassigned"],
    ["twelve chars \ud800", "surrogate"],
  ])("refuses %j as %s", async (passphrase, fault) => {
    await expect(requireSettablePassphrase(passphrase)).rejects.toMatchObject({ fault });
    await expect(requireSettablePassphrase(passphrase)).rejects.toThrow(PassphraseError);
  });
  test("takes spaces at the ends, any script, and five words", async () => {
    await requireSettablePassphrase("  潮の満ち引きと海辺の朝焼け  ");
    for (const language of ["en", "es"] as const) {
      const words = await fiveWords(language);
      expect(words.split(" ")).toHaveLength(5);
      await requireSettablePassphrase(words);
    }
  });
});

describe("a recovery kit", () => {
  test("comes back however it is typed", () => {
    const secret = newKitSecret();
    const kit = printKit(secret);
    expect(kit).toMatch(/^(?:.{4}-){8}.$/);
    expect(readKit(kit)).toEqual(secret);
    const sloppy = kit.toLowerCase().replaceAll("-", " ").replaceAll("1", "l").replaceAll("0", "o");
    expect(readKit(sloppy)).toEqual(secret);
  });
  test("refuses every single mistyped symbol, and says what is wrong", () => {
    const kit = printKit(newKitSecret()).replaceAll("-", "");
    for (let at = 0; at < 32; at++) {
      const other = kit.charAt(at) === "7" ? "8" : "7";
      expect(() => readKit(kit.slice(0, at) + other + kit.slice(at + 1))).toThrow(KitError);
    }
    expect(() => readKit(kit.slice(1))).toThrowError(expect.objectContaining({ fault: "length" }));
    expect(() => readKit(`!${kit.slice(1)}`)).toThrowError(expect.objectContaining({ fault: "symbol" }));
  });
  test("refuses any two symbols that changed places", () => {
    const kit = [...printKit(newKitSecret()).replaceAll("-", "")];
    for (let one = 0; one < 32; one++) {
      for (let other = one + 1; other < 32; other++) {
        if (kit[one] === kit[other]) continue;
        const swapped = [...kit];
        [swapped[one], swapped[other]] = [kit[other] ?? "", kit[one] ?? ""];
        expect(() => readKit(swapped.join(""))).toThrowError(expect.objectContaining({ fault: "check" }));
      }
    }
  });
  test.each([
    ["Arabic digits", "0123456789", "٠١٢٣٤٥٦٧٨٩"],
    ["Devanagari digits", "0123456789", "०१२३४५६७८९"],
    ["digits of full width", "0123456789", "０１２３４５６７８９"],
    ["a dotless i for a one", "1", "ı"],
    ["a long s", "S", "ſ"],
    ["a Cyrillic letter that looks the same", "ABCEHKMPTX", "АВСЕНКМРТХ"],
  ])("takes %s for what they are: nothing that stands in a kit", (_, ours, theirs) => {
    const kit = printKit(Uint8Array.from({ length: 20 }, (_, at) => at * 37 + 11));
    const written = [...kit].map((symbol) => [...theirs][ours.indexOf(symbol)] ?? symbol).join("");
    expect(written).not.toBe(kit);
    expect(() => readKit(written)).toThrowError(expect.objectContaining({ fault: "symbol" }));
  });
});

describe("what a client remembers of a record", () => {
  const seen = { epoch: 2, revision: 3, hash: "three" };
  test.each([
    ["an earlier epoch", { epoch: 1, revision: 4, hash: "x", base: "three" }],
    ["an earlier revision", { epoch: 2, revision: 2, hash: "x", base: "" }],
    ["another body", { epoch: 2, revision: 3, hash: "x", base: "" }],
    ["another epoch for the same body", { epoch: 3, revision: 3, hash: "three", base: "" }],
    ["another base", { epoch: 2, revision: 4, hash: "x", base: "two" }],
  ])("refuses %s", (_, arrival) => expect(() => judgeArrival(seen, arrival)).toThrow(RollbackError));
  test("accepts what follows, and what a reader wasn't shown in between", () => {
    expect(judgeArrival(seen, { epoch: 2, revision: 4, hash: "four", base: "three" })).toBe("new");
    expect(judgeArrival(seen, { epoch: 4, revision: 9, hash: "nine", base: "eight" })).toBe("new");
    expect(judgeArrival(seen, { ...seen, base: "two" })).toBe("same");
  });
});

describe("kinds", () => {
  const entry = {
    kind: "entry",
    v: 1,
    readers: [],
    form: "free",
    written: "2026-11-17T22:41:00+01:00",
    zone: "Europe/Madrid",
    text: "",
    sliders: {},
    feelings: [],
  };
  test("keep unknown fields and unknown kinds", async () => {
    await expect(requireKind({ ...entry, later: { a: 1 } })).resolves.toMatchObject({ later: { a: 1 } });
    await expect(requireKind({ kind: "of-tomorrow", v: 3, readers: [] })).resolves.toBeDefined();
  });
  test.each([
    { ...entry, sliders: { mood: 11 } },
    { ...entry, written: "yesterday" },
    { kind: "entry", v: 1 },
    { ...entry, readers: [{ account: "x", key_id: "y", attention: 0 }] },
  ])("refuse %j", async (content) => await expect(requireKind(content)).rejects.toThrow(KindError));
  test("refuse an account that stands twice among the readers", async () => {
    const reader = { account: newId(), key_id: toBase64Url(randomBytes(16)), attention: 0 };
    await expect(requireKind({ ...entry, readers: [reader] })).resolves.toBeDefined();
    await expect(requireKind({ ...entry, readers: [reader, { ...reader, attention: 1 }] })).rejects.toThrow(KindError);
  });
  const appointment = { kind: "appointment", v: 1, readers: [], appointment: newId() };
  const step = { id: newId(), text: "A quiet evening", at: { days_before: 1, time: "18:00" } };
  test("take the details of an appointment", async () => {
    const full = { ...appointment, title: "Third", link: "https://video.example.org/r/7", steps: [step] };
    await expect(requireKind(appointment)).resolves.toBeDefined();
    await expect(requireKind(full)).resolves.toMatchObject(full);
  });
  test.each([
    { v: 2 },
    { appointment: "seven" },
    { title: "x".repeat(201) },
    { link: "javascript:alert(1)" },
    { link: "http://video.example.org" },
    { steps: [{ ...step, at: { days_before: 31, time: "18:00" } }] },
    { steps: [{ ...step, at: { days_before: 1, time: "24:00" } }] },
  ])(
    "refuse details of an appointment with %j",
    async (changed) => await expect(requireKind({ ...appointment, ...changed })).rejects.toThrow(KindError),
  );
  test("count only from whom the table says", () => {
    const from = (role: "patient" | "therapist", partyToAbout = false) =>
      ({ who: "contact", role, partyToAbout }) as const;
    expect(counts("entry", from("patient"))).toBe(true);
    expect(counts("entry", from("therapist"))).toBe(false);
    expect(counts("agreement", from("therapist"))).toBe(true);
    expect(counts("contact", from("therapist", true))).toBe(false);
    expect(counts("comment", from("therapist"))).toBe(false);
    expect(counts("comment", from("therapist", true))).toBe(true);
    expect(counts("toString", from("therapist", true))).toBe(false);
    expect(counts("of-tomorrow", { who: "self" })).toBe(true);
  });
});

describe("keys of another strength or age", () => {
  test.each([
    { kdf: "argon2id", m: 19_456, t: 3, p: 1 },
    { kdf: "argon2id", m: 65_536, t: 1, p: 1 },
    { kdf: "argon2id", m: 2 ** 22, t: 3, p: 1 },
    { kdf: "argon2i", m: 65_536, t: 3, p: 1 },
  ])("are refused: %j", (said) => expect(() => requireKdf(said)).toThrow(ParameterError));
  test("are refused by generation", () => {
    expect(() => requireGeneration(2, 1)).toThrow(ParameterError);
    requireGeneration(2, 2);
  });
});

describe("the link of an invitation", () => {
  const invite = newId();
  const secret = randomBytes(32);
  test("comes back whole", () => {
    const link = new URL(invitationLink("https://tide.example", invite, secret));
    expect(readInvitationLink(link)).toEqual({ invite, secret });
  });
  test.each([
    `/join/${invite}`,
    `/join/${invite}#AAAA`,
    `/join/x#${toBase64Url(secret)}`,
    `/begin#${toBase64Url(secret)}`,
    `/join/${invite}#${toBase64Url(secret)}x`,
  ])("is refused when broken: %s", (path) =>
    expect(() => readInvitationLink(new URL(path, "https://tide.example"))).toThrow(EncodingError),
  );
});
