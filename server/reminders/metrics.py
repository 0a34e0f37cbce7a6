"""Figures of a sending process, for Prometheus: how much is due, how late, what became of what was sent. No names, no ids."""

from prometheus_client import CollectorRegistry, Counter, Gauge, start_http_server

from server import database
from server.clock import SECOND, Clock

registry = CollectorRegistry()

tries = Counter(
    "aftertide_reminder_tries", "Pushes and mails that were handed over, by what came of it.", ["channel", "result"],
    registry=registry,
)  # fmt: skip
settled = Counter(
    "aftertide_reminders_settled", "Reminders that were settled by this process, by what became of them.", ["outcome"],
    registry=registry,
)  # fmt: skip
due = Gauge("aftertide_reminders_due", "Reminders that are due and not on their way.", registry=registry)
lag = Gauge("aftertide_reminders_lag_seconds", "How late the latest of them is.", registry=registry)
faults = Gauge("aftertide_worker_faults", "How often in a row the worker failed; 0 while it works.", registry=registry)
looked_at = Gauge("aftertide_worker_looked_at_seconds", "When the worker last looked, in Unix time.", registry=registry)


async def look(clock: Clock) -> None:
    """Take the figures that stand in the database; one statement. How late the latest is goes on by `clock` until the next look."""
    now = clock()
    row = await database.fetch_one(
        "SELECT COUNT(*) AS count, MIN(due_at) AS first FROM reminders WHERE channel IN ('push', 'mail') AND next_at <= $1 "
        "AND state = 'planned' AND lease IS NULL",
        now,
    )
    first = None if row is None else row["first"]
    due.set(0 if row is None else row["count"])
    lag.set_function(lambda: 0.0 if first is None else max(0, clock() - first) / SECOND)
    looked_at.set(now / SECOND)


def serve(port: int) -> None:
    """Show the figures at `http://127.0.0.1:PORT/metrics`, to this machine alone."""
    start_http_server(port, addr="127.0.0.1", registry=registry)
