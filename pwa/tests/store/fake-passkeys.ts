/** Passkeys without a browser: a device that makes them with a PRF, and what the fake server keeps of one. */
import { vi } from "vitest";
import type { Schemas } from "../../src/api/client";

/** The slot of a passkey that was sent, as the server shows it. */
export function slotOf(passkey: Schemas["NewPasskey"] | null | undefined): Schemas["Slot"][] {
  if (!passkey?.slot) return [];
  const { id: credential, transports = [] } = passkey.answer;
  return [{ ...passkey.slot, method: "passkey", params: null, credential, transports }];
}

/** What a browser with passkeys was told to forget, and was asked. */
export interface Authenticator {
  /** Ids of credentials, base64url. */
  readonly disowned: string[];
  readonly create: ReturnType<typeof vi.fn>;
  readonly get: ReturnType<typeof vi.fn>;
}

/** Puts an authenticator into the browser. Its PRF gives a key when a passkey is made, only when it is used, or never. */
export function authenticator(prf: "when made" | "when used" | "never" = "when made"): Authenticator {
  const disowned: string[] = [];
  let made = 0;
  const credential = (id: number, output: boolean): unknown => ({
    rawId: Uint8Array.of(1, 2, id).buffer,
    response: {
      clientDataJSON: Uint8Array.of(4).buffer,
      attestationObject: Uint8Array.of(5).buffer,
      authenticatorData: Uint8Array.of(5).buffer,
      signature: Uint8Array.of(6).buffer,
      getTransports: () => ["internal"],
    },
    getClientExtensionResults: () => ({
      prf: {
        enabled: prf !== "never",
        ...(output ? { results: { first: new Uint8Array(32).fill(id).buffer } } : {}),
      },
    }),
  });
  const create = vi.fn(() => Promise.resolve(credential(++made, prf === "when made")));
  const get = vi.fn(() => Promise.resolve(credential(made, prf !== "never")));
  vi.stubGlobal("location", { hostname: "journal.example.org" });
  vi.stubGlobal("navigator", { credentials: { create, get } });
  vi.stubGlobal("PublicKeyCredential", {
    signalUnknownCredential: ({ credentialId }: { credentialId: string }) => {
      disowned.push(credentialId);
      return Promise.resolve();
    },
  });
  return { disowned, create, get };
}
