"""Challenges that a passkey signs: random, each for one purpose and one subject, answered once within five minutes.

Purpose and subject are in the hash that is stored: a challenge answered elsewhere isn't found.
"""

import hashlib
import secrets
from typing import Literal
from uuid import UUID

from server import database
from server.accounts.errors import ChallengeOver
from server.clock import MINUTE

LASTS = 5 * MINUTE

Purpose = Literal["sign-up", "register", "sign-in", "proof"]


def _hash(challenge: bytes, purpose: Purpose, subject: UUID | None) -> bytes:
    return hashlib.sha256(f"{purpose}|{subject or ''}|".encode() + challenge).digest()


async def new_challenge(purpose: Purpose, subject: UUID | None, now: int) -> bytes:
    """Make a challenge of 32 random bytes; `subject` is the account it is for, for a proof the session."""
    challenge = secrets.token_bytes(32)
    await database.fetch(
        "INSERT INTO passkey_challenges (hash, expires_at) VALUES ($1, $2)",
        _hash(challenge, purpose, subject),
        now + LASTS,
    )
    return challenge


async def take_challenge(challenge: bytes, purpose: Purpose, subject: UUID | None, now: int) -> None:
    """Use a challenge up; raises ChallengeOver for one that is too old, was used, or is for something else."""
    row = await database.fetch_one(
        "DELETE FROM passkey_challenges WHERE hash = $1 RETURNING expires_at", _hash(challenge, purpose, subject)
    )
    if row is None or row["expires_at"] <= now:
        raise ChallengeOver


async def forget_old_challenges(now: int) -> None:
    """Delete challenges that nobody answered in time."""
    await database.fetch("DELETE FROM passkey_challenges WHERE expires_at <= $1", now)
