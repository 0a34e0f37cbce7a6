"""How a rotation begins: the keys to come are stored, and nothing else proves who one is from then on."""

from functools import partial

from server import database
from server.accounts.ending import end_other_sessions
from server.accounts.errors import MalformedKeys
from server.accounts.keys import check_slot, email_of, insert_typed_slot, key_id_of, salt_of
from server.accounts.slots import hold_account, note_access_change
from server.rotation.structs import NewKeys
from server.web.access import Caller


async def begin(caller: Caller, new: NewKeys, salt_secret: bytes, now: int) -> None:
    """Store the keys to come and sign all other devices out, in one transaction; the same keys again change nothing.

    Other keys take the place of those of a rotation that has begun: what was made anew for them is dropped. Raises
    MalformedKeys for what doesn't fit together, NotSignedIn where the account has been erased meanwhile.
    """
    await database.in_transaction(partial(_begin, caller, new, salt_secret, now))


async def _begin(caller: Caller, new: NewKeys, salt_secret: bytes, now: int) -> None:
    account = caller.account
    await hold_account(account)
    row = await database.fetch_one(
        "SELECT a.gen, r.key_id, r.previous FROM accounts a LEFT JOIN rotations r ON r.account = a.id WHERE a.id = $1",
        account,
    )
    salt = salt_of(await email_of(account), salt_secret)
    if row is None or new.gen != row["gen"] + 1 or new.identity.gen != new.gen:
        raise MalformedKeys("The keys to come are of the generation after the account's.")
    for slot in new.slots:
        check_slot(slot, new.gen, salt)
    if sorted(slot.method for slot in new.slots) != ["passphrase", "recovery"]:
        raise MalformedKeys("New keys come with a passphrase slot and a recovery slot.")
    if new.identity.key_id != key_id_of(new.identity.public_key):
        raise MalformedKeys("The identity's key id doesn't belong to its key.")
    if row["key_id"] is not None:
        if row["key_id"] == new.identity.key_id and bytes(row["previous"]) == new.previous:
            return
        await _drop(caller)
    known = await database.fetch_one(
        "SELECT key_id FROM identities WHERE account = $1 AND key_id = $2", account, new.identity.key_id
    )
    if known is not None:
        raise MalformedKeys("New keys come with a new identity.")
    await database.fetch(
        "INSERT INTO rotations (account, gen, previous, key_id, public_key, private_sealed, started_at) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7)",
        account, new.gen, new.previous, new.identity.key_id, new.identity.public_key, new.identity.private_sealed, now,
    )  # fmt: skip
    for slot in new.slots:
        await insert_typed_slot(account, slot, now)
    await end_other_sessions(account, caller.session)
    await note_access_change(account)


async def _drop(caller: Caller) -> None:
    """Forget the keys to come of a rotation that has begun, and what was made anew for them."""
    account = caller.account
    await database.fetch("DELETE FROM rotations WHERE account = $1", account)
    await database.fetch("DELETE FROM key_slots WHERE account = $1 AND gen > $2", account, caller.gen)
    await database.fetch("UPDATE identities SET renewed = NULL WHERE account = $1", account)
    for table, owned in (
        ("wraps", "record IN (SELECT id FROM records WHERE owner = $1)"),
        ("revisions", "owner = $1"),
        ("records", "owner = $1"),
    ):
        await database.fetch(f"UPDATE {table} SET renewed = NULL WHERE renewed IS NOT NULL AND {owned}", account)
