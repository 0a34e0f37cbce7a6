import { vi } from "vitest";
import { deterministicCrypto } from "./crypto";
import { Lives } from "./life";
import type { Random } from "./random";

const RealDate = Date;
let now = (): number => RealDate.now();

class SimulatedDate extends RealDate {
  constructor(...given: [] | [number | string | Date]) {
    super(given.length > 0 ? (given[0] as number) : now());
  }
  static override now(): number {
    return now();
  }
}

/** A request as the store makes it and the fake server reads it, without the streams of the real one. */
class SimulatedRequest {
  readonly method: string;
  readonly #body: string;
  constructor(
    readonly url: string,
    { method, body }: { method: string; body?: string },
  ) {
    this.method = method;
    this.#body = body ?? "";
  }
  text(): Promise<string> {
    return Promise.resolve(this.#body);
  }
}

class SimulatedResponse {
  readonly status: number;
  readonly headers: Map<string, string>;
  readonly #body: string;
  constructor(body: string | null, { status, headers }: { status: number; headers?: Record<string, string> }) {
    this.#body = body ?? "";
    this.status = status;
    this.headers = new Map(Object.entries(headers ?? {}));
  }
  get ok(): boolean {
    return this.status < 300;
  }
  text(): Promise<string> {
    return Promise.resolve(this.#body);
  }
  async json(): Promise<unknown> {
    return JSON.parse(this.#body);
  }
}

/** Everything that isn't the store's own is replaced: randomness, cryptography, clock and network come from the seed. */
export function setStage(): Lives {
  const { crypto, seed } = deterministicCrypto();
  vi.stubGlobal("crypto", crypto);
  vi.stubGlobal("Date", SimulatedDate);
  vi.stubGlobal("Request", SimulatedRequest);
  vi.stubGlobal("Response", SimulatedResponse);
  vi.spyOn(AbortSignal, "timeout").mockReturnValue(new AbortController().signal);
  return new Lives((random: Random, clock: () => number) => {
    seed(random);
    now = clock;
  });
}
