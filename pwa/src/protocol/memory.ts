import { fromBase64Url, toBase64Url } from "./bytes";
import { RollbackError } from "./errors";

/** What a client remembers of a record: the newest revision that it has accepted. */
export interface Seen {
  readonly epoch: number;
  readonly revision: number;
  /** b64u of the hash of its body, or of its first 16 bytes where only a ledger has told of it. */
  readonly hash: string;
}

/** Characters of the b64u of 16 bytes. */
const SHORT = 22;

/** What a ledger says of a body: b64u of the first 16 bytes of its hash, of which b64u is given. */
export function shortHash(hash: string): string {
  return toBase64Url(fromBase64Url(hash).subarray(0, 16));
}

/** Whether a hash, in full, is the one that was seen. */
function isSeen(seen: Seen, hash: string): boolean {
  return seen.hash.length === SHORT ? shortHash(hash) === seen.hash : hash === seen.hash;
}

/** What arrives, with the `base` that its body is bound to. */
export interface Arrival extends Seen {
  readonly base: string;
}

/**
 * Whether an arrival is `"new"` to this client or the `"same"` as it has. Throws {@link RollbackError} at a lower epoch
 * or revision, the same revision with another hash or epoch, a higher revision in a lower epoch, and the next revision
 * on another base: a server fault, or an attack. Revisions in between may be missing, since a reader is shown only some.
 */
export function judgeArrival(seen: Seen | undefined, arrival: Arrival): "new" | "same" {
  if (!seen) return "new";
  if (arrival.epoch < seen.epoch) throw new RollbackError("an earlier epoch");
  if (arrival.revision < seen.revision) throw new RollbackError("an earlier revision");
  if (arrival.revision === seen.revision) {
    if (!isSeen(seen, arrival.hash) || arrival.epoch !== seen.epoch) {
      throw new RollbackError("another body under the same revision");
    }
    return "same";
  }
  if (arrival.revision === seen.revision + 1 && !isSeen(seen, arrival.base)) {
    throw new RollbackError("a revision that doesn't follow the one seen");
  }
  return "new";
}
