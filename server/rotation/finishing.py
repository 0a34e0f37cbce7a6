"""How a rotation ends: one transaction makes the new generation the current one and forgets the former keys."""

from functools import partial
from uuid import UUID

from server import database
from server.accounts.slots import hold_account, note_access_change
from server.care.invitations import hold_open, withdraw_open
from server.records.counters import stamp
from server.rotation.errors import NoRotation, RotationUnfinished
from server.rotation.structs import Finish
from server.web.access import Caller
from server.web.live import live

OWNED = "record IN (SELECT id FROM records WHERE owner = $1)"
LEFT = (
    f"SELECT 1 AS one WHERE EXISTS (SELECT 1 FROM wraps WHERE renewed IS NULL AND {OWNED}) "
    "OR EXISTS (SELECT 1 FROM revisions WHERE renewed IS NULL AND owner = $1) "
    "OR EXISTS (SELECT 1 FROM records WHERE renewed IS NULL AND owner = $1 AND tombstone IS NOT NULL) "
    "OR EXISTS (SELECT 1 FROM identities WHERE renewed IS NULL AND account = $1)"
)


async def finish(caller: Caller, to: Finish, now: int) -> None:
    """Make the keys to come the account's keys; finished already changes nothing.

    All that was sealed or proved under the former ones is replaced, former slots and all passkeys go, open invitations are withdrawn,
    and the account's devices fetch its records anew. Raises NoRotation, and RotationUnfinished while something isn't made anew: a save
    may have come in between.
    """
    await database.in_transaction(partial(_finish, caller.account, to, now))


async def _finish(account: UUID, to: Finish, now: int) -> None:
    await hold_open(account)
    # From here on no save under the former keys comes in between: each holds the account's row, too.
    await hold_account(account)
    row = await database.fetch_one(
        "SELECT a.gen AS current, i.key_id AS current_key, r.gen, r.key_id FROM accounts a "
        "JOIN identities i ON i.account = a.id AND i.current = $2 LEFT JOIN rotations r ON r.account = a.id WHERE a.id = $1",
        account, True,
    )  # fmt: skip
    wanted = (to.gen, to.key_id)
    if row is not None and (row["current"], row["current_key"]) == wanted:
        return
    if row is None or (row["gen"], row["key_id"]) != wanted:
        raise NoRotation
    if await database.fetch_one(LEFT, account) is not None:
        raise RotationUnfinished
    await _take_over(account, to.gen, now)
    # Each is bound to the identity that made it, and whoever had the former keys may have read its secret.
    await withdraw_open(account, now)
    await note_access_change(account)
    records = await database.fetch("SELECT id FROM records WHERE owner = $1 ORDER BY created_at, id", account)
    await stamp((account, record["id"]) for record in records)
    others = await database.fetch(
        "SELECT patient AS account FROM relations WHERE therapist = $1 UNION SELECT therapist FROM relations WHERE patient = $1",
        account,
    )
    told = [other["account"] for other in others]
    database.after_commit(lambda: live.changed(told))


async def _take_over(account: UUID, gen: int, now: int) -> None:
    await database.fetch(f"UPDATE wraps SET wrapped = renewed, renewed = NULL, gen = $2 WHERE {OWNED}", account, gen)
    await database.fetch("UPDATE revisions SET proof = renewed, renewed = NULL WHERE owner = $1", account)
    await database.fetch(
        "UPDATE records SET tombstone = renewed, renewed = NULL WHERE owner = $1 AND tombstone IS NOT NULL", account
    )
    await database.fetch(
        "UPDATE identities SET private_sealed = renewed, renewed = NULL, gen = $2, current = $3 WHERE account = $1",
        account, gen, False,
    )  # fmt: skip
    await database.fetch(
        "INSERT INTO identities (account, key_id, public_key, private_sealed, gen, current, created_at) "
        "SELECT account, key_id, public_key, private_sealed, gen, $2, $3 FROM rotations WHERE account = $1",
        account, True, now,
    )  # fmt: skip
    await database.fetch("DELETE FROM passkeys WHERE account = $1", account)
    await database.fetch("DELETE FROM key_slots WHERE account = $1 AND gen < $2", account, gen)
    await database.fetch("DELETE FROM rotations WHERE account = $1", account)
    await database.fetch("UPDATE accounts SET gen = $2 WHERE id = $1", account, gen)
