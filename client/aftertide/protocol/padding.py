"""Padding: the server sees lengths in steps, never the length of what was written.

Up to 16 KiB the steps are powers of two from 1 KiB; above that Padmé (Nikitin et al., "Reducing Metadata Leakage from
Encrypted Files and Communication with PURBs", 2019) in integers, at most 12 % more.
"""

from typing import Final

from aftertide.protocol.errors import BodyTooLargeError, PaddingError

MAX_CONTENT: Final = 2**20
SEAL_OVERHEAD: Final = 29
_STEPS: Final = (1_024, 2_048, 4_096, 8_192, 16_384)


def padded_length(length: int) -> int:
    """Return P(`length`) in bytes: the step that `length` bytes are padded to (never below `length`)."""
    for step in _STEPS:
        if length <= step:
            return step
    exponent = length.bit_length() - 1
    unit: int = 1 << (exponent - exponent.bit_length())
    return -(-length // unit) * unit


MAX_SEALED: Final = padded_length(MAX_CONTENT + 1) + SEAL_OVERHEAD


def is_sealed_length(length: int) -> bool:
    """Say whether a sealed body may have `length` bytes: a step of P, with content up to 1 MiB, and 29 of `seal`."""
    inner = length - SEAL_OVERHEAD
    return inner > 0 and length <= MAX_SEALED and padded_length(inner) == inner


def pad(content: bytes) -> bytes:
    """Append 0x80 and zeros up to P(len + 1); `BodyTooLargeError` over 1 MiB."""
    if len(content) > MAX_CONTENT:
        raise BodyTooLargeError("a record holds at most 1 MiB")
    return (content + b"\x80").ljust(padded_length(len(content) + 1), b"\0")


def unpad(padded: bytes) -> bytes:
    """Take off zeros, then exactly one 0x80; `PaddingError` unless the length is the one P gives for what is left."""
    stripped = padded.rstrip(b"\0")
    if not stripped.endswith(b"\x80"):
        raise PaddingError("the padding has no end mark")
    content = stripped[:-1]
    if padded_length(len(content) + 1) != len(padded):
        raise PaddingError("the padding isn't as long as P gives")
    return content
