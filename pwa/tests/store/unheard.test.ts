import { describe, expect, test } from "vitest";
import { entry, pair, settle, write } from "./devices";

describe("an entry is shared in a window that another one doesn't hear", () => {
  test.each([
    ["and the sharing waits", false],
    ["and the sharing is sent", true],
  ])("%s: what is changed in the other one is kept to oneself", async (_, sent) => {
    const { patient, therapist } = await pair();
    const id = await write(patient, "For Monday.");
    await settle(patient);
    const other = await patient.page();
    await patient.journal.setReaders(id, "to-read");
    if (sent) await settle(patient, therapist);

    const draft = await other.journal.openDraft(id);
    draft.set({ text: "For Monday. And for me alone." });
    await draft.done();
    await settle(other, patient, therapist);
    expect(therapist.review.shared(id)?.text).toBe("For Monday.");
    expect(entry(other, id)).toMatchObject({
      text: "For Monday.",
      unsentChange: { text: "For Monday. And for me alone." },
    });
  });
});
