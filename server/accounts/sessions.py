"""Sessions: who is behind a token, for how long, and by which way they were opened."""

import base64
import hashlib
import secrets
from collections.abc import Awaitable, Callable
from typing import NamedTuple
from uuid import UUID, uuid4

from server import database
from server.accounts.errors import NoSuchDevice, WrongPasskey, WrongProof
from server.accounts.passkeys import NOT_ROTATING, Proved
from server.accounts.slots import note_access_change
from server.accounts.structs import Device, Method, SlotMethod
from server.clock import DAY, HOUR, Clock, to_datetime
from server.web.access import Caller, FindCaller
from server.web.problems import Refusal

LOOK_UP = (
    "SELECT s.id, s.account, s.proved_at, s.seen_at, s.created_at, a.role, a.gen, a.access_version, c.value AS counter "
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
        return Caller(
            row["account"], row["id"], row["role"], row["gen"], row["counter"], row["proved_at"], row["access_version"]
        )

    return find_caller


WhenSignedIn = Callable[[UUID, UUID, int], Awaitable[None]]
_when_signed_in: list[WhenSignedIn] = []


def when_signed_in(hook: WhenSignedIn) -> WhenSignedIn:
    """Register what a domain above does, in the same transaction, when somebody signs in: `hook(account, session, now)`.

    Not for the session of a new account: nobody else could have begun that.
    """
    _when_signed_in.append(hook)
    return hook


class Opened(NamedTuple):
    """By which way a session was opened, and by which passkey, if it was one."""

    method: SlotMethod
    passkey: UUID | None = None


async def start_session(account: UUID, label: str, now: int, opened: Opened) -> tuple[UUID, str]:
    """Start the session of who has just made their account; returns its id and its token."""
    session, token = uuid4(), new_token()
    await database.fetch(
        "INSERT INTO sessions (id, account, token_hash, label, created_at, seen_at, proved_at, expires_at, method, passkey) "
        "VALUES ($1, $2, $3, $4, $5, $5, $5, $6, $7, $8)",
        session, account, hash_token(token), label, now, now + SLIDING, *opened,
    )  # fmt: skip
    return session, token


async def start_proved_session(account: UUID, label: str, now: int, *, method: Method, auth: bytes) -> tuple[UUID, str]:
    """Start a session for who has just signed in, as long as what they proved still opens the account.

    The slot is held until the session is there: a change of passphrase comes before it (and this raises WrongProof) or
    after it (and ends it).
    """
    auth_hash = hashlib.sha256(auth).digest()
    there = (
        "key_slots WHERE account = $2 AND method = $9 AND auth_hash = $10 "
        "AND gen = (SELECT MAX(newest.gen) FROM key_slots newest WHERE newest.account = $2)"
    )
    return await _start_while(there, WrongProof, account, label, now, Opened(method), method, auth_hash)


async def start_passkey_session(proved: Proved, label: str, now: int) -> tuple[UUID, str]:
    """Start a session for who has just signed in by a passkey, as long as it hasn't been removed; else raises WrongPasskey."""
    there = f"passkeys WHERE account = $2 AND id = $9 AND copied_at IS NULL AND {NOT_ROTATING}"
    opened = Opened("passkey", proved.passkey)
    return await _start_while(there, WrongPasskey, proved.account, label, now, opened, proved.passkey)


async def _start_while(
    there: str, refusal: type[Refusal], account: UUID, label: str, now: int, opened: Opened, *values: object
) -> tuple[UUID, str]:
    """Start a session of `account`, $2, if a row is `there`, held until the session is; its own `values` begin at $9."""
    session, token = uuid4(), new_token()

    async def work() -> None:
        # First the account, then what is there, as a change of either takes them.
        await note_access_change(account)
        started = await database.fetch(
            "INSERT INTO sessions (id, account, token_hash, label, created_at, seen_at, proved_at, expires_at, method, passkey) "
            f"SELECT $1, $2, $3, $4, $5, $5, $5, $6, $7, $8 FROM {there}{database.for_share()} RETURNING id",
            session, account, hash_token(token), label, now, now + SLIDING, *opened, *values,
        )  # fmt: skip
        if not started:
            raise refusal
        for hook in _when_signed_in:
            await hook(account, session, now)

    await database.in_transaction(work)
    return session, token


async def renew_proof(session: UUID, now: int) -> None:
    """Note that the person behind a session has just proved who they are."""
    await database.fetch("UPDATE sessions SET proved_at = $2 WHERE id = $1", session, now)


async def devices(account: UUID, current: UUID, now: int) -> list[Device]:
    """List the signed-in devices of an account, the last seen first."""
    rows = await database.fetch(
        "SELECT s.id, s.label, s.created_at, s.seen_at, s.method, p.name AS passkey FROM sessions s "
        "LEFT JOIN passkeys p ON p.id = s.passkey WHERE s.account = $1 AND s.expires_at > $2 ORDER BY s.seen_at DESC, s.id",
        account,
        now,
    )
    return [
        Device(
            id=row["id"], label=row["label"], created=to_datetime(row["created_at"]), seen=to_datetime(row["seen_at"]),
            current=row["id"] == current, method=row["method"], passkey=row["passkey"],
        )
        for row in rows
    ]  # fmt: skip


async def rename(account: UUID, session: UUID, name: str) -> None:
    """Call a device something else; raises NoSuchDevice when it isn't one of this account's."""
    renamed = await database.fetch(
        "UPDATE sessions SET label = $3 WHERE id = $1 AND account = $2 RETURNING id", session, account, name
    )
    if not renamed:
        raise NoSuchDevice


async def forget_ended_sessions(now: int) -> None:
    """Delete sessions whose time is over."""
    await database.fetch("DELETE FROM sessions WHERE expires_at <= $1", now)
