import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

const DYNAMIC = /\bimport\((\s*"[^"]+"\s*)\)/g;

/**
 * The simulation (`tests/simulation/`): a suite of its own, as it takes minutes. Modules that a page loads when it needs
 * them are loaded with it here: what remains of `import()` is a promise that is resolved, and a step of the simulation
 * ends with its microtasks.
 */
export default defineConfig({
  plugins: [
    svelte({ compilerOptions: { dev: false } }),
    {
      name: "load-at-once",
      transform(code, id) {
        if (!/\/src\/(store|protocol)\//.test(id) || !DYNAMIC.test(code)) return undefined;
        const names: string[] = [];
        const called = code.replace(
          DYNAMIC,
          (_, name: string) => `Promise.resolve(loaded${names.push(name.trim()) - 1})`,
        );
        return names.map((name, i) => `import * as loaded${i} from ${name};`).join("") + called;
      },
    },
  ],
  resolve: {
    conditions: ["browser"],
    alias: [{ find: /^.*\/argon2$/, replacement: `${import.meta.dirname}/tests/simulation/argon2.ts` }],
  },
  test: { include: ["tests/simulation/**/*.test.ts"], maxWorkers: 2, testTimeout: 900_000 },
});
