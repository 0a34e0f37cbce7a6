import "fake-indexeddb/auto";
import { describe, expect, test, vi } from "vitest";
import type { Database, Listeners, PendingChange, StoredDraft } from "../../src/store/database";
import { StoreError } from "../../src/store/errors";
import { IndexedDatabase } from "../../src/store/indexed";
import { Disk } from "../simulation/disk";

/** A device with something that keeps, under test: pages open it, and its storage can be made to refuse. */
interface Device {
  page(listeners?: Partial<Listeners>): Database;
  fill(): void;
  makeRoom(): void;
}

const none: Listeners = { onFailure: () => undefined, onWrite: () => undefined, onBlocked: () => undefined };

function inBrowser(): Device {
  const name = crypto.randomUUID();
  return {
    page: (listeners) => new IndexedDatabase(name, { ...none, ...listeners }),
    fill: () => {
      vi.spyOn(IDBObjectStore.prototype, "put").mockImplementation(() => {
        throw new DOMException("the disk is full", "QuotaExceededError");
      });
    },
    makeRoom: () => vi.restoreAllMocks(),
  };
}

function inMemory(): Device {
  const disk = new Disk(
    (_, run) => void setImmediate(run),
    () => false,
  );
  return {
    page: (listeners) => disk.open({ ...none, ...listeners }),
    fill: () => {
      disk.full = true;
    },
    makeRoom: () => {
      disk.full = false;
    },
  };
}

const draft = (id: string, at: number): StoredDraft => ({
  id,
  changes: false,
  sealed: Uint8Array.of(1, 2, 3),
  base: undefined,
  baseRevision: 0,
  at,
});

/** Reads and raises a number in one transaction. */
function count(database: Database, id = "a"): Promise<number> {
  return database.write(["drafts"], "relaxed", async (transaction) => {
    const at = ((await transaction.get("drafts", id))?.at ?? 0) + 1;
    await transaction.put("drafts", draft(id, at));
    return at;
  });
}

describe.each([
  ["in the browser", inBrowser],
  ["in the simulation", inMemory],
])("what keeps a device's words, %s", (_, device) => {
  test("gives back what was put, by its own key or by the one given", async () => {
    const database = device().page();
    await database.write(["drafts", "care"], "strict", async (transaction) => {
      await transaction.put("drafts", draft("b", 2));
      await transaction.put("drafts", draft("a", 1));
      await transaction.put("care", ["one"], "practices");
    });
    expect(await database.get("drafts", "a")).toEqual(draft("a", 1));
    expect(await database.get("drafts", "c")).toBeUndefined();
    expect(await database.get("care", "practices")).toEqual(["one"]);
    expect((await database.all("drafts")).map(({ id }) => id)).toEqual(["a", "b"]);
  });

  test("keeps rows as they were when they were put, keys among them", async () => {
    const database = device().page();
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const link = { by: "invitation", invite: "i", key, sealed: Uint8Array.of(7), at: 1 } as const;
    const kept = database.write(["link"], "relaxed", (transaction) => transaction.put("link", link, "here"));
    await kept;
    link.sealed[0] = 8;
    const found = await database.get("link", "here");
    expect(found?.sealed).toEqual(Uint8Array.of(7));
    const iv = new Uint8Array(12);
    const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, Uint8Array.of(1));
    if (!found) throw new Error("nothing was kept");
    const opened = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, found.key, sealed);
    expect(new Uint8Array(opened)).toEqual(Uint8Array.of(1));
    found.sealed[0] = 9;
    expect((await database.get("link", "here"))?.sealed).toEqual(Uint8Array.of(7));
  });

  test("keeps a row that was typed, in the place of the one before", async () => {
    const database = device().page();
    await database.keep("drafts", draft("a", 1));
    await database.keep("drafts", draft("b", 2));
    await database.keep("drafts", draft("a", 3));
    expect(await database.all("drafts")).toEqual([draft("a", 3), draft("b", 2)]);
  });

  test("changes nothing where a transaction throws, and says storage for what isn't the store's own refusal", async () => {
    const database = device().page();
    await count(database);
    const broken = database.write(["drafts", "outbox"], "strict", async (transaction) => {
      await transaction.put("drafts", draft("a", 9));
      await transaction.put("outbox", { record: "r" } as PendingChange);
      await transaction.delete("drafts", "a");
      throw new TypeError("a mistake");
    });
    await expect(broken).rejects.toMatchObject({ name: "StoreError", reason: "storage" });
    const refused = database.write(["drafts"], "strict", async (transaction) => {
      await transaction.clear("drafts");
      throw new StoreError("unsent-words");
    });
    await expect(refused).rejects.toMatchObject({ name: "StoreError", reason: "unsent-words" });
    expect(await database.all("drafts")).toEqual([draft("a", 1)]);
    expect(await database.all("outbox")).toEqual([]);
  });

  test("runs what shares a store in the order in which it was asked for, in all pages", async () => {
    const shared = device();
    const [here, there] = [shared.page(), shared.page()];
    // Both are open: what is asked for first is then first.
    await Promise.all([here.all("drafts"), there.all("drafts")]);
    const before = here.get("drafts", "a");
    const counted = [count(here), count(there), count(here), count(there)];
    const after = there.get("drafts", "a");
    const kept = here.keep("drafts", draft("a", 100));
    const last = there.get("drafts", "a");
    expect(await Promise.all(counted)).toEqual([1, 2, 3, 4]);
    expect(await before).toBeUndefined();
    expect((await after)?.at).toBe(4);
    await kept;
    expect((await last)?.at).toBe(100);
  });

  test("sees its own changes within a transaction, and nobody else does before the commit", async () => {
    const shared = device();
    const [here, there] = [shared.page(), shared.page()];
    await Promise.all([here.all("drafts"), there.all("drafts")]);
    const cleared = here.write(["drafts"], "relaxed", async (transaction) => {
      await transaction.put("drafts", draft("b", 2));
      await transaction.put("drafts", draft("a", 1));
      expect((await transaction.all("drafts")).map(({ id }) => id)).toEqual(["a", "b"]);
      await transaction.delete("drafts", "a");
      expect(await transaction.get("drafts", "a")).toBeUndefined();
      await transaction.clear("drafts");
      return transaction.all("drafts");
    });
    expect(await there.all("drafts")).toEqual([]);
    expect(await cleared).toEqual([]);
  });

  test("says which stores were written, once they are", async () => {
    const written: string[] = [];
    const shared = device();
    const database = shared.page({ onWrite: (stores) => written.push(stores.join()) });
    const running = count(database);
    expect(written).toEqual([]);
    await running;
    await database.keep("drafts", draft("b", 1));
    await database
      .write(["drafts", "outbox"], "strict", () => Promise.reject(new StoreError("unknown")))
      .catch(() => undefined);
    expect(written).toEqual(["drafts", "drafts"]);
  });

  test("refuses while there is no room, says so, and has lost nothing", async () => {
    const failures: boolean[] = [];
    const shared = device();
    const database = shared.page({ onFailure: (failed) => failures.push(failed) });
    await count(database);
    shared.fill();
    await expect(count(database)).rejects.toMatchObject({ name: "StoreError", reason: "storage" });
    await expect(database.keep("drafts", draft("b", 1))).rejects.toMatchObject({ reason: "storage" });
    expect(failures.at(-1)).toBe(true);
    shared.makeRoom();
    expect(await count(database)).toBe(2);
    expect(failures.at(-1)).toBe(false);
    expect(await database.all("drafts")).toEqual([draft("a", 2)]);
  });

  test("forgets everything when it is told to", async () => {
    const database = device().page();
    await database.write(["drafts", "care", "marks"], "strict", async (transaction) => {
      await transaction.put("drafts", draft("a", 1));
      await transaction.put("care", [], "relations");
      await transaction.put("marks", { record: "r", read: 1, reviewed: undefined });
    });
    await database.erase();
    expect(await database.all("drafts")).toEqual([]);
    expect(await database.all("marks")).toEqual([]);
    expect(await database.get("care", "relations")).toBeUndefined();
  });

  test("opens again after it was let go, with all that was kept", async () => {
    const shared = device();
    const database = shared.page();
    await count(database);
    database.close();
    expect(await count(database)).toBe(2);
    database.close();
    expect(await shared.page().get("drafts", "a")).toEqual(draft("a", 2));
  });
});

