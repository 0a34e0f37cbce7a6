/** Copies of what the fake server keeps. */
import type { FakeServer } from "./fake-server";

/** Puts everything that a server has into an empty one, and gives that. */
export function copied(server: FakeServer, other: FakeServer): FakeServer {
  other.incarnation = server.incarnation;
  for (const kept of ["accounts", "records", "invitations", "sessions"] as const) {
    // Each is copied into the same one.
    const into = other[kept] as Map<string, unknown>;
    for (const [key, value] of server[kept]) into.set(key, structuredClone(value));
  }
  other.relations.push(...structuredClone(server.relations));
  return other;
}

/** Makes a backup; gives the way back to it. */
export function backupOf(server: FakeServer): () => void {
  const records = structuredClone([...server.records]);
  const counters = [...server.accounts].map(([id, account]) => ({
    id,
    counter: account.counter,
    changes: new Map(account.changes),
    me: account.me,
  }));
  return () => {
    server.records.clear();
    for (const [id, record] of records) server.records.set(id, record);
    for (const { id, ...account } of counters) Object.assign(server.accounts.get(id) ?? {}, account);
    server.incarnation = crypto.randomUUID();
  };
}

/** Takes somebody who has erased their account out of what others see. */
export function eraseFrom(server: FakeServer, account: string): void {
  const gone = server.relations.filter(({ patient, therapist }) => [patient, therapist].includes(account));
  for (const relation of gone) server.relations.splice(server.relations.indexOf(relation), 1);
  for (const { id, patient, therapist } of [...server.appointments.views.values()]) {
    if ([patient, therapist].includes(account)) server.appointments.views.delete(id);
  }
  server.accounts.delete(account);
}
