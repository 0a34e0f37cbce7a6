"""That an e-mail address is the account's: known once somebody who reads its mail has said so."""

from uuid import UUID

from server import database


async def confirm_email(account: UUID, email: str, now: int) -> bool:
    """Note that `email` is read by who has the account, if it is still the account's; False when that was known."""
    return bool(
        await database.fetch(
            "UPDATE accounts SET email_verified_at = $3 WHERE id = $1 AND email = $2 AND email_verified_at IS NULL RETURNING id",
            account, email, now,
        )
    )  # fmt: skip
