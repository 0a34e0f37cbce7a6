"""Sessions: who is behind a token, for how long, and how they end."""

import base64
import hashlib
import secrets
from uuid import UUID, uuid4

from server import database
from server.accounts.errors import NoSuchDevice, WrongPasskey, WrongProof
from server.accounts.passkeys import Proved
from server.accounts.structs import Device, Method
from server.clock import DAY, HOUR, Clock, to_datetime
from server.web.access import Caller, FindCaller
from server.web.live import live

LOOK_UP = (
    "SELECT s.id, s.account, s.proved_at, s.seen_at, s.created_at, a.role, a.gen, c.value AS counter "
    "FROM sessions s JOIN accounts a ON a.id = s.account JOIN counters c ON c.account = s.account "
    "WHERE s.token_hash = $1 AND s.expires_at > $2"
)
SLIDING = 90 * DAY
LONGEST = 365 * DAY


def new_token() -> str:
    """Make a token of 32 random bytes, base64url without padding."""
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def hash_token(token: str) -> bytes:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).digest()


def caller_finder(clock: Clock) -> FindCaller:
    """Make the session look-up of an app.

    One indexed read, which also brings the account's gen and change counter, so that "what changed" with nothing new
    needs no further one. A session slides: its end moves at most once an hour.
    """

    async def find_caller(token: str) -> Caller | None:
        row = await database.fetch_one(LOOK_UP, hash_token(token), clock())
        if row is None:
            return None
        now = clock()
        if row["seen_at"] + HOUR < now:
            await database.fetch(
                "UPDATE sessions SET seen_at = $2, expires_at = $3 WHERE id = $1",
                row["id"], now, min(now + SLIDING, row["created_at"] + LONGEST),
            )  # fmt: skip
        return Caller(row["account"], row["id"], row["role"], row["gen"], row["counter"], row["proved_at"])

    return find_caller


async def start_session(account: UUID, label: str, now: int) -> tuple[UUID, str]:
    """Start a session for a person who has just proved who they are; returns its id and its token."""
    session, token = uuid4(), new_token()
    await database.fetch(
        "INSERT INTO sessions (id, account, token_hash, label, created_at, seen_at, proved_at, expires_at) "
        "VALUES ($1, $2, $3, $4, $5, $5, $5, $6)",
        session, account, hash_token(token), label, now, now + SLIDING,
    )  # fmt: skip
    return session, token


async def start_proved_session(account: UUID, label: str, now: int, *, method: Method, auth: bytes) -> tuple[UUID, str]:
    """Start a session for who has just signed in, as long as what they proved still opens the account.

    The slot is held until the session is there: a change of passphrase comes before it (and this raises WrongProof) or
    after it (and ends it).
    """
    auth_hash = hashlib.sha256(auth).digest()
    started = await _start_while(
        "key_slots WHERE account = $2 AND method = $7 AND auth_hash = $8", account, label, now, method, auth_hash
    )
    if started is None:
        raise WrongProof
    return started


async def start_passkey_session(proved: Proved, label: str, now: int) -> tuple[UUID, str]:
    """Start a session for who has just signed in by a passkey, as long as it hasn't been removed; else raises WrongPasskey."""
    there = "passkeys WHERE account = $2 AND id = $7 AND copied_at IS NULL"
    started = await _start_while(there, proved.account, label, now, proved.passkey)
    if started is None:
        raise WrongPasskey
    return started


async def _start_while(there: str, account: UUID, label: str, now: int, *values: object) -> tuple[UUID, str] | None:
    """Start a session of `account`, $2, if a row is `there`, which is held until the session is; its own `values` begin at $7."""
    session, token = uuid4(), new_token()
    started = await database.fetch(
        "INSERT INTO sessions (id, account, token_hash, label, created_at, seen_at, proved_at, expires_at) "
        f"SELECT $1, $2, $3, $4, $5, $5, $5, $6 FROM {there}{database.for_share()} RETURNING id",
        session, account, hash_token(token), label, now, now + SLIDING, *values,
    )  # fmt: skip
    return (session, token) if started else None


async def renew_proof(session: UUID, now: int) -> None:
    """Note that the person behind a session has just proved who they are."""
    await database.fetch("UPDATE sessions SET proved_at = $2 WHERE id = $1", session, now)


async def devices(account: UUID, current: UUID, now: int) -> list[Device]:
    """List the signed-in devices of an account, the last seen first."""
    rows = await database.fetch(
        "SELECT id, label, created_at, seen_at FROM sessions WHERE account = $1 AND expires_at > $2 ORDER BY seen_at DESC",
        account,
        now,
    )
    return [
        Device(
            id=row["id"], label=row["label"], created=to_datetime(row["created_at"]), seen=to_datetime(row["seen_at"]),
            current=row["id"] == current,
        )
        for row in rows
    ]  # fmt: skip


async def end_session(account: UUID, session: UUID) -> None:
    """Sign a device out; raises NoSuchDevice when it isn't one of this account's."""
    ended = await database.fetch("DELETE FROM sessions WHERE id = $1 AND account = $2 RETURNING id", session, account)
    if not ended:
        raise NoSuchDevice
    _close_streams(account, [session])


async def end_other_sessions(account: UUID, kept: UUID) -> None:
    """Sign all devices of an account out but one; inside a transaction its streams close when that is committed."""
    ended = await database.fetch("DELETE FROM sessions WHERE account = $1 AND id <> $2 RETURNING id", account, kept)
    database.after_commit(lambda: _close_streams(account, [row["id"] for row in ended]))


def _close_streams(account: UUID, sessions: list[UUID]) -> None:
    live.end_sessions(account, sessions)
    # Streams in other processes look their session up again when they are woken.
    live.changed([account])


async def forget_ended_sessions(now: int) -> None:
    """Delete sessions whose time is over."""
    await database.fetch("DELETE FROM sessions WHERE expires_at <= $1", now)
