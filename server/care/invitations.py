"""Invitations: keys verified by a secret that the server never has (docs/protocol.md, Invitation).

The server stores a hash of what redeems it, tags and sealed cards, and gives or takes anything only against `redeem`.
"""

import hashlib
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Literal
from uuid import UUID

from server import database
from server.accounts.keys import create_account, identity_key
from server.accounts.passkeys import used_up_even_if_refused
from server.accounts.signatures import Site
from server.care.errors import AdultNotConfirmed, InvitationTaken, LinkNotValid, NoSuchInvitation
from server.care.practices import join_practice, practice_of, practice_view
from server.care.relations import relate
from server.care.structs import Answer, InvitationView, Join, NewInvitation, OpenedInvitation
from server.clock import DAY, to_datetime, to_optional_datetime
from server.web.access import Caller, NotAllowed, Role
from server.web.live import live

LASTS = 7 * DAY


async def invite(caller: Caller, new: NewInvitation, now: int) -> None:
    """Publish an invitation for seven days; repeating it makes it once.

    Raises AdultNotConfirmed (asked of therapists only: a patient's is for a therapist who has an account), and
    InvitationTaken for an id that somebody else uses.
    """
    inviter, is_therapist = caller.account, caller.role == "therapist"
    if is_therapist and not new.adult:
        raise AdultNotConfirmed
    key = await identity_key(inviter)
    practice = await practice_of(inviter)
    made = await database.fetch(
        "INSERT INTO invitations (id, inviter, practice, redeem_hash, inviter_tag, inviter_card, inviter_key, adult_confirmed_at, "
        "created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING RETURNING id",
        new.id, inviter, practice, new.redeem_hash, new.tag, new.card, key, now if is_therapist else None, now, now + LASTS,
    )  # fmt: skip
    if not made:
        same = await database.fetch_one(
            "SELECT 1 AS one FROM invitations WHERE id = $1 AND inviter = $2 AND redeem_hash = $3",
            new.id,
            inviter,
            new.redeem_hash,
        )
        if same is None:
            raise InvitationTaken


async def _redeemed(invitation: UUID, redeem: bytes, now: int, lock: str = "") -> Mapping[str, Any]:
    """Return the row of an invitation that `redeem` opens, with its inviter's role.

    Raises LinkNotValid with one and the same answer otherwise.
    """
    row = await database.fetch_one(
        "SELECT i.*, (SELECT a.role FROM accounts a WHERE a.id = i.inviter) AS inviter_role FROM invitations i WHERE i.id = $1" + lock,
        invitation,
    )  # fmt: skip
    stored = bytes(row["redeem_hash"]) if row is not None else bytes(32)
    right = hmac.compare_digest(stored, hashlib.sha256(redeem).digest())
    if row is None or not right or row["withdrawn_at"] is not None or row["expires_at"] <= now:
        raise LinkNotValid
    return row


async def open_invitation(invitation: UUID, redeem: bytes, now: int) -> OpenedInvitation:
    """Show an invitation to who holds its secret; raises LinkNotValid."""
    row = await _redeemed(invitation, redeem, now)
    practice = await database.fetch_one("SELECT * FROM practices WHERE id = $1", row["practice"])
    if practice is None:
        raise LinkNotValid
    return OpenedInvitation(
        id=invitation,
        inviter=row["inviter"],
        inviter_role=row["inviter_role"],
        inviter_key=bytes(row["inviter_key"]),
        tag=bytes(row["inviter_tag"]),
        card=bytes(row["inviter_card"]),
        practice=practice_view(practice),
        expires=to_datetime(row["expires_at"]),
        answered=row["invitee"] is not None,
    )


async def join(invitation: UUID, data: Join, salt_secret: bytes, site: Site, now: int) -> None:
    """Sign a patient up and answer the invitation, both or neither; repeating it makes it once.

    Raises LinkNotValid, also for a patient's invitation, which makes no account; InvitationTaken; what `create_account` raises.
    """
    async with used_up_even_if_refused(data.account.passkey, data.account.id), database.transaction():
        row = await _redeemed(invitation, data.answer.redeem, now, database.for_update())
        if row["inviter_role"] != "therapist":
            raise LinkNotValid
        if row["invitee"] not in (None, data.account.id):
            raise InvitationTaken
        await create_account(data.account, "patient", salt_secret, site, now)
        await _take_answer(row, data.account.id, "patient", data.answer, now)


async def answer(invitation: UUID, caller: Caller, data: Answer, now: int) -> None:
    """Answer an invitation with an account that exists, of the other role than its inviter's; repeating it answers once.

    Raises LinkNotValid, NotAllowed, InvitationTaken.
    """
    async with database.transaction():
        row = await _redeemed(invitation, data.redeem, now, database.for_update())
        if row["inviter_role"] == caller.role:
            raise NotAllowed
        await _take_answer(row, caller.account, caller.role, data, now)


