"""What follows for reminders from mail that came back: what was mailed wasn't delivered after all."""

from uuid import UUID

from server import database
from server.channels.reports import Fate
from server.channels.returns import Sent, finds_letters, when_letter_returns
from server.reminders.structs import Why

WHY: dict[Fate, Why] = {"gone": "mailbox-refused", "lost": "mail-returned"}


@finds_letters
async def find_reminder(letter: UUID) -> Sent | None:
    """Return the attempt that a letter was."""
    row = await database.fetch_one(
        "SELECT account, attempted_at FROM deliveries WHERE id = $1 AND channel = 'mail'", letter
    )
    return None if row is None else Sent(row["account"], row["attempted_at"])


@when_letter_returns
async def follow_return(letter: UUID, fate: Fate, now: int) -> None:
    """Note that a reminder's mail came back, and that it failed unless a device showed it; that it is late changes no more than a word.

    It may come before the mail server's own word is written down (`accounting.finish`), which then leaves it as it is.
    """
    if fate == "delayed":
        await database.fetch(
            "UPDATE deliveries SET why = 'delayed' WHERE id = $1 AND (result IS NULL OR result = 'accepted')", letter
        )
        return
    rows = await database.fetch(
        "UPDATE deliveries SET result = 'returned', why = $2, result_at = $3 WHERE id = $1 AND result IS DISTINCT FROM 'returned' "
        "RETURNING reminder",
        letter, WHY[fate], now,
    )  # fmt: skip
    for row in rows:
        await database.fetch(
            "UPDATE settled_reminders SET outcome = 'failed', channel = NULL, why = $2 "
            "WHERE id = $1 AND outcome = 'delivered' AND channel = 'mail'",
            row["reminder"], WHY[fate],
        )  # fmt: skip
