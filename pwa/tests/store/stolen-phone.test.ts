/** Who finds the phone unlocked: no key leaves the device, and no way in is added without showing who one is. */
import { expect, test } from "vitest";
import { IndexedDatabase } from "../../src/store/indexed";
import { type Device, pair, settle, write } from "./devices";

async function disk<T>(on: Device, read: (database: IndexedDatabase) => Promise<T>): Promise<T> {
  const nothing = (): void => undefined;
  const database = new IndexedDatabase(on.databaseName, { onFailure: nothing, onWrite: nothing, onBlocked: nothing });
  try {
    return await read(database);
  } finally {
    database.close();
  }
}

/** All keys of WebCrypto in a value, however deep. */
function keysIn(value: unknown): CryptoKey[] {
  if (value instanceof CryptoKey) return [value];
  if (typeof value !== "object" || value === null || ArrayBuffer.isView(value)) return [];
  return Object.values(value).flatMap(keysIn);
}

test("no secret key on an open device can be exported, and none lies there as bytes", async () => {
  const { patient } = await pair();
  const held = await disk(patient, (database) => database.get("keys", "here"));
  const secret = keysIn(held).filter(({ type }) => type !== "public");
  // What wraps record keys, what proves revisions, and the private key.
  expect(secret.map(({ type }) => type).sort()).toEqual(["private", "secret", "secret"]);
  for (const key of secret) {
    expect(key.extractable).toBe(false);
    for (const format of ["raw", "jwk", "pkcs8"] as const) {
      await expect(crypto.subtle.exportKey(format as "jwk", key)).rejects.toThrow();
    }
    expect(key.usages).not.toContain("deriveKey");
  }
  // The account key isn't kept at all, nor what opens it: what an HKDF key derives can be exported by whoever uses it.
  expect(secret.map(({ algorithm: { name } }) => name).sort()).toEqual(["AES-GCM", "HMAC", "X25519"]);
  const bytes = Object.values(held ?? {}).filter((value) => ArrayBuffer.isView(value));
  expect(bytes).toEqual([]);
});

test("locked, it has none of them any more", async () => {
  const { patient } = await pair();
  await write(patient, "One.");
  await settle(patient);
  await patient.session.lock();
  expect(await disk(patient, (database) => database.get("keys", "here"))).toBeUndefined();
  expect((await patient.reopen()).session.phase).toBe("locked");
});

test("no kit, passphrase or new key is made without showing afresh who one is", async () => {
  const { patient } = await pair();
  const wrong = { method: "passphrase", passphrase: "driftwood lantern quiet oar" } as const;
  for (const attempt of [
    () => patient.session.newKit(wrong),
    () => patient.session.changePassphrase(wrong, "gravel moth window seventh rope"),
    async () => (await patient.rotation()).prepare(wrong, "gravel moth window seventh rope"),
    () => patient.session.erase(wrong),
  ]) {
    await expect(attempt()).rejects.toMatchObject({ reason: "wrong-proof" });
  }
  const made = patient.line.seen.filter(({ what }) => /^PUT .*slots|rotation|erase/.test(what));
  expect(made).toEqual([]);
});