describe("the simulation's disk", () => {
  /** A disk on which nothing happens before it is told to. */
  function slow(survives = true) {
    const waiting: (() => void)[] = [];
    const disk = new Disk(
      (_, run) => void waiting.push(run),
      () => survives,
    );
    const drain = () => new Promise((resolve) => void setImmediate(resolve));
    return {
      disk,
      /** Lets so many things happen. */
      async turn(times: number): Promise<void> {
        for (; times > 0; times--) {
          waiting.shift()?.();
          await drain();
        }
      },
    };
  }

  test("commits when it is told to, and not before", async () => {
    const { disk, turn } = slow();
    const page = disk.open(none);
    let committed = false;
    void count(page).then(() => {
      committed = true;
    });
    await turn(1);
    expect(committed).toBe(false);
    expect(disk.committed("drafts")).toEqual([]);
    await turn(1);
    expect(committed).toBe(true);
    expect(disk.committed("drafts")).toEqual([draft("a", 1)]);
  });

  test("drops what a page hadn't handed over when it ended, and never answers it", async () => {
    const { disk, turn } = slow();
    const page = disk.open(none);
    let answered = false;
    void count(page).then(() => {
      answered = true;
    });
    page.end();
    await turn(5);
    expect(disk.committed("drafts")).toEqual([]);
    expect(answered).toBe(false);
    expect(disk.stuck).toBe(false);
  });

  test.each([true, false])("commits all or nothing of what was typed as a page ended (%s)", async (survives) => {
    const { disk, turn } = slow(survives);
    const page = disk.open(none);
    void count(page, "dropped");
    void page.keep("drafts", draft("a", 1));
    page.end();
    await turn(5);
    expect(disk.committed("drafts")).toEqual(survives ? [draft("a", 1)] : []);
  });

  test("loses with the battery what wasn't committed strictly", async () => {
    const { disk, turn } = slow();
    const page = disk.open(none);
    void count(page);
    await turn(2);
    void page.keep("drafts", draft("b", 1));
    await turn(2);
    void count(page);
    await turn(2);
    expect(disk.committed("drafts")).toEqual([draft("a", 2), draft("b", 1)]);
    disk.loseRelaxed();
    expect(disk.committed("drafts")).toEqual([draft("a", 1), draft("b", 1)]);
  });

  test("notices a transaction that awaits something else", async () => {
    const { disk, turn } = slow();
    void disk.open(none).write(["drafts"], "relaxed", () => new Promise(() => undefined));
    await turn(1);
    expect(disk.stuck).toBe(true);
  });
});
