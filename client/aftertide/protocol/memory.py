"""What a client remembers of each record, so that an old or foreign state is seen as what it is."""

from dataclasses import dataclass
from typing import Literal

from aftertide.protocol.errors import OlderEpochError, OlderRevisionError, OtherBaseError, OtherBodyError
from aftertide.protocol.records import Head, base_of


@dataclass(frozen=True, slots=True)
class Seen:
    """The newest revision that a client has accepted of a record; `hash` is `base_of` its body."""

    epoch: int
    revision: int
    hash: str


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
        if arrived != seen:
            raise OtherBodyError("another body for a revision already seen")
        return "same"
    if arrived.revision == seen.revision + 1 and base != seen.hash:
        raise OtherBaseError("a revision that doesn't follow the one seen")
    return "new"
