"""What care forgets of an account that is erased."""

from uuid import UUID

from server import database
from server.accounts.erasure import before_erasing, held_before_erasing


@held_before_erasing
async def hold_relations(account: UUID) -> None:
    """Hold an account's relations: what is being done under one of them ends first, what comes after finds it gone."""
    await database.fetch(
        "SELECT patient FROM relations WHERE patient = $1 OR therapist = $1 ORDER BY patient, therapist"
        + database.for_update(),
        account,
    )


@before_erasing
async def forget_answers(account: UUID, now: int) -> None:
    """Remove an account's answers to invitations, its sealed name among them, and the used link that it began with.

    An invitation whose answer is gone is as good as withdrawn: nobody else can use it.
    """
    await database.fetch(
        "UPDATE invitations SET invitee = NULL, invitee_key = NULL, invitee_tag = NULL, invitee_card = NULL, answered_at = NULL, withdrawn_at = $2 "
        "WHERE invitee = $1",
        account, now,
    )  # fmt: skip
    await database.fetch("DELETE FROM first_therapist_links WHERE used_by = $1", account)
