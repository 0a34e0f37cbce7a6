"""Appointments of an account: booking, moving, answering, what became of one; their details sealed for the patient."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from aftertide import wire
from aftertide.api import Api
from aftertide.protocol.encoding import new_id
from aftertide.protocol.ijson import JsonObject
from aftertide.saving import Saver

Kind = Literal["preparation", "dosing", "integration", "check-in"]


@dataclass(frozen=True, slots=True)
class Session:
    """An appointment to book."""

    kind: Kind
    starts: str
    """What the clock on the wall shows in `zone`: `2026-12-01T14:00`."""
    zone: str
    """An IANA name."""
    minutes: int
    details: JsonObject = field(default_factory=dict)
    """What the schema of the kinds has for an `appointment`, without the fields that every record has."""


class Appointments:
    """The appointments of one account. The server has the times; what is said of them is sealed."""

    def __init__(self, api: Api, saver: Saver) -> None:
        """Ask over `api`; save details with `saver`."""
        self._api = api
        self._saver = saver

    async def listed(self) -> list[wire.Appointment]:
        """List one's appointments from 13 months ago on, in order of start. Raises as `Api.ask` does."""
        return await self._api.ask(list[wire.Appointment], "GET", "/appointments")

    async def book(self, patient: str, sessions: Sequence[Session]) -> list[wire.Appointment]:
        """Book with a patient, several as a series, all or nothing; a therapist only.

        The details are saved first: whoever sees an appointment finds what is said of it. Raises as `Api.ask` does.
        """
        series = new_id() if len(sessions) > 1 else None
        booked = []
        for session in sessions:
            appointment = new_id()
            content: JsonObject = {"kind": "appointment", "v": 1, "appointment": appointment, **session.details}
            details = await self._saver.create(content, {patient: 0})
            booked.append(
                wire.NewAppointment(
                    id=appointment, patient=patient, kind=session.kind, starts=session.starts, zone=session.zone,
                    minutes=session.minutes, series=series, details=details.id,
                )
            )  # fmt: skip
        return await self._api.ask(list[wire.Appointment], "POST", "/appointments", wire.Book(booked))

    async def move(self, moved: Sequence[tuple[wire.Appointment, str, int]]) -> list[wire.Appointment]:
        """Give appointments another start (a wall time in their zone) and length in minutes, all or nothing; a therapist only.

        Raises StaleError where one has changed since it was listed, and as `Api.ask` does.
        """
        moves = [wire.Move(one.id, one.version, starts, one.zone, minutes) for one, starts, minutes in moved]
        return await self._api.ask(list[wire.Appointment], "POST", "/appointments/moves", wire.Moves(moves))

    async def answer(
        self, appointment: wire.Appointment, answer: Literal["confirm", "ask-for-another-time"]
    ) -> wire.Appointment:
        """Answer the time that was listed; a patient only. Raises StaleError where it was moved since, and as `Api.ask` does."""
        said = wire.PatientsAnswer(appointment.version, answer)
        return await self._api.ask(wire.Appointment, "POST", f"/appointments/{appointment.id}/answer", said)

    async def settle(
        self,
        appointment: wire.Appointment,
        outcome: Literal["fulfilled", "missed", "cancelled", "reopened"],
        reason: str | None = None,
    ) -> wire.Appointment:
        """Say what became of one, with a sealed `reason` where it is cancelled; a therapist only.

        Raises StaleError where it has changed since it was listed, and as `Api.ask` does.
        """
        said = wire.Outcome(appointment.version, outcome)
        settled = await self._api.ask(wire.Appointment, "POST", f"/appointments/{appointment.id}/outcome", said)
        if reason is not None and settled.details is not None:
            await self._saver.edit(settled.details, lambda old: {**old, "reason": reason})
        return settled
