/** What passkeys need of the browser and of the address. */

/** An address of a machine is no name that a passkey could be bound to. */
const ADDRESS = /^(\d{1,3}(\.\d{1,3}){3}|\[.*\])$/;

/** Whether this browser can be asked for a passkey here. */
export const passkeysHere: boolean =
  globalThis.isSecureContext && typeof PublicKeyCredential === "function" && !ADDRESS.test(location.hostname);

/** Whether this device makes passkeys itself, with its own screen lock. Never throws. */
export async function deviceMakesPasskeys(): Promise<boolean> {
  if (!passkeysHere) return false;
  return PublicKeyCredential.isUserVerifyingPlatformAuthenticatorAvailable().catch(() => false);
}
