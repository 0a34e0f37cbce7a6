"""When the rules of time zones change: wall times stand, and the instants that follow from them are computed anew."""

from uuid import UUID

from server import database
from server.appointments.walltime import instant_of

AT_ONCE = 500


async def recompute_starts(now: int) -> set[UUID]:
    """Compute anew the instants of appointments that haven't begun; returns the patients and therapists of those that changed.

    The time on the wall is as it was, so nothing is noted down and nobody need confirm again.
    """
    touched: set[UUID] = set()
    last = UUID(int=0)
    while True:
        rows = await database.fetch(
            "SELECT id, patient, therapist, starts_wall, zone, starts_at FROM appointments WHERE id > $1 AND starts_at > $2 "
            "ORDER BY id LIMIT $3",
            last, now - 86_400_000, AT_ONCE,
        )  # fmt: skip
        if not rows:
            return touched
        last = rows[-1]["id"]
        for row in rows:
            starts_at = instant_of(row["starts_wall"], row["zone"])
            if starts_at != row["starts_at"]:
                await database.fetch(
                    "UPDATE appointments SET starts_at = $2 WHERE id = $1 AND starts_wall = $3 AND zone = $4",
                    row["id"], starts_at, row["starts_wall"], row["zone"],
                )  # fmt: skip
                touched |= {row["patient"], row["therapist"]}
