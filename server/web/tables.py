"""Tables of what every request passes."""

from piccolo.columns import Integer, Varchar
from piccolo.table import Table

from server.columns import Bytes, Instant


class Installation(Table, tablename="installation"):
    """What belongs to this database and to no one in it: its incarnation, its secrets."""

    name = Varchar(primary_key=True)
    value = Bytes()


class Throttle(Table, tablename="throttles"):
    """Failures that slow the next try down, kept for a day."""

    key = Bytes(primary_key=True)
    failures = Integer()
    until = Instant()
    updated_at = Instant()
