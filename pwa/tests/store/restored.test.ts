import { describe, expect, test } from "vitest";
import { answer, device, entry, PASSPHRASE, pair, settle, write } from "./devices";

describe("a server restored to before an entry was written", () => {
  test("deletes it again when a device that hadn't heard of the deletion gives it back", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const restore = server.backup();
    const id = await write(patient, "To be gone.");
    await settle(patient, laptop);
    laptop.line.away = true;
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await patient.sync.now();
    restore();
    await patient.sync.now();
    laptop.line.away = false;
    await settle(laptop, patient, laptop);
    for (const each of [patient, laptop]) {
      expect(each.journal.entries).toEqual([]);
      expect(each.sync.faults).toEqual([]);
    }
  });

  test("shows it anew to a reader it had been taken back from, and nobody is accused", async () => {
    const { server, patient, therapist } = await pair();
    const restore = server.backup();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    await patient.journal.takeBack(id);
    await settle(patient, therapist);
    restore();
    await settle(therapist, patient);
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    expect(therapist.review.shared(id)?.text).toBe("Shared.");
    expect(therapist.sync.faults).toEqual([]);
    expect(entry(patient, id)).toMatchObject({ where: "sent", choice: "to-read" });
  });

  test("closes it for a reader it was taken back from meanwhile, and not for one who still reads it", async () => {
    const { server, patient, therapist } = await pair();
    const restore = server.backup();
    const [gone, stays] = [await write(patient, "Taken back."), await write(patient, "Still shared.")];
    for (const id of [gone, stays]) await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    patient.line.away = true;
    await patient.journal.takeBack(gone);
    restore();
    patient.line.away = false;
    await settle(therapist, patient, therapist);
    expect(therapist.review.toRead.map(({ text }) => text)).toEqual(["Still shared."]);
    expect(entry(patient, gone)).toMatchObject({ choice: "only-you", where: "sent" });
    expect(therapist.sync.faults).toEqual([]);
  });

  test("isn't given a share by a device that hadn't heard of its end, once another has given back the entry", async () => {
    const { server, patient, therapist } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const restore = server.backup();
    const id = await write(patient, "Shared.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, laptop, therapist);
    laptop.line.away = true;
    await patient.journal.takeBack(id);
    await patient.sync.now();
    await write(patient, "Shared. And then not.", id);
    await patient.sync.now();
    restore();
    await patient.sync.now();
    laptop.line.away = false;
    await settle(laptop, patient, laptop, therapist);
    expect(therapist.review.shared(id)).toBeUndefined();
    for (const each of [patient, laptop])
      expect(entry(each, id)).toMatchObject({ text: "Shared. And then not.", choice: "only-you" });
  });

  test("keeps what it is given back under a number that a draft began from", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const restore = server.backup();
    const id = await write(patient, "One.");
    await settle(patient, laptop);
    const draft = await laptop.journal.openDraft(id);
    draft.set({ text: "Zero. One." });
    await draft.kept();
    patient.line.away = true;
    await write(patient, "One. Two.", id);
    restore();
    patient.line.away = false;
    await settle(patient, laptop);
    await draft.done();
    await settle(laptop, patient);
    for (const each of [patient, laptop]) expect(entry(each, id).text).toBe("Zero. One. Two.");
  });

  test("gets a comment after the entry that it is about", async () => {
    const { server, patient } = await pair();
    const restore = server.backup();
    const id = await write(patient, "Lost, and given back.");
    await patient.sync.now();
    patient.line.away = true;
    await answer(patient, id, "About it.");
    await patient.sync.now();
    const honest = server.answer.bind(server);
    // Restored between the look and the sending.
    server.answer = async (request, ...more) => {
      if (request.method === "PUT") {
        server.answer = honest;
        restore();
      }
      return honest(request, ...more);
    };
    patient.line.away = false;
    await settle(patient);
    await settle(patient);
    expect(entry(patient, id)).toMatchObject({ where: "sent", comments: [{ text: "About it.", where: "sent" }] });
  });
});

describe("a server that has lost an entry, unnoticed", () => {
  test("gets it back with the next change to it", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "One.");
    await patient.sync.now();
    // As after a restore that another page has compared with before this page's answer was kept.
    server.records.delete(id);
    await write(patient, "One. Two.", id);
    await settle(patient);
    expect(entry(patient, id)).toMatchObject({ text: "One. Two.", where: "sent" });
    expect(patient.sync.faults).toEqual([]);
  });
});

