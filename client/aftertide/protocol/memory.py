"""What a client remembers of each record, so that an old or foreign state is seen as what it is."""

from dataclasses import dataclass
from typing import Final, Literal

from aftertide.protocol.encoding import b64u, unb64u
from aftertide.protocol.errors import OlderEpochError, OlderRevisionError, OtherBaseError, OtherBodyError
from aftertide.protocol.records import Head, base_of


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest revision that a client has accepted of a record.

    `hash` is `base_of` its body, or `short_hash` of that where only a ledger has told of it.
    """

    epoch: int
    revision: int
    hash: str


SHORT: Final = 22
"""Characters of the b64u of 16 bytes."""


def short_hash(hash_: str) -> str:
    """Return what a ledger says of a body: b64u of the first 16 bytes of its hash, of which b64u is given."""
    return b64u(unb64u(hash_)[:16])


def _is_seen(seen: Seen, hash_: str) -> bool:
    return (short_hash(hash_) if len(seen.hash) == SHORT else hash_) == seen.hash


def seen_of(head: Head, body: bytes) -> Seen:
    """Return what to remember of a revision once it has been accepted."""
    return Seen(head.epoch, head.revision, base_of(body))


def judge(seen: Seen | None, arrived: Seen, base: str) -> Literal["new", "same"]:
    """Say whether a revision is new to this client or the one it has; `base` is the one that its body is bound to.

    `OlderEpochError`, `OlderRevisionError`, `OtherBodyError` (the same revision with another body or epoch),
    `OtherBaseError` (the next revision on another body): the client keeps its own and says so. Revisions in between may
    be missing, since a reader sees only some.
    """
    if seen is None:
        return "new"
    if arrived.epoch < seen.epoch:
        raise OlderEpochError("an epoch that has been left behind")
    if arrived.revision < seen.revision:
        raise OlderRevisionError("a revision that has been replaced")
    if arrived.revision == seen.revision:
        if arrived.epoch != seen.epoch or not _is_seen(seen, arrived.hash):
            raise OtherBodyError("another body for a revision already seen")
        return "same"
    if arrived.revision == seen.revision + 1 and not _is_seen(seen, base):
        raise OtherBaseError("a revision that doesn't follow the one seen")
    return "new"
