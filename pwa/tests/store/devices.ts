import "fake-indexeddb/auto";
import { vi } from "vitest";
import { concat, hash } from "../../src/protocol";
import { createAftertide, type Store } from "../../src/store/aftertide";
import type { Environment, Message } from "../../src/store/environment";
import { IndexedDatabase } from "../../src/store/indexed";
import { FakeServer } from "./fake-server";
import { connect, type Line } from "./line";

// Half a second and 64 MiB for each sign-in would be most of these tests; the real one is tested with the protocol.
vi.mock("../../src/protocol/argon2", () => ({
  stretch: (secret: Uint8Array, salt: Uint8Array) => hash(concat(salt, secret)),
}));

export const PASSPHRASE = "salt on the old pier again";

/** A device: a store with its own storage and network. It syncs when it is told to, or by its own changes. */
export interface Device extends Store {
  readonly line: Line;
  /** Under which name its storage lies. */
  readonly databaseName: string;
  /** Puts the clock forward, in milliseconds. */
  wait(milliseconds: number): void;
  /** The page goes out of sight, and comes back after so many milliseconds. */
  hideFor(milliseconds: number): Promise<void>;
  /** The page goes out of sight. */
  hide(): void;
  /** The same device after its tab was killed: what is on the disk, and nothing else. */
  reopen(): Promise<Device>;
  /** Another page of the same device, which hears nothing of this one: the worst that a browser may do. */
  page(): Promise<Device>;
}

/** Makes a device at a server; another one for the same person signs in there. */
export async function device(
  server: FakeServer,
  at: {
    database: string;
    network: ReturnType<typeof connect>;
    clock: { now: number };
    choices: Map<string, string>;
  } = {
    database: crypto.randomUUID(),
    network: connect(server),
    clock: { now: Date.now() },
    choices: new Map(),
  },
): Promise<Device> {
  const sight = { hide: (): void => undefined, show: (): void => undefined };
  const environment: Environment = {
    now: () => at.clock.now++,
    after(milliseconds, work) {
      const timer = setTimeout(work, milliseconds);
      return () => clearTimeout(timer);
    },
    breathe: () => Promise.resolve(),
    exclusively: (_, work) => work(),
    lead: () => undefined,
    listen: () => () => undefined,
    tellOthers: (_: Message) => undefined,
    hearOthers: () => undefined,
    whenToLook: () => undefined,
    whenHidden: (hide, show) => {
      sight.hide = hide;
      sight.show = show;
    },
    whenIdle: () => undefined,
    report: (error) => {
      throw error;
    },
    choices: {
      getItem: (name) => at.choices.get(name) ?? null,
      setItem: (name, value) => void at.choices.set(name, value),
    },
    timeZone: "Europe/Madrid",
    online: true,
  };
  const store = createAftertide({
    openDatabase: (listeners) => new IndexedDatabase(at.database, listeners),
    origin: "https://tide.example",
    fetch: at.network.fetch,
    environment,
  });
  await store.start();
  return Object.assign(store, {
    line: at.network.line,
    databaseName: at.database,
    wait: (milliseconds: number) => {
      at.clock.now += milliseconds;
    },
    hide: () => sight.hide(),
    hideFor: async (milliseconds: number) => {
      sight.hide();
      // Both write what they know to the device: in turn, as on a page.
      await store.session.saveSettings({});
      at.clock.now += milliseconds;
      sight.show();
      await store.sync.now();
    },
    reopen: async () => {
      store.close();
      return device(server, at);
    },
    page: () => device(server, at),
  });
}

/** A therapist with a template for the reading agreement, on one device. */
export async function therapistOf(
  server: FakeServer,
  email = "rivera@example.org",
  name = "Dr. Rivera",
): Promise<Device> {
  const therapist = await device(server);
  await therapist.session.openFirstLink(`#${"A".repeat(43)}`);
  await therapist.session.signUp({
    by: "first-link",
    email,
    passphrase: PASSPHRASE,
    name,
    language: "en",
    device: "Laptop",
  });
  await therapist.session.confirmKitSaved();
  await therapist.care.saveTemplate("I read on Mondays. Not for emergencies.", "written");
  await therapist.sync.now();
  return therapist;
}

/** A patient who has joined by the therapist's invitation; both know each other. */
export async function patientOf(server: FakeServer, therapist: Device, email = "ana@example.org"): Promise<Device> {
  const { link } = await therapist.care.createInvitation({ name: "Ana", adultConfirmed: true });
  const patient = await device(server);
  await patient.session.openInvitation(new URL(link));
  await patient.session.signUp({
    by: "invitation",
    email,
    passphrase: PASSPHRASE,
    name: "Ana",
    language: "es",
    device: "Phone",
  });
  await patient.session.confirmKitSaved();
  await settle(therapist, patient);
  return patient;
}

/** Lets devices exchange what they have until both are quiet. */
export async function settle(...devices: Device[]): Promise<void> {
  for (let round = 0; round < 2; round++) for (const each of devices) await each.sync.now();
}

/** A therapist and a patient who have accepted the reading agreement. */
export async function pair(): Promise<{ server: FakeServer; therapist: Device; patient: Device }> {
  const server = new FakeServer();
  const therapist = await therapistOf(server);
  const patient = await patientOf(server, therapist);
  const [agreement] = patient.care.agreements;
  if (!agreement) throw new Error("no agreement was offered");
  await patient.care.acceptAgreement(agreement.id);
  await settle(patient, therapist);
  return { server, therapist, patient };
}

/** Writes an entry on a device and gives its id. */
export async function write(on: Device, text: string, id?: string): Promise<string> {
  const draft = await on.journal.openDraft(id);
  draft.set({ text });
  return draft.done();
}

/** Types an answer below an entry and sends it. */
export async function answer(on: Device, id: string, text: string): Promise<void> {
  on.journal.setAnswer(id, text);
  await on.journal.sendAnswer(id);
}

/** What a condition reads, without the wait of a test for something that never comes. */
export function entry(on: Device, id: string): NonNullable<ReturnType<Device["journal"]["entry"]>> {
  const found = on.journal.entry(id);
  if (!found) throw new Error("no such entry on this device");
  return found;
}
