/** Old slots, old generations and half-finished rotations: a server shows a former state of the keys as the present one. */
import { describe, expect, test, vi } from "vitest";
import type { Schemas } from "../../src/api/client";
import { type Device, device, entry, PASSPHRASE, pair, settle, write } from "./devices";
import type { FakeServer } from "./fake-server";

const EMAIL = "ana@example.org";
const ANOTHER = "gravel moth window seventh rope";
const SHOWN = { method: "passphrase", passphrase: PASSPHRASE } as const;
const untold = (): void => undefined;

const kinds = (on: Device): string[] => on.sync.faults.map(({ kind }) => kind);
const accountOf = (server: FakeServer, on: Device) => {
  const account = server.accounts.get(on.session.account ?? "");
  if (!account) throw new Error("no account");
  return account;
};

/** Ana, whose keys were renewed; what the server had of her before, and what was sent. */
async function renewed() {
  const { server, patient } = await pair();
  const own = await write(patient, "One.");
  await settle(patient);
  const before = structuredClone(accountOf(server, patient));
  const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
  await renewal.start(untold);
  await settle(patient);
  const begun = patient.line.seen.find(({ what }) => what === "POST /api/account/rotation")?.body ?? "";
  const { slots, ...rest } = JSON.parse(begun) as Schemas["NewKeys"];
  const toCome = { ...rest, slots: slots.map(({ auth: _, ...slot }) => slot) };
  return { server, patient, own, before, toCome };
}

describe("a server that goes back to former keys", () => {
  test("can't pass former slots off as of the present generation, though it takes the former passphrase", async () => {
    const { server, patient, before } = await renewed();
    accountOf(server, patient).auth = before.auth;
    server.lie = (path, answer) => (path === "/api/sign-in" ? { ...(answer as object), ...before.me, gen: 2 } : answer);
    for (const on of [patient, await device(server)]) {
      await expect(on.session.signIn(EMAIL, PASSPHRASE)).rejects.toMatchObject({ reason: "weak-parameters" });
    }
    expect(patient.session.phase).toBe("unlocked");
  });

  test("can't pass a former identity off as the one in use, not on a new device either", async () => {
    const { server, patient } = await renewed();
    const { identities } = accountOf(server, patient).me;
    const [present] = identities.filter(({ current }) => current);
    if (!present) throw new Error("no key");
    const shown = [
      ["unopened", identities.map((one) => ({ ...one, current: !one.current }))],
      ["unopened", identities.map((one) => ({ ...one, current: true }))],
      ["unopened", identities.map((one) => ({ ...one, current: false }))],
      ["server", [present, present]],
      ["server", []],
    ] as const;
    for (const [reason, made] of shown) {
      server.lie = (path, answer) => (path === "/api/sign-in" ? { ...(answer as object), identities: made } : answer);
      const laptop = await device(server);
      await expect(laptop.session.signIn(EMAIL, ANOTHER)).rejects.toMatchObject({ reason });
      expect(laptop.session.phase).toBe("signed-out");
    }
    server.lie = (_, answer) => answer;
    const laptop = await device(server);
    await laptop.session.signIn(EMAIL, ANOTHER);
    expect(laptop.session.phase).toBe("unlocked");
  });

  test("can't have a finished rotation gone through again, in which a thief's records would be proved anew", async () => {
    const { server, patient, toCome } = await renewed();
    const laptop = await device(server);
    server.lie = (path, answer) => (path === "/api/sign-in" ? { ...(answer as object), rotation: toCome } : answer);
    for (const on of [patient, laptop]) {
      await expect(on.session.signIn(EMAIL, ANOTHER)).rejects.toMatchObject({ reason: "weak-parameters" });
    }
    const renewing = laptop.line.seen.filter(({ what }) => what.includes("/rotation"));
    expect(renewing).toEqual([]);
  });

  test("can't show the half-finished state to a device that saw its end", async () => {
    const { server, patient, before, toCome } = await renewed();
    server.lie = (path, answer) =>
      path === "/api/sign-in" ? { ...(answer as object), ...before.me, rotation: toCome } : answer;
    await expect(patient.session.signIn(EMAIL, ANOTHER)).rejects.toMatchObject({ reason: "weak-parameters" });
    expect(patient.session.phase).toBe("unlocked");
  });
});

describe("a rotation in a server's hands", () => {
  test("that it only says is finished leaves the device as it was, and goes on once it lets it", async () => {
    const { server, patient } = await pair();
    const own = await write(patient, "One.");
    await settle(patient);
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    const honestly = server.rotation.asked.bind(server.rotation);
    const frozen = vi
      .spyOn(server.rotation, "asked")
      .mockImplementation((...asked) =>
        asked[0].endsWith(" finish") ? Promise.resolve(undefined) : honestly(...asked),
      );
    await expect(renewal.start(untold)).rejects.toMatchObject({ reason: "renewing" });
    await settle(patient);
    expect(entry(patient, own).text).toBe("One.");
    expect(kinds(patient)).toEqual([]);
    frozen.mockRestore();
    await renewal.start(untold);
    await settle(patient);
    expect(entry(patient, own).text).toBe("One.");
    expect(patient.session.renewing).toBe(false);
  });

  test("that leaves a record behind is told as a fault, and the words come back once it doesn't", async () => {
    const { server, patient } = await pair();
    const own = await write(patient, "Left behind.");
    await settle(patient);
    const before = structuredClone(server.records.get(own)?.view);
    server.lie = (path, answer) => {
      if (path !== "/api/changes") return answer;
      const page = answer as Schemas["Changes"];
      return { ...page, changes: page.changes.map((row) => (row.id === own ? { ...row, record: before } : row)) };
    };
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    await settle(patient);
    expect(patient.sync.faults).toMatchObject([{ kind: "unproven", record: own }]);
    server.lie = (_, answer) => answer;
    const account = accountOf(server, patient);
    account.changes.set(own, ++account.counter);
    await settle(patient);
    expect(entry(patient, own).text).toBe("Left behind.");
  });

  test("whose pages mix what belongs to two records puts no words in the other's place", async () => {
    const { server, patient } = await pair();
    const [one, other] = [await write(patient, "One."), await write(patient, "Other.")];
    const kept = await write(patient, "Kept.");
    await settle(patient);
    Object.assign(server.rotation, { pageSize: 100 });
    const crossed = <R extends { record: string }>(rows: readonly R[], ...fields: (keyof R)[]): R[] =>
      rows.map((row) => {
        const with_ = row.record === one ? other : row.record === other ? one : undefined;
        const from = rows.find(({ record }) => record === with_);
        return from ? { ...row, ...Object.fromEntries(fields.map((field) => [field, from[field]])) } : row;
      });
    server.lie = (path, answer) => {
      if (!path.endsWith("/rotation/records") || !answer) return answer;
      const page = answer as Schemas["ToRenew"];
      return { ...page, wraps: crossed(page.wraps, "wrapped"), proofs: crossed(page.proofs, "hash", "proof") };
    };
    const renewal = await (await patient.rotation()).prepare(SHOWN, ANOTHER);
    await renewal.start(untold);
    server.lie = (_, answer) => answer;
    const laptop = await device(server);
    await laptop.session.signIn(EMAIL, ANOTHER);
    await settle(laptop);
    expect(laptop.journal.entries.map(({ id, text }) => [id, text])).toEqual([[kept, "Kept."]]);
    expect(laptop.sync.faults.map(({ kind, record }) => [kind, record]).sort()).toEqual(
      [one, other].map((record) => ["unproven", record]).sort(),
    );
  });
});
