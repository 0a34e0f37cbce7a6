/**
 * The browser's passkeys (Web Authentication Level 3), asked for what the protocol asks: discoverable, with the person
 * verified, and evaluated by the PRF extension. What the server says of extensions is ignored, since nothing of its answer
 * but the challenge is used; what the PRF gives becomes a key here, and is in nothing that is posted.
 *
 * By hand and not by a library: what one would add is the coding of bytes, which the protocol has already.
 */
import type { Schemas } from "../api/client";
import { type Bytes, fromBase64, passkeySlotKey, prfInput, toBase64, toBase64Url } from "../protocol";
import { StoreError } from "./errors";

/** A passkey to make no other beside, or to ask for. */
export interface Known {
  /** Its id, base64. */
  readonly credential: string;
  /** How its device may be reached, as it said when it was made; none where that isn't known. */
  readonly transports?: readonly AuthenticatorTransport[] | undefined;
}

/** Ed25519, ECDSA with P-256, RSA: which the server takes, too (`server/accounts/signatures.py`). */
const ALGORITHMS = [-8, -7, -257];
/** Milliseconds, like a challenge. */
const LASTS = 5 * 60_000;
const TRANSPORTS = ["ble", "cable", "hybrid", "internal", "nfc", "smart-card", "usb"] as const;

/** A passkey that the device has just made. */
export interface Made {
  readonly answer: Schemas["Attestation"];
  /** Its id, base64. */
  readonly credential: string;
  /** Opens its slot, where making it gave a PRF output at once. */
  readonly slotKey: CryptoKey | undefined;
  /** Whether using it will give one. */
  readonly hasPrf: boolean;
}

/** A passkey that its person has just used. */
export interface Used {
  readonly answer: Schemas["Assertion"];
  readonly credential: string;
  /** Opens its slot, where the device has a PRF. */
  readonly slotKey: CryptoKey | undefined;
}

/**
 * Asks the device to make a passkey for an account, and not one of those it has already. Rejects with `passkey-cancelled`,
 * `passkey-taken`, `passkey-unable`, `passkey-site`.
 */
export async function makePasskey(
  challenge: string,
  who: { readonly account: string; readonly email: string },
  known: readonly Known[],
): Promise<Made> {
  const extensions = await prf();
  const credential = await asked(() =>
    navigator.credentials.create({
      publicKey: {
        rp: { id: location.hostname, name: "Aftertide" },
        user: { id: idBytes(who.account), name: who.email, displayName: who.email },
        challenge: fromBase64(challenge),
        pubKeyCredParams: ALGORITHMS.map((alg) => ({ type: "public-key", alg })),
        timeout: LASTS,
        attestation: "none",
        authenticatorSelection: {
          residentKey: "required",
          requireResidentKey: true,
          userVerification: "required",
        },
        excludeCredentials: described(known),
        extensions,
      },
    }),
  );
  const response = credential.response as AuthenticatorAttestationResponse;
  const said = response.getTransports?.() ?? [];
  const id = toBase64(new Uint8Array(credential.rawId));
  return {
    answer: {
      id,
      client_data: toBase64(new Uint8Array(response.clientDataJSON)),
      attestation_object: toBase64(new Uint8Array(response.attestationObject)),
      transports: TRANSPORTS.filter((transport) => said.includes(transport)),
      clientExtensionResults: {},
    },
    credential: id,
    slotKey: await slotKeyOf(credential),
    hasPrf: credential.getClientExtensionResults().prf?.enabled === true,
  };
}

/**
 * Asks the person to use a passkey: one of those named, or any that the device has for this site. Rejects with
 * `passkey-cancelled`, `passkey-unable`, `passkey-site`.
 */
export async function usePasskey(challenge: Bytes, allowed: readonly Known[]): Promise<Used> {
  const extensions = await prf();
  const credential = await asked(() =>
    navigator.credentials.get({
      publicKey: {
        rpId: location.hostname,
        challenge,
        timeout: LASTS,
        userVerification: "required",
        allowCredentials: described(allowed),
        extensions,
      },
    }),
  );
  const response = credential.response as AuthenticatorAssertionResponse;
  const id = toBase64(new Uint8Array(credential.rawId));
  const { userHandle } = response;
  return {
    answer: {
      id,
      client_data: toBase64(new Uint8Array(response.clientDataJSON)),
      authenticator_data: toBase64(new Uint8Array(response.authenticatorData)),
      signature: toBase64(new Uint8Array(response.signature)),
      user_handle: userHandle && userHandle.byteLength > 0 ? toBase64(new Uint8Array(userHandle)) : null,
      clientExtensionResults: {},
    },
    credential: id,
    slotKey: await slotKeyOf(credential),
  };
}

/** Tells the device that a passkey is of no use, so that it isn't offered again; where the browser can't, nothing happens. */
export async function disown(credential: string): Promise<void> {
  const credentialId = toBase64Url(fromBase64(credential));
  await globalThis.PublicKeyCredential?.signalUnknownCredential?.({ rpId: location.hostname, credentialId }).catch(
    () => undefined,
  );
}

async function prf(): Promise<AuthenticationExtensionsClientInputs> {
  return { prf: { eval: { first: await prfInput() } } };
}

/** What the PRF gave, as the key of a slot; the bytes are overwritten. */
async function slotKeyOf(credential: PublicKeyCredential): Promise<CryptoKey | undefined> {
  const first = credential.getClientExtensionResults().prf?.results?.first;
  if (!first) return undefined;
  const output = ArrayBuffer.isView(first)
    ? new Uint8Array(first.buffer as ArrayBuffer, first.byteOffset, first.byteLength)
    : new Uint8Array(first);
  const key = await passkeySlotKey(output);
  output.fill(0);
  return key;
}

function described(known: readonly Known[]): PublicKeyCredentialDescriptor[] {
  return known.map(({ credential, transports }) => ({
    type: "public-key",
    id: fromBase64(credential),
    ...(transports && transports.length > 0 ? { transports: [...transports] } : {}),
  }));
}

function idBytes(id: string): Bytes {
  return Uint8Array.from(id.replaceAll("-", "").match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

async function asked(ask: () => Promise<Credential | null>): Promise<PublicKeyCredential> {
  let credential: Credential | null;
  try {
    credential = await ask();
  } catch (error) {
    throw refusalOf(error);
  }
  // A browser may give nothing in place of a refusal.
  if (!credential) throw new StoreError("passkey-cancelled");
  return credential as PublicKeyCredential;
}

/** By the names that Web Authentication gives its errors; browsers say little more, so that no page learns what a device has. */
function refusalOf(error: unknown): StoreError {
  switch (error instanceof Error ? error.name : "") {
    case "NotAllowedError":
    case "AbortError":
    case "TimeoutError":
      return new StoreError("passkey-cancelled");
    case "InvalidStateError":
      return new StoreError("passkey-taken");
    case "SecurityError":
      return new StoreError("passkey-site");
    default:
      return new StoreError("passkey-unable");
  }
}
