import { type Bytes, concat } from "../../src/protocol/bytes";
import { hash } from "../../src/protocol/symmetric";

/**
 * In the place of Argon2id (`vitest.simulation.config.ts`): half a second and 64 MiB for each sign-in would be most of
 * the time. The real one is tested with the protocol.
 */
export function stretch(secret: Bytes, salt: Bytes): Promise<Bytes> {
  return hash(concat(salt, secret));
}
