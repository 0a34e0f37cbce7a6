import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fromBase64, openSlot, passkeySlotKey, prfInput, sealSlot, toBase64 } from "../../src/protocol";
import { makePasskey, usePasskey } from "../../src/store/authenticator";

const ACCOUNT = { account: "0b4e2ef7-7f99-4aa1-ae52-f9132c9d4199", email: "ana@example.org" };
const CHALLENGE = toBase64(new Uint8Array(32).fill(7));
const HEAD = { account: ACCOUNT.account, id: ACCOUNT.account, method: "passkey", gen: 1 } as const;

/** What a browser gives; `prf` as its results of extensions. */
function credential(prf: unknown, response: Record<string, unknown>): unknown {
  return {
    rawId: Uint8Array.of(1, 2, 3).buffer,
    response: { clientDataJSON: Uint8Array.of(4).buffer, ...response },
    getClientExtensionResults: () => ({ credProps: { rk: true }, ...(prf ? { prf } : {}) }),
  };
}

const made = (prf: unknown) =>
  credential(prf, { attestationObject: Uint8Array.of(5).buffer, getTransports: () => ["internal", "of-tomorrow"] });
const used = (prf: unknown) =>
  credential(prf, {
    authenticatorData: Uint8Array.of(5).buffer,
    signature: Uint8Array.of(6).buffer,
    userHandle: new ArrayBuffer(0),
  });

const create = vi.fn();
const get = vi.fn();

beforeEach(() => {
  vi.stubGlobal("location", { hostname: "journal.example.org" });
  vi.stubGlobal("navigator", { credentials: { create, get } });
});
afterEach(() => vi.unstubAllGlobals());

describe("a passkey", () => {
  test("is asked for what the protocol asks, and for nothing else", async () => {
    create.mockResolvedValue(made({ enabled: true }));
    await makePasskey(CHALLENGE, ACCOUNT, [{ credential: toBase64(Uint8Array.of(9)) }]);
    const asked = create.mock.lastCall?.[0] as CredentialCreationOptions | undefined;
    expect(asked?.publicKey).toMatchObject({
      rp: { id: "journal.example.org" },
      challenge: fromBase64(CHALLENGE),
      attestation: "none",
      authenticatorSelection: { residentKey: "required", userVerification: "required" },
      excludeCredentials: [{ type: "public-key", id: Uint8Array.of(9) }],
      extensions: { prf: { eval: { first: await prfInput() } } },
    });
    expect(asked?.publicKey?.user.id).toHaveLength(16);
    get.mockResolvedValue(used({}));
    await usePasskey(fromBase64(CHALLENGE), []);
    expect(get.mock.lastCall?.[0]).toMatchObject({
      publicKey: { userVerification: "required", allowCredentials: [], rpId: "journal.example.org" },
    });
  });

  test("opens its slot by what the PRF gave, which is overwritten and not in what is posted", async () => {
    const output = new Uint8Array(32).fill(3);
    const sealed = await sealSlot(await passkeySlotKey(output.slice()), HEAD, new Uint8Array(32).fill(1));
    create.mockResolvedValue(made({ enabled: true, results: { first: output.buffer } }));
    const { answer, slotKey } = await makePasskey(CHALLENGE, ACCOUNT, []);
    if (!slotKey) throw new Error("nothing that opens");
    expect(await openSlot(slotKey, HEAD, sealed)).toEqual(new Uint8Array(32).fill(1));
    expect(slotKey.extractable).toBe(false);
    expect(output).toEqual(new Uint8Array(32));
    expect(answer).toEqual({
      id: "AQID",
      client_data: "BA==",
      attestation_object: "BQ==",
      transports: ["internal"],
      clientExtensionResults: {},
    });
  });

  test.each([
    ["says that it has no PRF", { enabled: false }, false],
    ["says nothing of a PRF", undefined, false],
    ["has one when it is used", { enabled: true }, true],
  ])("that %s opens nothing yet", async (_, prf, hasPrf) => {
    create.mockResolvedValue(made(prf));
    expect(await makePasskey(CHALLENGE, ACCOUNT, [])).toMatchObject({ slotKey: undefined, hasPrf });
    get.mockResolvedValue(used(undefined));
    expect(await usePasskey(fromBase64(CHALLENGE), [])).toMatchObject({
      slotKey: undefined,
      answer: { user_handle: null, clientExtensionResults: {} },
    });
  });

  test.each([
    ["NotAllowedError", "passkey-cancelled"],
    ["AbortError", "passkey-cancelled"],
    ["TimeoutError", "passkey-cancelled"],
    ["InvalidStateError", "passkey-taken"],
    ["SecurityError", "passkey-site"],
    ["NotSupportedError", "passkey-unable"],
    ["ConstraintError", "passkey-unable"],
    ["UnknownError", "passkey-unable"],
  ])("refused by %s is told as %s", async (name, reason) => {
    create.mockRejectedValue(new DOMException("", name));
    get.mockRejectedValue(new DOMException("", name));
    await expect(makePasskey(CHALLENGE, ACCOUNT, [])).rejects.toMatchObject({ reason });
    await expect(usePasskey(fromBase64(CHALLENGE), [])).rejects.toMatchObject({ reason });
  });

  test("is asked for where its device said it may be reached, if it said so", async () => {
    get.mockResolvedValue(used(undefined));
    const allowed = [{ credential: "AQID", transports: ["internal", "hybrid"] as const }, { credential: "BAUG" }];
    await usePasskey(fromBase64(CHALLENGE), allowed);
    const asked = get.mock.lastCall?.[0] as CredentialRequestOptions | undefined;
    expect(asked?.publicKey?.allowCredentials).toEqual([
      { type: "public-key", id: fromBase64("AQID"), transports: ["internal", "hybrid"] },
      { type: "public-key", id: fromBase64("BAUG") },
    ]);
  });

  test("that a browser gives nothing for counts as stopped", async () => {
    get.mockResolvedValue(null);
    await expect(usePasskey(fromBase64(CHALLENGE), [])).rejects.toMatchObject({ reason: "passkey-cancelled" });
  });
});
