"""What became of a person's reminders, and what is planned: one list."""

from uuid import UUID

from server import database
from server.clock import DAY, to_datetime, to_optional_datetime
from server.reminders.errors import NoSuchReminder
from server.reminders.structs import ReminderView

BACK, AHEAD = 60 * DAY, 30 * DAY
MOST = 300

_BOTH = (
    "SELECT r.id, r.kind, r.appointment, r.due_at, NULL AS outcome, r.why, NULL AS channel FROM reminders r WHERE r.account = $1 "
    "UNION ALL "
    "SELECT s.id, s.kind, s.appointment, s.due_at, s.outcome, s.why, s.channel FROM settled_reminders s WHERE s.account = $1"
)
_WITH_DELIVERIES = (
    "SELECT b.*, (SELECT MAX(d.result_at) FROM deliveries d WHERE d.reminder = b.id AND d.result = 'accepted') AS sent_at, "
    f"(SELECT MIN(d.shown_at) FROM deliveries d WHERE d.reminder = b.id) AS shown_at FROM ({_BOTH}) AS b "
)


async def reminders_of(account: UUID, now: int) -> list[ReminderView]:
    """List a person's reminders from 60 days ago to 30 days ahead, the latest first, at most 300. One statement."""
    rows = await database.fetch(
        _WITH_DELIVERIES + "WHERE b.due_at > $2 AND b.due_at < $3 ORDER BY b.due_at DESC, b.id LIMIT $4",
        account, now - BACK, now + AHEAD, MOST,
    )  # fmt: skip
    return [_view(row) for row in rows]


async def reminder_of(account: UUID, reminder: UUID) -> ReminderView:
    """Give one reminder of a person's; raises NoSuchReminder."""
    row = await database.fetch_one(_WITH_DELIVERIES + "WHERE b.id = $2", account, reminder)
    if row is None:
        raise NoSuchReminder
    return _view(row)


def _view(row: database.Row) -> ReminderView:
    return ReminderView(
        id=row["id"], kind=row["kind"], appointment=row["appointment"], due=to_datetime(row["due_at"]), outcome=row["outcome"],
        why=row["why"], channel=row["channel"], sent=to_optional_datetime(row["sent_at"]),
        shown=to_optional_datetime(row["shown_at"]),
    )  # fmt: skip


async def forget_old(now: int, kept: int = 400 * DAY) -> None:
    """Delete what became of reminders, and of attempts, longer ago than 400 days."""
    await database.fetch("DELETE FROM settled_reminders WHERE settled_at < $1", now - kept)
    await database.fetch("DELETE FROM deliveries WHERE attempted_at < $1", now - kept)
