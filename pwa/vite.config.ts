import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { svelte } from "@sveltejs/vite-plugin-svelte";
import type { Plugin } from "vite";
import { VitePWA } from "vite-plugin-pwa";
import { defineConfig } from "vitest/config";
import { type Build, keepPreviousBuild } from "./keepPreviousBuild.ts";

/* Needed only where something new is asked of the server anyway: to set a passphrase. A device doesn't keep them for later. */
const ONLINE_ONLY = /\/(accounts\/strength\.ts|protocol\/common-passphrases\.txt|protocol\/words\/\w+\.txt)/;
const ONLINE = "assets/online/";

/* The first script, with what it shares with the app. */
const FIRST = /\/index\.html$|\/src\/(main|entrance|messages\/catalogues|ui\/routes)\.ts$|preload-helper/;

/* The screen where most come in, with what all such screens are made of: a browser has few requests under way at a time. */
const ENTRANCE = /\/src\/(accounts\/(SignInScreen|PassphraseField|recovery)|ui\/(TextField|ErrorText))\b/;

/* The screens of a folder, which are named after it. */
const SCREENS = /\/src\/(\w+)\/screens\.ts$/;

/* Beside what the build makes: what a page without network shows of `public/`. Icons and screenshots are for installing. */
const SHOWN = ["index.html", "icon.svg"];

/** The service worker, and in it the list of this build's files, each with the hash that it must have. */
function serviceWorker(build: Build): ReturnType<typeof VitePWA> {
  return VitePWA({
    strategies: "injectManifest",
    srcDir: "src",
    filename: "service-worker.ts",
    // Registered by `shell/registration.ts`; the manifests are in `public/`, one a language.
    injectRegister: false,
    manifest: false,
    injectManifest: {
      rollupFormat: "iife",
      globPatterns: ["**/*"],
      globIgnores: [`${ONLINE}**`, "**/.*"],
      // The page and nothing else changes under its name.
      dontCacheBustURLsMatching: /^assets\//,
      manifestTransforms: [
        (entries) => ({
          manifest: entries
            .filter(({ url }) => build.files.has(url) || SHOWN.includes(url))
            .map((entry) => ({ ...entry, integrity: integrityOf(join(build.folder, entry.url)) })),
          warnings: [],
        }),
      ],
    },
  });
}

/** The page asks for the app's files at once, though it is the first script that starts them. */
function preloadApp(): Plugin {
  return {
    name: "aftertide:preload-app",
    transformIndexHtml: {
      order: "post",
      handler(_, { bundle = {} }) {
        const scripts = new Set<string>();
        const styles = new Set<string>();
        const add = (name: string): void => {
          const chunk = bundle[name];
          if (chunk?.type !== "chunk" || scripts.has(name)) return;
          scripts.add(name);
          for (const style of chunk.viteMetadata?.importedCss ?? []) styles.add(style);
          for (const imported of chunk.imports) add(imported);
        };
        for (const chunk of Object.values(bundle))
          if (chunk.type === "chunk" && chunk.name === "app") add(chunk.fileName);
        const link = (attrs: Record<string, string | boolean>) => ({ tag: "link", attrs, injectTo: "head" as const });
        return [
          ...[...scripts].map((name) => link({ rel: "modulepreload", crossorigin: true, href: `/${name}` })),
          ...[...styles].map((name) => link({ rel: "stylesheet", crossorigin: true, href: `/${name}` })),
        ];
      },
    },
  };
}

function integrityOf(file: string): string {
  return `sha256-${createHash("sha256").update(readFileSync(file)).digest("base64")}`;
}

export default defineConfig(() => {
  const build = keepPreviousBuild();
  return {
    plugins: [svelte(), preloadApp(), build.plugin, serviceWorker(build)],
    server: { fs: { allow: [".."] } },
    build: {
      target: "es2023",
      // An inlined asset would be a data: URL, which the content security policy refuses.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      rolldownOptions: {
        input: { index: "index.html", app: "src/app.ts" },
        output: {
          chunkFileNames: ({ facadeModuleId, moduleIds }) => {
            const folder = SCREENS.exec(facadeModuleId ?? "")?.[1];
            return `${moduleIds.some((id) => ONLINE_ONLY.test(id)) ? ONLINE : "assets/"}${folder ?? "[name]"}-[hash].js`;
          },
          // What the journal shows with: few files, each a request on a slow line. What others wrote changes less often.
          codeSplitting: {
            groups: [
              { name: "first", test: FIRST, priority: 3 },
              { name: "runtime", tags: ["$initial"], test: /node_modules/, priority: 2 },
              { name: "journal", tags: ["$initial"], test: (id) => !id.endsWith("/src/app.ts"), priority: 1 },
              { name: "entrance", test: ENTRANCE, priority: 0 },
            ],
          },
        },
      },
    },
    // Tests use the store as a page does: with Svelte's client runtime, not the one for servers.
    ...(process.env.VITEST ? { resolve: { conditions: ["browser"] } } : {}),
    test: { include: ["tests/**/*.test.ts"], exclude: ["tests/simulation/**"], testTimeout: 20_000 },
  };
});
