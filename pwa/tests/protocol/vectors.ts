import { readFileSync } from "node:fs";

/** A file of the shape that all three implementations write; bytes are standard base64. */
export interface Vectors {
  accounts: {
    id: string;
    email: string;
    gen: number;
    passphrase: string;
    ak: string;
    private: string;
    public: string;
    key_id: string;
    slots: {
      id: string;
      method: string;
      gen: number;
      salt?: string;
      kit?: string;
      prf?: string;
      auth?: string;
      sealed: string;
    }[];
    private_sealed: string;
  }[];
  salt_secret: string;
  revisions: {
    record: string;
    owner: string;
    about: string;
    epoch: number;
    revision: number;
    base: string;
    rk: string;
    wrapped: string;
    body: string;
    proof: string;
    json: Record<string, unknown>;
  }[];
  grants: { record: string; owner: string; grantee: string; epoch: number; attention: number; sealed: string }[];
  tombstone: { record: string; owner: string; revision: number; mac: string };
  invitation: {
    id: string;
    K: string;
    inviter: string;
    invitee: string;
    cards: { role: "inviter" | "invitee"; account: string; json: { name: string }; sealed: string }[];
    redeem_hash: string;
    tag_t: string;
    tag_p: string;
  };
  check_digits: string;
  draft: { id: string; account: string; text: string; sealed: string };
  padding: [number, number][];
  ctx: [(string | number)[], string][];
}

/** A file of `protocol/vectors/`. */
export function readVectors(name: string): unknown {
  return JSON.parse(readFileSync(new URL(`../../../protocol/vectors/${name}`, import.meta.url), "utf-8"));
}

/** Bytes written as hex, as RFC 9180 and Wycheproof do. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}

/** Hex of bytes. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
