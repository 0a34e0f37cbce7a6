import { vi } from "vitest";
import { concat, hash } from "../../src/protocol";

// Half a second and 64 MiB for each sign-in would be most of the time; the real one is tested with the protocol.
vi.mock("../../src/protocol/argon2", () => ({
  stretch: (secret: Uint8Array, salt: Uint8Array) => hash(concat(salt, secret)),
}));
