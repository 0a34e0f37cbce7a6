"""Following the pinned zone data: when another version is installed, what depends on it is computed anew before anything is sent."""

from functools import partial
from importlib.metadata import version
from uuid import UUID

import structlog

from server import database
from server.appointments.zone_data import recompute_starts
from server.reminders.planner import replan
from server.web.installation import remember, remembered

log = structlog.get_logger()

NAME = "tzdata"
AT_ONCE = 200


async def follow_zone_data(now: int, installed: str | None = None) -> bool:
    """Compute instants and plans anew if the zone data isn't what they were computed with; tells whether it did.

    Every step can be repeated: one that is cut off is done again at the next start.
    """
    present = (installed or version("tzdata")).encode()
    before = await remembered(NAME)
    if before == present:
        return False
    if before is not None:
        await recompute_starts(now)
        await _replan_everybody(now)
        log.info("zone data changed", version=present.decode())
    await remember(NAME, present)
    return before is not None


async def _replan_everybody(now: int) -> None:
    last = UUID(int=0)
    while True:
        rows = await database.fetch(
            "SELECT account FROM reminder_settings WHERE account > $1 ORDER BY account LIMIT $2", last, AT_ONCE
        )
        if not rows:
            return
        last = rows[-1]["account"]
        for row in rows:
            await database.in_transaction(partial(replan, row["account"], now))
