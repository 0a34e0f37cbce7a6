"""Tables of sealed records and of who may read them."""

from piccolo.columns import BigInt, Integer, SmallInt
from piccolo.table import Table

from server.columns import Bytes, Id, Instant


class Record(Table, tablename="records"):
    """One sealed thing: where it stands. Its bodies are in `revisions`."""

    id = Id(primary_key=True)
    owner = Id()
    about = Id(null=True)
    epoch = Integer()
    revision = Integer()
    head = Bytes()
    created_at = Instant()
    changed_at = Instant()
    tombstone = Bytes(null=True)
    renewed = Bytes(null=True)
    """The tombstone under the keys to come, while a rotation runs; likewise in `revisions` (the proof) and `wraps`."""


class Revision(Table, tablename="revisions"):
    """One saved body of a record."""

    record = Id()
    revision = Integer()
    owner = Id()
    epoch = Integer()
    request = Id()
    base = Bytes(null=True)
    body = Bytes()
    size = Integer()
    proof = Bytes()
    saved_at = Instant()
    renewed = Bytes(null=True)


class Wrap(Table, tablename="wraps"):
    """The record key of an epoch, sealed for the owner."""

    record = Id()
    epoch = Integer()
    gen = Integer()
    wrapped = Bytes()
    renewed = Bytes(null=True)


class Grant(Table, tablename="grants"):
    """The record key of the current epoch, sealed for one reader."""

    record = Id()
    grantee = Id()
    epoch = Integer()
    attention = SmallInt()
    sealed = Bytes()
    granted_at = Instant()


class Reading(Table, tablename="readings"):
    """What a reader did with a record: had it on the screen, marked a revision reviewed."""

    record = Id()
    reader = Id()
    read_at = Instant(null=True)
    read_revision = Integer(null=True)
    reviewed_at = Instant(null=True)
    reviewed_revision = Integer(null=True)


class Change(Table, tablename="changes"):
    """The feed: for each account and record it may have seen, when that last changed for it."""

    account = Id()
    record = Id()
    counter = BigInt()


TABLES: list[type[Table]] = [Record, Revision, Wrap, Grant, Reading, Change]
