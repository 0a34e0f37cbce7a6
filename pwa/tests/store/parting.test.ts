import { describe, expect, test } from "vitest";
import { derivedId } from "../../src/store/derived";
import { answer, type Device, device, entry, PASSPHRASE, pair, settle, write } from "./devices";
import type { FakeServer } from "./fake-server";

const MINUTE = 60_000;

/** Closes what was shared, both ways, as the server does at once or after two weeks. */
function close(server: FakeServer, ...parties: Device[]): void {
  const accounts = parties.map(({ session }) => session.account ?? "");
  for (const [id, record] of server.records) {
    if (!accounts.includes(record.owner)) continue;
    for (const account of accounts) {
      if (!record.grants.delete(account)) continue;
      for (const told of [account, record.owner]) {
        const told_ = server.accounts.get(told);
        told_?.changes.set(id, ++told_.counter);
      }
    }
  }
}

/** Ana's entry, which Dr. Rivera has read and answered. */
async function answered() {
  const { server, patient, therapist } = await pair();
  const id = await write(patient, "The water again.");
  await patient.journal.setReaders(id, "to-read");
  await settle(patient, therapist);
  await answer(therapist, id, "I was there with you.");
  await settle(therapist, patient);
  const thread = [{ text: "I was there with you.", name: "Dr. Rivera", own: false, where: "sent" }];
  expect(entry(patient, id).comments).toMatchObject(thread);
  return { server, patient, therapist, id, thread };
}

test("an id made of another is the one that the Python client makes", async () => {
  const made = await derivedId("kept copy of 6f3ddc6a-0d0c-4b0c-9c55-1c8f0a4b9a01");
  expect(made).toBe("703d8e71-22a3-4e14-8ca0-721ec8f44d20");
});

describe("the end of working together", () => {
  test("leaves a patient what was written to them, also when everything closes at once", async () => {
    const { server, patient, therapist, id, thread } = await answered();
    await patient.care.endRelation(therapist.session.account ?? "", true);
    close(server, patient, therapist);
    await settle(patient, therapist);
    expect(therapist.review.shared(id)).toBeUndefined();
    expect(entry(patient, id).comments).toMatchObject(thread);
    expect(patient.sync).toMatchObject({ faults: [], unsent: 0 });
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await settle(laptop);
    expect(entry(laptop, id).comments).toMatchObject(thread);
  });

  test("keeps what came a moment before, unseen", async () => {
    const { server, patient, therapist, id } = await answered();
    await answer(therapist, id, "One more thing.");
    await settle(therapist);
    await patient.care.endRelation(therapist.session.account ?? "", true);
    close(server, patient, therapist);
    await settle(patient);
    const kept = entry(patient, id).comments.map(({ text, name }) => `${name}: ${text}`);
    expect(kept.sort()).toEqual(["Dr. Rivera: I was there with you.", "Dr. Rivera: One more thing."]);
  });

  test("by the therapist is learnt by each of the patient's devices, and each word is kept once", async () => {
    const { server, patient, therapist, id, thread } = await answered();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    await settle(laptop);
    await therapist.care.endRelation(patient.session.account ?? "", false);
    for (const each of [patient, laptop]) each.wait(MINUTE);
    await Promise.all([patient.sync.now(), laptop.sync.now()]);
    await settle(patient, laptop);
    for (const each of [patient, laptop]) expect(entry(each, id).comments).toMatchObject(thread);
    close(server, patient, therapist);
    await settle(patient, laptop);
    for (const each of [patient, laptop]) {
      expect(entry(each, id).comments).toMatchObject(thread);
      expect(each.sync).toMatchObject({ faults: [], unsent: 0 });
    }
  });

  test("isn't said where the words can't be kept first", async () => {
    const { patient, therapist } = await answered();
    const account = therapist.session.account ?? "";
    patient.line.away = true;
    await expect(patient.care.endRelation(account, true)).rejects.toMatchObject({ reason: "offline" });
    expect(patient.care.contact(account)?.active).toBe(true);
  });
});
