"""Change counters: the order in which an account may learn of things.

A transaction that changes what an account may see raises that account's counter and stamps the change with it. The rows
are locked in id order, and only commits let go of them: counter order is commit order.
"""

from collections import defaultdict
from collections.abc import Iterable
from uuid import UUID

from server import database
from server.web.live import live


async def stamp(changes: Iterable[tuple[UUID, UUID]]) -> dict[UUID, int]:
    """Stamp (account, record) pairs inside the running transaction and tell the accounts once it is committed.

    Returns each account's counter. Costs two statements, however many pairs there are; accounts that are gone are passed over.
    """
    by_account: dict[UUID, list[UUID]] = defaultdict(list)
    for account, record in dict.fromkeys(changes):
        by_account[account].append(record)
    if not by_account:
        return {}
    accounts = sorted(by_account)
    counters = await _raise(accounts, [len(by_account[account]) for account in accounts])
    rows: list[UUID | int] = []
    for account, last in counters.items():
        records = by_account[account]
        for number, record in enumerate(records, start=last - len(records) + 1):
            rows += [account, record, number]
    for start in range(0, len(rows), 900):
        part = rows[start : start + 900]
        values = ", ".join(f"(${i + 1}, ${i + 2}, ${i + 3})" for i in range(0, len(part), 3))
        await database.fetch(
            f"INSERT INTO changes (account, record, counter) VALUES {values} "
            "ON CONFLICT (account, record) DO UPDATE SET counter = excluded.counter",
            *part,
        )
    told = frozenset(counters)
    database.after_commit(lambda: live.changed(told))
    return counters


async def _raise(accounts: list[UUID], by: list[int]) -> dict[UUID, int]:
    """Raise the counters of `accounts`, sorted, by as many steps each; returns the new values."""
    if len(accounts) == 1:
        rows = await database.fetch(
            "UPDATE counters SET value = value + $2 WHERE account = $1 RETURNING account, value", accounts[0], by[0]
        )
    else:
        if database.for_update():
            wanted = database.parameters(1, len(accounts))
            await database.fetch(
                f"SELECT account FROM counters WHERE account IN ({wanted}) ORDER BY account FOR UPDATE", *accounts
            )
        rows = []
        for account, step in zip(accounts, by, strict=True):
            rows += await database.fetch(
                "UPDATE counters SET value = value + $2 WHERE account = $1 RETURNING account, value", account, step
            )
    return {row["account"]: row["value"] for row in rows}
