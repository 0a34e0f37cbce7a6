"""What travels to and from the routes of appointments."""

from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

import msgspec

from server.accounts.fields import ZoneName

Kind = Literal["preparation", "dosing", "integration", "check-in"]
Answered = Literal["confirmed", "change-requested"]
"""What a patient's answer is called, as what was done and as the state after it."""
State = Literal["proposed", Answered, "cancelled", "fulfilled", "missed"]
What = Literal["booked", "moved", Answered, "cancelled", "fulfilled", "missed", "reopened"]
WallTime = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}$(?!\n)")]
"""What the clock on the wall shows: `2026-12-01T14:00`."""
Minutes = Annotated[int, msgspec.Meta(ge=5, le=1440)]
Version = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]

AT_ONCE = 60
"""So many are booked or moved in one request: a series with room to spare."""


class NewAppointment(msgspec.Struct, kw_only=True, frozen=True):
    """One appointment to book."""

    id: UUID
    patient: UUID
    kind: Kind
    starts: WallTime
    zone: ZoneName
    minutes: Minutes
    series: UUID | None = None
    """The same for all that were laid out together."""
    details: UUID | None = None
    """The sealed record, kind `appointment`, with place, link and what to bring."""


class Book(msgspec.Struct, frozen=True):
    """What is booked together: all of it or nothing."""

    appointments: Annotated[list[NewAppointment], msgspec.Meta(min_length=1, max_length=AT_ONCE)]


class Move(msgspec.Struct, kw_only=True, frozen=True):
    """Another time for one appointment."""

    id: UUID
    version: Version
    """The one that the therapist saw."""
    starts: WallTime
    zone: ZoneName
    minutes: Minutes


class Moves(msgspec.Struct, frozen=True):
    """What is moved together: all of it or nothing."""

    moves: Annotated[list[Move], msgspec.Meta(min_length=1, max_length=AT_ONCE)]


class PatientsAnswer(msgspec.Struct, kw_only=True, frozen=True):
    """What a patient says to a time."""

    version: Version
    """The one that the patient saw."""
    answer: Literal["confirm", "ask-for-another-time"]


class Outcome(msgspec.Struct, kw_only=True, frozen=True):
    """What became of an appointment; `reopened` undoes it."""

    version: Version
    """The one that the therapist saw."""
    outcome: Literal["fulfilled", "missed", "cancelled", "reopened"]


class AppointmentView(msgspec.Struct, kw_only=True, frozen=True):
    """An appointment where it stands, for either side."""

    id: UUID
    therapist: UUID
    patient: UUID
    practice: UUID
    kind: Kind
    starts: str
    """What the clock on the wall shows in `zone`."""
    zone: str
    starts_at: datetime
    """The instant that follows from the two before; a time that daylight saving skips lies later by the gap."""
    minutes: int
    state: State
    series: UUID | None
    details: UUID | None
    version: int
    changed: datetime


class AppointmentChangeView(msgspec.Struct, kw_only=True, frozen=True):
    """One change of an appointment, and how it stood after it."""

    version: int
    by: UUID
    at: datetime
    what: What
    starts: str
    zone: str
    minutes: int
    state: State


Wording = Literal["discreet", "plain"]
"""What a calendar shows of a session: that there is an appointment, or which of the four kinds it is."""


class FeedWording(msgspec.Struct, frozen=True):
    """What one's calendar feed is to show."""

    wording: Wording


class FeedAddress(msgspec.Struct, frozen=True):
    """A new address of a calendar feed, `/calendar/{token}.ics`; it is given this once."""

    token: str


class CalendarFeed(msgspec.Struct, kw_only=True, frozen=True):
    """A running calendar feed."""

    wording: Wording
    since: datetime
    """When its present address was made."""
    last_read: date | None
    """The last day, in UTC, on which a calendar fetched that address."""


class CalendarFeedView(msgspec.Struct, frozen=True):
    """One's calendar feed, where there is one."""

    feed: CalendarFeed | None
