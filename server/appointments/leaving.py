"""What becomes of appointments when a relation ends or an account is erased."""

from uuid import UUID

from server import database
from server.accounts.erasure import before_erasing
from server.appointments.changing import OPEN, forget, note
from server.care.relations import when_relation_ends

_OPEN = ", ".join(f"'{state}'" for state in OPEN)


@when_relation_ends
async def cancel_what_lies_ahead(patient: UUID, therapist: UUID, by: UUID, now: int) -> None:
    """Cancel the appointments of two people that haven't begun. The relation's row is held, so that none is added meanwhile."""
    rows = await database.fetch(
        "UPDATE appointments SET state = 'cancelled', version = version + 1, changed_at = $3 "
        f"WHERE patient = $1 AND therapist = $2 AND starts_at > $3 AND state IN ({_OPEN}) RETURNING *",
        patient,
        therapist,
        now,
    )
    await note(rows, "cancelled", by)


@before_erasing
async def forget_appointments(account: UUID, now: int) -> None:
    """Remove an account's appointments with all their changes, and tell the other sides."""
    rows = await database.fetch("DELETE FROM appointments WHERE patient = $1 OR therapist = $1 RETURNING *", account)
    await forget(rows, account, now)
