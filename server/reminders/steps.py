"""The hours of the steps before a session: the patient's device knows them from the sealed details, the server needs the hours."""

from collections.abc import Sequence
from uuid import UUID

from server import database
from server.appointments.errors import NoSuchAppointment
from server.appointments.reading import standing_of
from server.reminders.planner import replan
from server.reminders.preferences import held_settings
from server.reminders.structs import Step
from server.web.messages import Malformed


async def set_steps(patient: UUID, appointment: UUID, steps: Sequence[Step], now: int) -> None:
    """Replace the hours of an appointment's steps, and plan anew; the same ones again change nothing.

    Raises NoSuchAppointment, and Malformed for a step that stands twice.
    """
    if len({step.id for step in steps}) != len(steps):
        raise Malformed("A step stands in a request once.")

    async def work() -> None:
        if await held_settings(patient) is None or await standing_of(patient, appointment) is None:
            raise NoSuchAppointment
        rows = await database.fetch(
            "SELECT step, days, clock FROM reminder_steps WHERE account = $1 AND appointment = $2",
            patient,
            appointment,
        )
        wanted = {(step.id, step.days_before, step.clock) for step in steps}
        if {(row["step"], row["days"], row["clock"]) for row in rows} == wanted:
            return
        await database.fetch("DELETE FROM reminder_steps WHERE account = $1 AND appointment = $2", patient, appointment)
        if wanted:
            values = [(patient, appointment, *step) for step in sorted(wanted)]
            await database.fetch(
                "INSERT INTO reminder_steps (account, appointment, step, days, clock) "
                f"VALUES {database.value_rows(values)}",
                *(value for row in values for value in row),
            )
        await replan(patient, now)

    await database.in_transaction(work)
