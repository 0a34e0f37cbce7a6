import { Aes128Gcm, Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from "@hpke/core";
import { describe, expect, test } from "vitest";
import { publicKey } from "../../src/protocol";
import { fromHex, readVectors, toHex } from "./vectors";

interface File<T> {
  tests: T[];
}

describe("RFC 9180", () => {
  interface Case {
    mode: number;
    aead_id: number;
    info: string;
    skRm: string;
    pkRm: string;
    pkSm?: string;
    enc: string;
    encryptions: { aad: string; ct: string; pt: string }[];
  }
  const { tests } = readVectors("external/rfc9180.json") as File<Case>;

  test.each(tests)("opens mode $mode with AEAD $aead_id", async (vector) => {
    const aead = vector.aead_id === 1 ? new Aes128Gcm() : new Aes256Gcm();
    const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead });
    const recipient = await suite.kem.importKey("raw", fromHex(vector.skRm).buffer, false);
    const context = await suite.createRecipientContext({
      recipientKey: { privateKey: recipient, publicKey: await publicKey(fromHex(vector.pkRm)) },
      enc: fromHex(vector.enc),
      info: fromHex(vector.info),
      ...(vector.pkSm ? { senderPublicKey: await publicKey(fromHex(vector.pkSm)) } : {}),
    });
    expect(vector.encryptions.length).toBeGreaterThan(0);
    for (const { aad, ct, pt } of vector.encryptions) {
      expect(toHex(new Uint8Array(await context.open(fromHex(ct), fromHex(aad))))).toBe(pt);
    }
  });
});

describe("Wycheproof", () => {
  interface AesCase {
    tcId: number;
    key: string;
    iv: string;
    aad: string;
    msg: string;
    ct: string;
    tag: string;
    result: string;
  }
  const aes = readVectors("external/wycheproof-aes-256-gcm.json") as File<AesCase>;

  test.each(aes.tests)("AES-256-GCM $tcId: $result", async (vector) => {
    const key = await crypto.subtle.importKey("raw", fromHex(vector.key), "AES-GCM", false, ["decrypt"]);
    const parameters = { name: "AES-GCM", iv: fromHex(vector.iv), additionalData: fromHex(vector.aad) };
    const opened = crypto.subtle.decrypt(parameters, key, fromHex(vector.ct + vector.tag));
    if (vector.result === "valid") expect(toHex(new Uint8Array(await opened))).toBe(vector.msg);
    else await expect(opened).rejects.toThrow();
  });

  interface HkdfCase {
    tcId: number;
    ikm: string;
    salt: string;
    info: string;
    size: number;
    okm: string;
    result: string;
  }
  const hkdf = readVectors("external/wycheproof-hkdf-sha256.json") as File<HkdfCase>;

  test.each(hkdf.tests)("HKDF-SHA-256 $tcId: $result", async (vector) => {
    const key = await crypto.subtle.importKey("raw", fromHex(vector.ikm), "HKDF", false, ["deriveBits"]);
    const parameters = { name: "HKDF", hash: "SHA-256", salt: fromHex(vector.salt), info: fromHex(vector.info) };
    const derived = crypto.subtle.deriveBits(parameters, key, vector.size * 8);
    if (vector.result === "valid") expect(toHex(new Uint8Array(await derived))).toBe(vector.okm);
    else await expect(derived).rejects.toThrow();
  });

  interface X25519Case {
    tcId: number;
    comment: string;
    public: string;
    private: string;
    shared: string;
    result: string;
  }
  const x25519 = readVectors("external/wycheproof-x25519.json") as File<X25519Case>;
  const kem = new DhkemX25519HkdfSha256();

  test.each(x25519.tests)("X25519 $tcId, $comment: $result", async (vector) => {
    const agreed = (async () => {
      const ours = await kem.importKey("raw", fromHex(vector.private).buffer, false);
      const theirs = await publicKey(fromHex(vector.public));
      return crypto.subtle.deriveBits({ name: "X25519", public: theirs }, ours, 256);
    })();
    if (vector.result === "invalid") await expect(agreed).rejects.toThrow();
    else expect(toHex(new Uint8Array(await agreed))).toBe(vector.shared);
  });
});
