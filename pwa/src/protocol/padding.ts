import type { Bytes } from "./bytes";
import { PaddingError } from "./errors";
import { SEAL_OVERHEAD } from "./symmetric";

const STEPS = [1024, 2048, 4096, 8192, 16384];

/**
 * P(L) of the protocol: the smallest step not below `length` (bytes, at least 1), above 16,384 Padmé
 * (Nikitin et al., PETS 2019) in integers, so that a length tells at most 12 % about what is inside.
 */
export function paddedLength(length: number): number {
  const step = STEPS.find((size) => size >= length);
  if (step !== undefined) return step;
  const exponent = Math.floor(Math.log2(length));
  const mantissaBits = Math.floor(Math.log2(exponent)) + 1;
  const unit = 2 ** (exponent - mantissaBits);
  return unit * Math.ceil(length / unit);
}

/** Bytes that a record says at most: 1 MiB. */
export const LARGEST_CONTENT = 2 ** 20;

/** `text`, 0x80, and zeros up to P(length + 1). Throws {@link PaddingError} above 1 MiB. */
export function pad(text: Uint8Array): Bytes {
  if (text.length > LARGEST_CONTENT) throw new PaddingError("a record holds at most 1 MiB");
  const padded = new Uint8Array(paddedLength(text.length + 1));
  padded.set(text);
  padded[text.length] = 0x80;
  return padded;
}

/** Whether a sealed body may have this length: a step of P for at most 1 MiB, and what sealing adds. */
export function isSealedLength(length: number): boolean {
  const inner = length - SEAL_OVERHEAD;
  return inner > 0 && inner <= paddedLength(LARGEST_CONTENT + 1) && paddedLength(inner) === inner;
}

/** What {@link pad} was given. Throws {@link PaddingError} without exactly one 0x80 before the zeros, or at a length that P doesn't give. */
export function unpad(padded: Uint8Array): Bytes {
  let end = padded.length - 1;
  while (end >= 0 && padded[end] === 0) end--;
  if (end < 0 || padded[end] !== 0x80) throw new PaddingError("no end mark");
  if (paddedLength(end + 1) !== padded.length) throw new PaddingError("a length that padding doesn't give");
  return padded.slice(0, end);
}