describe("a server restored to an earlier state of an entry", () => {
  test("is no attacker, also where it happens between the look and the sending", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "One.");
    await patient.sync.now();
    const restore = server.backup();
    await write(patient, "One. Two.", id);
    await patient.sync.now();
    patient.line.away = true;
    await write(patient, "One. Two. Three.", id);
    await patient.sync.now();
    const answer = server.answer.bind(server);
    server.answer = async (request, ...more) => {
      if (request.method === "PUT") {
        server.answer = answer;
        restore();
      }
      return answer(request, ...more);
    };
    patient.line.away = false;
    await settle(patient);
    await settle(patient);
    expect(patient.sync.faults).toEqual([]);
    expect(entry(patient, id)).toMatchObject({ text: "One. Two. Three.", where: "sent" });
  });

  test("keeps the words since then, also where another device deleted that earlier state", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const id = await write(patient, "One.");
    await settle(patient, laptop);
    const restore = server.backup();
    await write(patient, "One. Two.", id);
    await patient.sync.now();
    restore();
    await laptop.sync.now();
    await laptop.journal.deleteEntry(id);
    laptop.wait(10_000);
    await laptop.sync.now();
    await settle(patient, laptop, patient);
    for (const each of [patient, laptop]) expect(each.journal.entries.map(({ text }) => text)).toEqual(["One. Two."]);
    expect(patient.sync.faults.map(({ kind }) => kind)).toEqual(["kept-after-deletion"]);
    expect(laptop.sync.faults).toEqual([]);
  });

  test("has the entry deleted again, and not what was being typed in it elsewhere", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const id = await write(patient, "One.");
    await settle(patient, laptop);
    const restore = server.backup();
    const draft = await laptop.journal.openDraft(id);
    draft.set({ text: "One. And half of another." });
    await draft.kept();
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await settle(patient, laptop);
    restore();
    await settle(laptop, patient, laptop);
    await (await laptop.journal.openDraft(id)).done();
    await settle(laptop, patient);
    for (const each of [patient, laptop])
      expect(each.journal.entries.map(({ text }) => text)).toEqual(["One. And half of another."]);
  });

  test("is noticed though another answer comes from it while the feed's is looked through", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const id = await write(patient, "To be gone.");
    await settle(patient, laptop);
    const restore = server.backup();
    await write(patient, "Lost by the server.");
    await patient.sync.now();
    const answer = server.answer.bind(server);
    server.answer = async (request, ...more) => {
      const answered = await answer(request, ...more);
      if (new URL(request.url).pathname !== "/api/changes") return answered;
      server.answer = answer;
      const { verify } = crypto.subtle;
      crypto.subtle.verify = async (...all) => {
        crypto.subtle.verify = verify;
        restore();
        await laptop.session.devices();
        return verify.apply(crypto.subtle, all);
      };
      return answered;
    };
    await laptop.sync.now();
    // Its numbers reach, and pass, those that the laptop has seen.
    await patient.sync.now();
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await patient.sync.now();
    for (const text of ["One.", "Two.", "Three."]) await write(patient, text);
    await settle(patient);
    await settle(laptop);
    expect(laptop.sync.restored).toBe(true);
    expect(laptop.journal.entries.map(({ text }) => text).sort()).toEqual([
      "Lost by the server.",
      "One.",
      "Three.",
      "Two.",
    ]);
  });

  test("keeps what another device wrote since, of an entry that this one had deleted", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const id = await write(patient, "One.");
    await settle(patient, laptop);
    const restore = server.backup();
    laptop.line.away = true;
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await settle(patient);
    restore();
    laptop.line.away = false;
    await write(laptop, "One. Two.", id);
    await settle(laptop, patient, laptop);
    for (const each of [patient, laptop]) expect(each.journal.entries.map(({ text }) => text)).toEqual(["One. Two."]);
    expect(patient.sync.faults).toMatchObject([{ kind: "back-after-deletion", record: id }]);
  });

  test("shares with nobody what comes back with other words than were deleted", async () => {
    const { server, patient, therapist } = await pair();
    const id = await write(patient, "One.");
    await patient.journal.setReaders(id, "to-read");
    await settle(patient, therapist);
    const restore = server.backup();
    await write(patient, "One. Two.", id);
    await patient.journal.sendTheChange(id);
    await patient.sync.now();
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    await settle(patient, therapist);
    restore();
    await settle(therapist, patient, therapist);
    expect(patient.journal.entries).toMatchObject([{ id, text: "One.", choice: "only-you", where: "sent" }]);
    expect(therapist.review.toRead).toEqual([]);
    expect(patient.sync.faults).toMatchObject([{ kind: "back-after-deletion", record: id }]);
  });

  test("loses no words to a deletion that meant what was there before the restore", async () => {
    const { server, patient } = await pair();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const restore = server.backup();
    const id = await write(patient, "One.");
    await settle(patient, laptop);
    patient.line.away = true;
    await patient.journal.deleteEntry(id);
    patient.wait(10_000);
    laptop.line.away = true;
    await write(laptop, "One. Two.", id);
    restore();
    laptop.line.away = false;
    await settle(laptop);
    patient.line.away = false;
    await settle(patient, laptop);
    for (const each of [patient, laptop]) expect(each.journal.entries.map(({ text }) => text)).toEqual(["One. Two."]);
  });
});

