import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Plugin } from "vite";

/** In the build's folder: the hashed files of the last two builds, newest first. The server doesn't serve names with a dot in front. */
const LIST = ".builds.json";

/** What {@link keepPreviousBuild} knows of the build that was just written. */
export interface Build {
  /** Its files, relative to the folder. Empty until they are written. */
  readonly files: ReadonlySet<string>;
  readonly folder: string;
  readonly plugin: Plugin;
}

/**
 * Keeps the hashed files of the build before beside the new ones, and removes those of older builds: a page that was opened
 * before still finds the screens that it hasn't fetched yet. Builds from one source have the same files and count as one.
 */
export function keepPreviousBuild(): Build {
  const files = new Set<string>();
  let folder = "";
  let publicFolder = "";

  function settle(): void {
    const list = join(folder, LIST);
    const [last = [], beforeLast = []]: string[][] = existsSync(list) ? JSON.parse(readFileSync(list, "utf8")) : [];
    const present = [...files].filter((name) => name.startsWith("assets/")).sort();
    const previous = last.join() === present.join() ? beforeLast : last;
    const kept = new Set([...files, ...previous, ...namesIn(publicFolder)]);
    for (const name of namesIn(folder)) {
      if (!kept.has(name) && !name.startsWith(".")) rmSync(join(folder, name));
    }
    writeFileSync(list, JSON.stringify([present, previous]));
  }

  return {
    files,
    get folder() {
      return folder;
    },
    plugin: {
      name: "aftertide:keep-previous-build",
      apply: "build",
      config: () => ({ build: { emptyOutDir: false } }),
      configResolved(config) {
        folder = resolve(config.root, config.build.outDir);
        publicFolder = config.publicDir;
      },
      writeBundle(_, bundle) {
        files.clear();
        for (const name of Object.keys(bundle)) files.add(name);
        settle();
      },
    },
  };
}

/** All files below a folder, by their path in it. */
function namesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll("\\", "/"),
    );
}
