"""Why the records domain refuses."""

from server.web.problems import Refusal


class NoSuchRecord(Refusal):
    """The id is foreign, unknown or erased: one answer for all three."""


class StaleRevision(Refusal):
    """The record has moved on; the answer carries where it stands."""


class RecordDeleted(Refusal):
    """The record was deleted; the answer carries its tombstone."""


class StaleGen(Refusal):
    """The save was made under former keys of the account."""


class NoLongerShared(Refusal):
    """The record that this one is about isn't shared with the caller (any more)."""


class MalformedRecord(Refusal):
    """The parts of a save don't fit together."""


class NotARelation(Refusal):
    """A grant goes to somebody who isn't, or is no longer, in a relation with the owner."""


class RequestReused(Refusal):
    """A request id was used for another save."""
