/**
 * Builds the app as a later release would be, into a folder where a build lies already: `node tests/shell/laterRelease.ts FOLDER`.
 * It differs in the first script and in a screen that is loaded later.
 */
import { build, type Plugin } from "vite";

const [outDir] = process.argv.slice(2);
if (!outDir) throw new Error("name a folder");

const later: Plugin = {
  name: "later-release",
  enforce: "pre",
  transform(code, id) {
    if (id.endsWith("/src/main.ts")) return `${code}\ndocument.documentElement.dataset.release = "later";`;
    if (id.endsWith("/accounts/YouScreen.svelte")) return `${code}\n<p hidden data-release="later"></p>`;
    return undefined;
  },
};

await build({ logLevel: "error", build: { outDir }, plugins: [later] });
