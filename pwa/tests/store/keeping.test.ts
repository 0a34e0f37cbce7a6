import { expect, test } from "vitest";
import { Keeping } from "../../src/store/keeping.svelte";

/** A disk that can be full, and a clock that is moved by hand. */
function device() {
  let typed = "";
  let due: (() => void) | undefined;
  const disk = { full: false, holds: "" };
  const keeping = new Keeping(
    async () => {
      await Promise.resolve();
      if (disk.full) throw new DOMException("", "QuotaExceededError");
      disk.holds = typed;
    },
    (_, work) => {
      due = work;
      return () => {
        due = undefined;
      };
    },
  );
  return {
    disk,
    keeping,
    type(text: string): void {
      typed = text;
      keeping.touch();
    },
    /** A while goes by. */
    async wait(): Promise<void> {
      due?.();
      await new Promise((resolve) => setTimeout(resolve));
    },
  };
}

test("what a full disk refused is kept by itself once there is room", async () => {
  const { disk, keeping, type, wait } = device();
  disk.full = true;
  type("A last sentence.");
  await wait();
  await wait();
  expect(keeping.state).toBe("failed");
  disk.full = false;
  await wait();
  expect(keeping.state).toBe("kept");
  expect(disk.holds).toBe("A last sentence.");
});

test("what was thrown away on a full disk doesn't come back with the room", async () => {
  const { disk, keeping, type, wait } = device();
  disk.full = true;
  type("Never mind.");
  await wait();
  await keeping.ended();
  disk.full = false;
  await wait();
  expect(disk.holds).toBe("");
});
