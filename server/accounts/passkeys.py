"""Passkeys (WebAuthn): made, used, listed, renamed, removed.

The server learns that somebody was verified, and by which credential. What the credential opens it never learns.
"""

import contextlib
from collections.abc import AsyncIterator
from functools import partial
from typing import NamedTuple
from uuid import UUID, uuid4

from server import database
from server.accounts.challenges import Purpose, new_challenge, take_challenge
from server.accounts.ending import end_sessions_opened_by
from server.accounts.errors import (
    ChallengeOver,
    LastSlot,
    MalformedKeys,
    MalformedPasskey,
    NoSuchPasskey,
    PasskeyCopied,
    PasskeyTaken,
    TooManyPasskeys,
    WrongPasskey,
)
from server.accounts.passkey_structs import Assertion, Challenge, NewPasskey, PasskeyView
from server.accounts.signatures import Made, Site, challenge_of, check_made, check_used, nobodys_key
from server.accounts.slots import hold_account, insert_slot, note_access_change, require_no_rotation
from server.clock import to_datetime, to_optional_datetime
from server.web.access import Caller
from server.web.problems import Refusal

MOST_PASSKEYS = 20
"""Of one account."""
NOT_ROTATING = "NOT EXISTS (SELECT 1 FROM rotations WHERE rotations.account = passkeys.account)"
"""Once an account renews its keys its passkeys prove nothing: one of them may be on a lost phone."""


class Proved(NamedTuple):
    """Which passkey was used, and whose it is."""

    passkey: UUID
    account: UUID


async def give_challenge(
    purpose: Purpose, subject: UUID | None, site: Site, now: int, account: UUID | None = None
) -> Challenge:
    """Make a challenge, with the credentials that `account` has; raises PasskeysOff."""
    site.require_name()
    rows = (
        []
        if account is None
        else await database.fetch("SELECT credential_id FROM passkeys WHERE account = $1 ORDER BY created_at", account)
    )
    challenge = await new_challenge(purpose, subject, now)
    return Challenge(challenge=challenge, credentials=[bytes(row["credential_id"]) for row in rows])


async def check_new(new: NewPasskey, purpose: Purpose, account: UUID, site: Site, now: int) -> Made:
    """Check what a device made for `account`, using its challenge up.

    Raises PasskeysOff, ChallengeOver, and MalformedPasskey for another site, nobody verified, or what can't be checked.
    """
    challenge = challenge_of(new.answer)
    await take_challenge(challenge, purpose, account, now)
    return check_made(new.answer, challenge, site)


@contextlib.asynccontextmanager
async def used_up_even_if_refused(new: NewPasskey | None, account: UUID) -> AsyncIterator[None]:
    """Use the challenge of a sign-up up when it is refused, too, which undoes all that its transaction did."""
    try:
        yield
    except Refusal:
        if new is not None:
            with contextlib.suppress(ChallengeOver, MalformedPasskey):
                await take_challenge(challenge_of(new.answer), "sign-up", account, 0)
        raise


async def insert_passkey(account: UUID, gen: int, new: NewPasskey, made: Made, now: int) -> None:
    """Store a passkey with its slot, inside the running transaction.

    Raises PasskeyTaken for a credential that somebody has, MalformedKeys for a slot that doesn't fit.
    """
    if new.slot is not None:
        if new.slot.gen != gen:
            raise MalformedKeys("The slot is of another generation than the account.")
        await insert_slot(account, new.slot.id, "passkey", "", gen, new.slot.sealed, None, now)
    stored = await database.fetch(
        "INSERT INTO passkeys (id, account, slot, credential_id, public_key, sign_count, backup_eligible, backed_up, transports, "
        "name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (credential_id) DO NOTHING RETURNING id",
        uuid4(), account, None if new.slot is None else new.slot.id, made.credential, made.public_key, made.sign_count,
        made.backup_eligible, made.backed_up, " ".join(new.answer.transports), new.name, now,
    )  # fmt: skip
    if not stored:
        raise PasskeyTaken


async def register(account: UUID, gen: int, new: NewPasskey, site: Site, now: int) -> PasskeyView:
    """Add a passkey to an account that exists; the same one again, whose answer may have been lost, is answered alike.

    Raises what `check_new` and `insert_passkey` raise, TooManyPasskeys, and NotSignedIn where the account has been erased
    meanwhile.
    """
    there = await _find(account, new)
    if there is None:
        made = await check_new(new, "register", account, site, now)
        async with database.transaction():
            await hold_account(account)
            await require_no_rotation(account)
            if len(await _passkeys(account)) >= MOST_PASSKEYS:
                raise TooManyPasskeys
            await insert_passkey(account, gen, new, made, now)
            await note_access_change(account)
        there = await _find(account, new)
    if there is None:
        raise NoSuchPasskey  # removed meanwhile
    return there


