"""How sessions end before their time: one, all others, or those that a passkey opened."""

from uuid import UUID

from server import database
from server.accounts.errors import NoSuchDevice
from server.accounts.slots import note_access_change
from server.web.live import live


async def end_session(account: UUID, session: UUID) -> None:
    """Sign a device out; raises NoSuchDevice when it isn't one of this account's."""

    async def work() -> None:
        await note_access_change(account)
        if not await _end(account, "id = $2", session):
            raise NoSuchDevice

    await database.in_transaction(work)


async def end_other_sessions(account: UUID, kept: UUID) -> None:
    """Sign all devices of an account out but one, inside the running transaction."""
    if await _end(account, "id <> $2", kept):
        await note_access_change(account)


async def end_sessions_opened_by(account: UUID, passkey: UUID, kept: UUID | None = None) -> None:
    """Sign out all devices that a passkey signed in, but one; inside the running transaction, in which nobody can sign in by it."""
    if kept is None:
        await _end(account, "passkey = $2", passkey)
    else:
        await _end(account, "passkey = $2 AND id <> $3", passkey, kept)


async def _end(account: UUID, which: str, *values: object) -> int:
    """End those sessions of an account, $1, and return how many; their streams close after the commit."""
    ended = await database.fetch(f"DELETE FROM sessions WHERE account = $1 AND {which} RETURNING id", account, *values)
    database.after_commit(lambda: _close_streams(account, [row["id"] for row in ended]))
    return len(ended)


def _close_streams(account: UUID, sessions: list[UUID]) -> None:
    live.end_sessions(account, sessions)
    # Streams in other processes look their session up again when they are woken.
    live.changed([account])
