"""What PostgreSQL does to send a batch while it believes that its tables are empty: it looks up the batch, and nothing else.

A table that empties and fills again may last have been counted while it was empty. Joined as if it had no rows, a batch is
compared with all that wait, each time something is written down about it.
"""

from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any
from uuid import uuid4

import msgspec
import pytest

from server import database
from server.channels.push import PushMessage, PushOutcome
from server.clock import DAY, HOUR, SECOND
from server.reminders import leasing
from server.reminders.dispatcher import BATCH
from server.reminders.planner import insert
from server.reminders.planning import Planned
from tests.api.people import Person
from tests.conftest import Running
from tests.reminders.sending import ACCEPTED, Outside

DUE, WAITING = 400, 4_000
BOOKS = ("reminders", "deliveries", "settled_reminders")


def steps(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each step of a plan, from the top."""
    yield plan
    for below in plan.get("Plans", []):
        yield from steps(below)


def looked_at_in_vain(plan: dict[str, Any]) -> int:
    """How many rows, and pairs of rows, were looked at and not wanted."""
    return sum(
        count * step["Actual Loops"]
        for step in steps(plan)
        for what, count in step.items()
        if what.startswith("Rows Removed by")
    )


def literal(value: object) -> str:
    """A parameter as PostgreSQL reads it in a statement, of whatever type is wanted there."""
    if value is None:
        return "NULL"
    if isinstance(value, list):
        return f"'{{{', '.join(literal(one).replace(chr(39), chr(34)) for one in value)}}}'"
    return f"'{f'{chr(92)}x{value.hex()}' if isinstance(value, bytes) else value}'"


async def done_for(connection: Any, sql: str, args: Sequence[object]) -> dict[str, Any]:
    """Run a statement, undo it, and return what was done (EXPLAIN ANALYZE) by the plan that PostgreSQL keeps for any arguments."""
    before, after = ("SAVEPOINT here", "ROLLBACK TO here") if connection.is_in_transaction() else ("BEGIN", "ROLLBACK")
    await connection.execute(f"{before}; SET LOCAL plan_cache_mode = force_generic_plan; PREPARE asked AS {sql}")
    told = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) EXECUTE asked ({', '.join(literal(value) for value in args)})"
    )
    await connection.execute(f"DEALLOCATE asked; {after}")
    plan: dict[str, Any] = msgspec.json.decode(told)[0]["Plan"]
    return plan


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch, running: Running) -> dict[str, dict[str, Any]]:
    """What was done for each statement about reminders that has run since."""
    found: dict[str, dict[str, Any]] = {}
    run = type(database.engine())._run

    async def explained(engine: Any, connection: Any, sql: str, args: Sequence[object]) -> list[database.Row]:
        if any(f" {table} " in sql for table in BOOKS):
            found[sql] = await done_for(connection, sql, args)
        return await run(engine, connection, sql, args)

    monkeypatch.setattr(type(database.engine()), "_run", explained)
    return found


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_batch_is_looked_up_row_by_row_where_its_tables_were_counted_as_empty(
    running: Running, people: tuple[Person, Person], outside: Outside, plans: dict[str, dict[str, Any]]
) -> None:
    def refused_now_and_then(_message: PushMessage) -> PushOutcome:
        return ACCEPTED if len(outside.push.got) % 2 else PushOutcome("refused", 400, None, "400")

    outside.push.answer = refused_now_and_then
    now = running.time.now
    due = [Planned(uuid4(), "test", None, None, now - SECOND, now + HOUR, 0) for _ in range(DUE)]
    waiting = [Planned(uuid4(), "test", None, None, now + DAY, now + 2 * DAY, 0) for _ in range(WAITING)]
    await database.in_transaction(partial(insert, people[1].id, due + waiting))
    for table in BOOKS:
        await database.fetch(f"UPDATE pg_class SET reltuples = 0, relpages = 10 WHERE relname = '{table}'")
    plans.clear()

    await leasing.give_back(await leasing.claim("push", leasing.Lease(uuid4(), HOUR), BATCH, now))
    await outside.send_due()

    assert len(outside.push.got) == DUE
    assert {sql.split()[0] for sql in plans} == {"SELECT", "INSERT", "UPDATE", "DELETE"}
    # At worst each of what is written down at once with each of that, a few milliseconds; never with all that wait, of whom
    # there may be 100,000.
    assert {sql: looked_at_in_vain(plan) for sql, plan in plans.items() if looked_at_in_vain(plan) > DUE**2} == {}
