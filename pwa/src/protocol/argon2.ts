import { argon2id } from "hash-wasm";
import type { Bytes } from "./bytes";
import type { KdfParameters } from "./slots";

/**
 * Argon2id (RFC 9106), version 0x13, 32 bytes, no secret, no associated data.
 * A module of its own, because its WebAssembly is loaded only where somebody types a passphrase.
 */
export async function stretch(secret: Bytes, salt: Bytes, kdf: KdfParameters): Promise<Bytes> {
  const root = await argon2id({
    password: secret,
    salt,
    memorySize: kdf.m,
    iterations: kdf.t,
    parallelism: kdf.p,
    hashLength: 32,
    outputType: "binary",
  });
  return new Uint8Array(root);
}
