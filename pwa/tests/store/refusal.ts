/** A refusal, as a problem response says it. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly current?: unknown,
  ) {
    super(code);
  }
}