describe("a server restored by whoever told it of no new incarnation", () => {
  test("is noticed by how it counts, also where only a save has shown how far it was", async () => {
    const { server, patient } = await pair();
    await patient.sync.now();
    const restore = server.backup();
    const { incarnation } = server;
    const answer = server.answer.bind(server);
    server.answer = async (request, ...more) => {
      const answered = await answer(request, ...more);
      if (request.method === "PUT") patient.line.away = true;
      return answered;
    };
    const id = await write(patient, "Sent, and not looked for since.");
    await patient.sync.now();
    expect(entry(patient, id).where).toBe("sent");
    server.answer = answer;
    restore();
    server.incarnation = incarnation;
    patient.line.away = false;
    const again = await patient.reopen();
    await again.sync.now();
    expect(again.sync.restored).toBe(true);
    const anew = await device(server);
    await anew.session.signIn("ana@example.org", PASSPHRASE);
    await anew.sync.now();
    expect(entry(anew, id).text).toBe("Sent, and not looked for since.");
    // Noticed once: it isn't compared with again.
    const asked = again.line.seen.length;
    await again.sync.now();
    expect(again.line.seen.slice(asked).filter(({ what }) => what.startsWith("GET /api/changes"))).toHaveLength(1);
  });
});

describe("a sign-out after a restore", () => {
  async function sentAndLost() {
    const { server, patient } = await pair();
    const restore = server.backup();
    const id = await write(patient, "Sent, then lost.");
    await patient.sync.now();
    expect(entry(patient, id).where).toBe("sent");
    return { server, patient, id, restore };
  }

  test("gives back first what the server has lost, though nothing here waited to be sent", async () => {
    const { server, patient, id, restore } = await sentAndLost();
    restore();
    await patient.session.signOut();
    const anew = await device(server);
    await anew.session.signIn("ana@example.org", PASSPHRASE);
    await anew.sync.now();
    expect(entry(anew, id).text).toBe("Sent, then lost.");
  });

  test("is refused on a locked device, which can't compare", async () => {
    const { patient, id, restore } = await sentAndLost();
    restore();
    await patient.session.lock();
    await expect(patient.session.signOut()).rejects.toMatchObject({ reason: "restored" });
    await patient.session.unlock(PASSPHRASE);
    await patient.sync.now();
    expect(entry(patient, id).where).toBe("sent");
    await patient.session.signOut();
    expect(patient.session.phase).toBe("signed-out");
  });

  test("that was on its way as the server was restored leaves the words where they are", async () => {
    const { server, patient, id, restore } = await sentAndLost();
    const answer = server.answer.bind(server);
    server.answer = async (request, ...more) => {
      if (request.url.endsWith("/api/sign-out")) restore();
      return answer(request, ...more);
    };
    await expect(patient.session.signOut()).rejects.toMatchObject({ reason: "restored" });
    server.answer = answer;
    await patient.session.signIn("ana@example.org", PASSPHRASE);
    await patient.sync.now();
    await patient.session.signOut();
    const anew = await device(server);
    await anew.session.signIn("ana@example.org", PASSPHRASE);
    await anew.sync.now();
    expect(entry(anew, id).text).toBe("Sent, then lost.");
  });

  test("that gives up says so, and takes nothing back", async () => {
    const { patient, restore } = await sentAndLost();
    await patient.session.lock();
    restore();
    await patient.session.signOut(true);
    expect(patient.session.phase).toBe("signed-out");
  });
});
