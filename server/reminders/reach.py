"""Whom reminders don't reach for certain, as their therapist sees it."""

from uuid import UUID

from server import database
from server.care.relations import active_patients
from server.channels.mailbox import mailbox_states
from server.channels.subscriptions import subscriptions_of
from server.clock import DAY, to_datetime
from server.reminders.structs import Unreachable

LATELY = 14 * DAY


async def unreachable_of(therapist: UUID, now: int) -> list[Unreachable]:
    """List a therapist's patients whom a reminder may not reach, and why. Four statements."""
    patients = await active_patients(therapist)
    if not patients:
        return []
    devices, mailboxes = await subscriptions_of(patients), await mailbox_states(patients)
    failed = await _last_failures(patients, now)
    found = []
    for patient in patients:
        mailbox = mailboxes.get(patient)
        by_mail = mailbox is not None and mailbox.open
        if patient not in devices:
            if not by_mail:
                refused = mailbox is not None and mailbox.refused
                found.append(Unreachable(patient, "mailbox-refused" if refused else "no-device", None))
        elif patient in failed and not by_mail:
            found.append(Unreachable(patient, "not-shown", to_datetime(failed[patient])))
        elif not by_mail:
            found.append(Unreachable(patient, "push-only", None))
    return found


async def _last_failures(patients: list[UUID], now: int) -> dict[UUID, int]:
    """Return when the last notice failed, of whatever kind, for those to whom none has been delivered since."""
    table, values = database.as_table("p", {"id": "uuid"}, [(patient,) for patient in patients], first=2)
    rows = await database.fetch(
        "SELECT s.account, MAX(CASE WHEN s.outcome = 'failed' THEN s.settled_at END) AS failed, "
        "MAX(CASE WHEN s.outcome = 'delivered' THEN s.settled_at END) AS delivered "
        f"FROM settled_reminders s JOIN {table} ON p.id = s.account WHERE s.due_at > $1 AND s.outcome <> 'not-wanted' "
        "GROUP BY s.account",
        now - LATELY, *values,
    )  # fmt: skip
    return {
        row["account"]: row["failed"]
        for row in rows
        if row["failed"] is not None and row["failed"] > (row["delivered"] or 0)
    }
