"""Appointments as calendars read them: iCalendar (RFC 5545, and 7986 for the feed as a whole).

Each appointment is an event of its own with UTC instants, so that no calendar applies its own zone rules or expands a series.
A lock screen or a shared calendar shows what is written here: never a name, a place, or what the practice does.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Literal

from icalendar import Calendar, Event, Timezone, TimezoneStandard
from icalendar.enums import CLASS, STATUS, TRANSP

from server.appointments.structs import AppointmentView, Kind, State, Wording

MEDIA_TYPE = "text/calendar"
"""Answers add `charset=utf-8`."""
READ_AGAIN = timedelta(hours=1)

Language = Literal["en", "es"]

CALENDAR: dict[Language, str] = {"en": "Appointments", "es": "Citas"}
DISCREET: dict[Language, str] = {"en": "Appointment", "es": "Cita"}
PLAIN: dict[Language, dict[Kind, str]] = {
    "en": {
        "dosing": "Session",
        "preparation": "Preparation session",
        "integration": "Integration session",
        "check-in": "Check-in",
    },
    "es": {
        "dosing": "Sesión",
        "preparation": "Sesión de preparación",
        "integration": "Sesión de integración",
        "check-in": "Seguimiento",
    },
}
STATUSES: dict[State, STATUS] = {
    "proposed": STATUS.TENTATIVE,
    "change-requested": STATUS.TENTATIVE,
    "confirmed": STATUS.CONFIRMED,
    "fulfilled": STATUS.CONFIRMED,
    "cancelled": STATUS.CANCELLED,
    "missed": STATUS.CANCELLED,
}


def feed_calendar(appointments: Sequence[AppointmentView], wording: Wording, locale: str) -> bytes:
    """Write the calendar that a phone subscribes to; the same appointments always give the same bytes.

    Takes about half a millisecond of computing an appointment: not for the event loop.
    """
    language = _language(locale)
    calendar = _calendar()
    calendar.add("X-WR-CALNAME", CALENDAR[language])
    calendar.add("REFRESH-INTERVAL", READ_AGAIN, parameters={"VALUE": "DURATION"})
    calendar.add("X-PUBLISHED-TTL", "PT1H")  # the same for Outlook
    for appointment in appointments:
        calendar.add_component(_event(appointment, wording, language))
    if not appointments:
        calendar.add_component(_utc())
    return _written(calendar)


def appointment_calendar(appointment: AppointmentView, wording: Wording, locale: str) -> bytes:
    """Write one appointment as a file that a calendar takes in."""
    calendar = _calendar()
    calendar.add_component(_event(appointment, wording, _language(locale)))
    return _written(calendar)


def _language(locale: str) -> Language:
    return "es" if locale.partition("-")[0] == "es" else "en"


def _calendar() -> Calendar:
    calendar = Calendar()
    calendar.add("PRODID", "-//Aftertide//Aftertide//EN")
    calendar.add("VERSION", "2.0")
    calendar.add("CALSCALE", "GREGORIAN")
    calendar.add("METHOD", "PUBLISH")
    return calendar


def _written(calendar: Calendar) -> bytes:
    written: bytes = calendar.to_ical()  # with CRLF, folded at 75 octets
    return written


def _event(appointment: AppointmentView, wording: Wording, language: Language) -> Event:
    return Event.new(
        uid=f"{appointment.id}@aftertide",
        sequence=appointment.version - 1,
        stamp=appointment.changed,
        last_modified=appointment.changed,
        start=appointment.starts_at,
        end=appointment.starts_at + timedelta(minutes=appointment.minutes),
        status=STATUSES[appointment.state],
        summary=DISCREET[language] if wording == "discreet" else PLAIN[language][appointment.kind],
        classification=CLASS.PRIVATE,
        transparency=TRANSP.OPAQUE,
    )


def _utc() -> Timezone:
    """Make the one component of a calendar without appointments: RFC 5545 asks for at least one, and some readers insist."""
    standard = TimezoneStandard()
    standard.add("DTSTART", datetime(1970, 1, 1))  # noqa: DTZ001 - a local time, as RFC 5545 has it here
    standard.add("TZOFFSETFROM", timedelta(0))
    standard.add("TZOFFSETTO", timedelta(0))
    standard.add("TZNAME", "UTC")
    zone = Timezone()
    zone.add("TZID", "Etc/UTC")
    zone.add_component(standard)
    return zone
