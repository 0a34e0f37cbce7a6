import { argon2id } from "hash-wasm";
import type { Bytes } from "./bytes";

/**
 * Argon2id (RFC 9106), version 0x13, with the one parameter set of suite 1: 64 MiB, three passes, one lane, 32 bytes.
 * A module of its own, because its WebAssembly is loaded only where somebody types a passphrase.
 */
export async function stretch(secret: Bytes, salt: Bytes): Promise<Bytes> {
  const root = await argon2id({
    password: secret,
    salt,
    memorySize: 65_536,
    iterations: 3,
    parallelism: 1,
    hashLength: 32,
    outputType: "binary",
  });
  return new Uint8Array(root);
}