async def _take_answer(row: Mapping[str, Any], invitee: UUID, role: Role, data: Answer, now: int) -> None:
    if row["invitee"] is not None:
        if row["invitee"] == invitee and bytes(row["invitee_tag"]) == data.tag:
            return
        raise InvitationTaken
    await database.fetch(
        "UPDATE invitations SET invitee = $2, invitee_key = $3, invitee_tag = $4, invitee_card = $5, answered_at = $6 WHERE id = $1",
        row["id"], invitee, await identity_key(invitee), data.tag, data.card, now,
    )  # fmt: skip
    inviter: UUID = row["inviter"]
    patient, therapist = (invitee, inviter) if role == "patient" else (inviter, invitee)
    # It is the patient who joins, whoever invites: a therapist belongs to a practice by its operator's link alone.
    practice = row["practice"] if therapist == inviter else await practice_of(therapist)
    await join_practice(practice, patient, now)
    await relate(patient=patient, therapist=therapist, now=now)
    database.after_commit(lambda: live.changed([inviter]))


async def withdraw(inviter: UUID, invitation: UUID, now: int) -> None:
    """Take an unanswered invitation back; raises NoSuchInvitation."""
    row = await database.fetch_one(
        "UPDATE invitations SET withdrawn_at = COALESCE(withdrawn_at, $3) WHERE id = $1 AND inviter = $2 AND invitee IS NULL RETURNING id",
        invitation, inviter, now,
    )  # fmt: skip
    if row is None:
        raise NoSuchInvitation


async def hold_open(inviter: UUID) -> None:
    """Hold the unanswered invitations of an account until the running transaction ends: an answer holds its own before any account."""
    await database.fetch(
        "SELECT id FROM invitations WHERE inviter = $1 AND invitee IS NULL AND withdrawn_at IS NULL ORDER BY id"
        + database.for_update(),
        inviter,
    )


async def withdraw_open(inviter: UUID, now: int) -> None:
    """Take all unanswered invitations of an account back."""
    await database.fetch(
        "UPDATE invitations SET withdrawn_at = $2 WHERE inviter = $1 AND invitee IS NULL AND withdrawn_at IS NULL",
        inviter,
        now,
    )


def _state(row: Mapping[str, Any], now: int) -> Literal["open", "answered", "withdrawn", "expired"]:
    if row["invitee"] is not None:
        return "answered"
    if row["withdrawn_at"] is not None:
        return "withdrawn"
    return "expired" if row["expires_at"] <= now else "open"


async def invitations_of(inviter: UUID, now: int) -> list[InvitationView]:
    """List the invitations an account has made, the newest first, with their answers.

    With the key that answered, which the tag is about: keys that were renewed since would make a right answer look forged.
    """
    rows = await database.fetch(
        "SELECT i.*, COALESCE(i.invitee_key, k.public_key) AS answering_key FROM invitations i "
        "LEFT JOIN identities k ON k.account = i.invitee AND k.current = $2 WHERE i.inviter = $1 ORDER BY i.created_at DESC, i.id",
        inviter, True,
    )  # fmt: skip
    views = []
    for row in rows:
        answered = row["invitee"] is not None
        views.append(
            InvitationView(
                id=row["id"], state=_state(row, now), created=to_datetime(row["created_at"]), expires=to_datetime(row["expires_at"]),
                invitee=row["invitee"],
                invitee_key=bytes(row["answering_key"]) if row["answering_key"] is not None else None,
                tag=bytes(row["invitee_tag"]) if answered else None,
                card=bytes(row["invitee_card"]) if answered else None,
                answered=to_optional_datetime(row["answered_at"]),
            )
        )  # fmt: skip
    return views


async def ending_invitations(inviters: Sequence[tuple[UUID, int]], now: int) -> dict[UUID, int]:
    """Count each account's open invitations that end by an instant of its own; none: nothing. One statement."""
    table, values = database.as_table("w", {"id": "uuid", "until": "bigint"}, inviters, first=2)
    rows = await database.fetch(
        f"SELECT i.inviter, COUNT(*) AS invitations FROM invitations i JOIN {table} ON w.id = i.inviter "
        "WHERE i.invitee IS NULL AND i.withdrawn_at IS NULL AND i.expires_at > $1 AND i.expires_at <= w.until GROUP BY i.inviter",
        now, *values,
    )  # fmt: skip
    return {row["inviter"]: row["invitations"] for row in rows}