async def _find(account: UUID, new: NewPasskey) -> PasskeyView | None:
    slot = None if new.slot is None else new.slot.id
    return next((view for view, of in await _passkeys(account) if (view.credential, of) == (new.answer.id, slot)), None)


async def prove(answer: Assertion, purpose: Purpose, subject: UUID | None, site: Site, now: int) -> Proved:
    """Return which passkey was used, its challenge used up and its counter moved on.

    Raises PasskeysOff and ChallengeOver; WrongPasskey, after the same work, whether there is no such passkey or what it
    signed isn't right; PasskeyCopied when it counts backwards, which is noted, stays so, and ends the sessions that it opened.
    """
    challenge = challenge_of(answer)
    await take_challenge(challenge, purpose, subject, now)
    row = await database.fetch_one(
        "SELECT id, account, public_key, backup_eligible FROM passkeys WHERE credential_id = $1 AND " + NOT_ROTATING,
        answer.id,
    )
    used = check_used(answer, challenge, site, nobodys_key() if row is None else bytes(row["public_key"]))
    # Devices that were told which passkeys to offer may leave the handle out; where there is one it names the same account.
    handle = answer.user_handle
    if (
        row is None
        or used.backup_eligible != bool(row["backup_eligible"])
        or (handle is not None and handle != row["account"].bytes)
    ):
        raise WrongPasskey
    counted = await database.fetch(
        "UPDATE passkeys SET sign_count = $2, backed_up = $3, last_used_at = $4 WHERE id = $1 AND copied_at IS NULL "
        "AND (sign_count < $2 OR (sign_count = 0 AND $2 = 0)) RETURNING id",
        row["id"], used.sign_count, used.backed_up, now,
    )  # fmt: skip
    if not counted:
        marked = await database.in_transaction(partial(_mark_copied, row["account"], row["id"], now))
        raise PasskeyCopied if marked else WrongPasskey
    return Proved(row["id"], row["account"])


async def _mark_copied(account: UUID, passkey: UUID, now: int) -> bool:
    """Note that somebody may have a copy, and end what was opened by it, by whom nobody knows; False where it has been removed."""
    await note_access_change(account)
    marked = await database.fetch(
        "UPDATE passkeys SET copied_at = COALESCE(copied_at, $2) WHERE id = $1 RETURNING id", passkey, now
    )
    if marked:
        await end_sessions_opened_by(account, passkey)
    return bool(marked)


async def _passkeys(account: UUID) -> list[tuple[PasskeyView, UUID | None]]:
    rows = await database.fetch("SELECT * FROM passkeys WHERE account = $1 ORDER BY created_at, id", account)
    return [
        (
            PasskeyView(
                id=row["id"], credential=bytes(row["credential_id"]), name=row["name"], created=to_datetime(row["created_at"]),
                last_used=to_optional_datetime(row["last_used_at"]), opens=row["slot"] is not None,
                synced=bool(row["backup_eligible"]), copied=to_optional_datetime(row["copied_at"]),
            ),
            row["slot"],
        )
        for row in rows
    ]  # fmt: skip


async def passkeys_of(account: UUID) -> list[PasskeyView]:
    """List the passkeys of an account, the oldest first."""
    return [view for view, _ in await _passkeys(account)]


async def passkey_by(account: UUID, credential: bytes) -> UUID | None:
    """Return which passkey of an account a credential is; None where it isn't one."""
    row = await database.fetch_one(
        "SELECT id FROM passkeys WHERE account = $1 AND credential_id = $2", account, credential
    )
    return None if row is None else row["id"]


async def rename(account: UUID, passkey: UUID, name: str) -> None:
    """Call a passkey something else; raises NoSuchPasskey."""
    renamed = await database.fetch(
        "UPDATE passkeys SET name = $3 WHERE id = $1 AND account = $2 RETURNING id", passkey, account, name
    )
    if not renamed:
        raise NoSuchPasskey


async def remove(caller: Caller, passkey: UUID) -> None:
    """Remove a passkey with its slot, and end the sessions that it opened, inside the running transaction.

    The caller's own session goes on: its person has just shown who they are. Raises NoSuchPasskey, LastSlot where no
    passphrase and no kit would open the account, and NotSignedIn where that has been erased meanwhile.
    """
    account = caller.account
    await hold_account(account)
    # Held by a sign-in that has been proved, until its session is there to be ended.
    removed = await database.fetch_one(
        "DELETE FROM passkeys WHERE id = $1 AND account = $2 RETURNING slot", passkey, account
    )
    if removed is None:
        raise NoSuchPasskey
    others = await database.fetch("SELECT id FROM key_slots WHERE account = $1 AND method <> 'passkey'", account)
    if not others:
        raise LastSlot
    await database.fetch("DELETE FROM key_slots WHERE id = $1", removed["slot"])
    await end_sessions_opened_by(account, passkey, kept=caller.session)
    await note_access_change(account)
