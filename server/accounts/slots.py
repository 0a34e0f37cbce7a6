"""Key slots as rows: each a sealed way to an account's key."""

from uuid import UUID

from server import database
from server.accounts.errors import MalformedKeys, RotationRuns
from server.web.access import NotSignedIn
from server.web.live import live


async def insert_slot(
    account: UUID, slot: UUID, method: str, params: str, gen: int, sealed: bytes, auth_hash: bytes | None, now: int
) -> None:
    """Store a slot; raises MalformedKeys when its id is taken."""
    stored = await database.fetch(
        "INSERT INTO key_slots (id, account, method, params, gen, sealed, auth_hash, created_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING RETURNING id",
        slot, account, method, params, gen, sealed, auth_hash, now,
    )  # fmt: skip
    if not stored:
        raise MalformedKeys("The slot's id is taken.")


async def hold_account(account: UUID) -> None:
    """Hold an account until the running transaction ends, so that two changes of its ways in come one after the other.

    Raises NotSignedIn when it has been erased meanwhile.
    """
    if await database.fetch_one("SELECT id FROM accounts WHERE id = $1" + database.for_update(), account) is None:
        raise NotSignedIn


async def note_access_change(account: UUID) -> None:
    """Count a change of an account's key slots or sessions, inside the running transaction, and tell its devices after it."""
    await database.fetch("UPDATE accounts SET access_version = access_version + 1 WHERE id = $1", account)
    database.after_commit(lambda: live.changed([account]))


async def require_no_rotation(account: UUID) -> None:
    """Raise RotationRuns while an account that is held renews its keys."""
    if await database.fetch_one("SELECT account FROM rotations WHERE account = $1", account) is not None:
        raise RotationRuns
