/** New keys and several pages of one device that hear nothing of each other. */
import { describe, expect, test } from "vitest";
import { device, entry, PASSPHRASE, pair, settle, write } from "./devices";

describe("a page that hasn't heard of another one", () => {
  test("goes on with the new keys that the other has put there, once it meets what that has queued", async () => {
    const { patient } = await pair();
    const id = await write(patient, "One.");
    await patient.sync.now();
    const other = await patient.page();
    const shown = { method: "passphrase", passphrase: PASSPHRASE } as const;
    const renewal = await (await patient.rotation()).prepare(shown, "gravel moth window seventh rope");
    await renewal.start(() => undefined);
    await settle(patient);
    patient.line.away = true;
    await write(patient, "One. Two.", id);
    // Done on the page that has the former keys: nothing that waits there opens with those.
    await other.journal.setReaders(id, "only-you");
    patient.line.away = false;
    await settle(patient, other);
    for (const page of [patient, other]) expect(entry(page, id)).toMatchObject({ text: "One. Two.", where: "sent" });
  });

  test("meets what the other has queued for an entry that hasn't come anew since new keys", async () => {
    const { server, patient } = await pair();
    const id = await write(patient, "One.");
    await patient.sync.now();
    const other = await patient.page();
    const laptop = await device(server);
    await laptop.session.signIn("ana@example.org", PASSPHRASE);
    const shown = { method: "passphrase", passphrase: PASSPHRASE } as const;
    const renewal = await (await laptop.rotation()).prepare(shown, "gravel moth window seventh rope");
    await renewal.start(() => undefined);
    // Signed in with the new keys, and nothing fetched: what lies there is sealed under the former.
    server.refuse = (what) => (what === "GET /api/changes" ? { status: 500, code: "server-error" } : undefined);
    for (const page of [patient, other])
      await page.session.signIn("ana@example.org", "gravel moth window seventh rope");
    await patient.journal.setReaders(id, "to-read");
    await other.journal.setReaders(id, "only-you");
    server.refuse = () => undefined;
    await settle(patient, other);
    for (const page of [patient, other]) expect(entry(page, id)).toMatchObject({ text: "One.", choice: "only-you" });
  });
});
