"""Tables of appointments, of what happened to them, and of the feeds that calendars read."""

from piccolo.columns import Integer, Varchar
from piccolo.table import Table

from server.columns import Bytes, Id, Instant


class Appointment(Table, tablename="appointments"):
    """A session in the calendar, where it stands. `starts_at` follows from the wall time and the zone."""

    id = Id(primary_key=True)
    therapist = Id()
    patient = Id()
    practice = Id()
    kind = Varchar()
    starts_wall = Varchar()
    zone = Varchar()
    starts_at = Instant()
    minutes = Integer()
    state = Varchar()
    series = Id(null=True)
    details = Id(null=True)
    version = Integer()
    changed_at = Instant()


class AppointmentChange(Table, tablename="appointment_changes"):
    """What happened to an appointment: who did it, and how the appointment stood after it."""

    appointment = Id()
    version = Integer()
    changed_by = Id()
    changed_at = Instant()
    what = Varchar()
    starts_wall = Varchar()
    zone = Varchar()
    minutes = Integer()
    state = Varchar()


class CalendarFeed(Table, tablename="calendar_feeds"):
    """The calendar feed of an account, at most one; its token is stored hashed. `last_read_day` is where a UTC day begins."""

    account = Id(primary_key=True)
    token_hash = Bytes(unique=True)
    wording = Varchar()
    created_at = Instant()
    last_read_day = Instant(null=True)


TABLES: list[type[Table]] = [Appointment, AppointmentChange, CalendarFeed]
