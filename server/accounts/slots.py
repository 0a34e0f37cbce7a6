"""Key slots as rows: each a sealed way to an account's key."""

from uuid import UUID

from server import database
from server.accounts.errors import MalformedKeys


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
