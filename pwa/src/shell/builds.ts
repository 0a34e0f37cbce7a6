import { toBase64Url, utf8 } from "../protocol/bytes";

/** A file of a build, and the hash that it must have (Subresource Integrity). */
export interface BuildFile {
  readonly url: string;
  readonly integrity: string;
}

const PREFIX = "aftertide-build-";
/** Which builds were in force, newest first; a build that waited and never was isn't among them. */
const IN_FORCE = "aftertide-in-force";
const PAGE = "index.html";
const ASSETS = "assets/";
/* The server sends some files compressed; the hash tells one file from another already. */
const SAME = { ignoreVary: true };
/* Few enough that the page's own requests come between them. */
const AT_ONCE = 6;

/**
 * What a device keeps of the app itself: the page and the files of one build together in one cache, and those of the build
 * that was in force before it, which pages that are still open may ask for.
 */
export class KeptBuild {
  readonly #name: Promise<string>;
  readonly #paths: ReadonlySet<string>;

  constructor(private readonly files: readonly BuildFile[]) {
    this.#name = nameOf(files);
    this.#paths = new Set(files.map(({ url }) => `/${url}`));
  }

  /** Whether a path is a file of this build, or may be one of the other. */
  has(path: string): boolean {
    return path.startsWith(`/${ASSETS}`) || this.#paths.has(path);
  }

  /**
   * Fetches what isn't here yet. Rejects, and the browser tries again another time, when a file can't be had or isn't the
   * one of this build: the server may have been renewed meanwhile.
   */
  async install(): Promise<void> {
    const cache = await caches.open(await this.#name);
    const missing = [...this.files];
    const fetchNext = async (): Promise<void> => {
      for (let file = missing.pop(); file; file = missing.pop()) await keep(cache, file);
    };
    await Promise.all(Array.from({ length: AT_ONCE }, fetchNext));
  }

  /** This build is in force now; the one before it stays, older ones go. */
  async comeIntoForce(): Promise<void> {
    const name = await this.#name;
    const notes = await caches.open(IN_FORCE);
    const before: string[] = (await (await notes.match("/"))?.json()) ?? [];
    const kept = [name, ...before.filter((other) => other !== name)].slice(0, 2);
    await notes.put("/", Response.json(kept));
    const gone = (await caches.keys()).filter((other) => other.startsWith(PREFIX) && !kept.includes(other));
    await Promise.all(gone.map((other) => caches.delete(other)));
  }

  /** The page of this build. */
  page(request: Request): Promise<Response> {
    return this.answer(`/${PAGE}`, request);
  }

  /** A file of this build, else a hashed one of the other that is kept, else what the network has. */
  async answer(path: string, request: Request): Promise<Response> {
    const own = await caches.open(await this.#name);
    const here = await own.match(path, SAME);
    if (here) return here;
    return (path.startsWith(`/${ASSETS}`) ? await caches.match(path, SAME) : undefined) ?? fetch(request);
  }
}

/** The same for the same files. */
async function nameOf(files: readonly BuildFile[]): Promise<string> {
  const list = utf8(files.map(({ url, integrity }) => `${url} ${integrity}`).join("\n"));
  const hash = await crypto.subtle.digest("SHA-256", list);
  return PREFIX + toBase64Url(new Uint8Array(hash, 0, 16));
}

async function keep(cache: Cache, { url, integrity }: BuildFile): Promise<void> {
  const path = `/${url}`;
  if (await cache.match(path, SAME)) return;
  // A hashed file is the same in every build that has it.
  const known = url.startsWith(ASSETS) ? await caches.match(path, SAME) : undefined;
  // The server has the page at the app's addresses, with its headers.
  const address = url === PAGE ? "/" : path;
  const answer = known ?? (await fetch(address, { integrity, cache: "no-cache", credentials: "omit" }));
  if (!answer.ok) throw new Error(`${path} was answered with ${answer.status}`);
  await cache.put(path, answer);
}
