/** Writes `protocol/vectors/typescript.json`: `npm run vectors`. Vite resolves the imports, as in the app. */
import { writeFileSync } from "node:fs";
import { runnerImport } from "vite";

const { module } = await runnerImport<typeof import("./make-vectors")>(
  new URL("./make-vectors.ts", import.meta.url).pathname,
);
const target = new URL("../../../protocol/vectors/typescript.json", import.meta.url);
writeFileSync(target, `${JSON.stringify(module.vectors, null, 1)}\n`);
