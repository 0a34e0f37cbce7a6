"""Key slots and identities: what opens an account's key, as the server stores it."""

import base64
import hashlib
import hmac
from uuid import UUID

import msgspec
from aftertide.protocol.email import canonical_email as protocol_form
from aftertide.protocol.errors import EmailError

from server import database
from server.accounts.errors import (
    AccountExists,
    EmailTaken,
    MalformedEmail,
    MalformedKeys,
    PointerSet,
    UnknownTimeZone,
    WrongProof,
)
from server.accounts.passkeys import check_new, insert_passkey, passkey_by
from server.accounts.preferences import account_made
from server.accounts.signatures import Site
from server.accounts.slots import hold_account, insert_slot, note_access_change, require_no_rotation
from server.accounts.structs import (
    Argon2idParams,
    Identity,
    KeysToCome,
    Me,
    Method,
    NewAccount,
    NewSlot,
    Slot,
    Slots,
)
from server.accounts.zones import is_zone
from server.web.access import Caller, Role


def canonical_email(email: str) -> str:
    """Check that an e-mail comes in the protocol's form, which clients make; raises MalformedEmail."""
    try:
        canonical = protocol_form(email)
    except EmailError:
        raise MalformedEmail from None
    if canonical != email:
        raise MalformedEmail
    return email


def salt_of(email: str, salt_secret: bytes) -> bytes:
    """Return the 16 bytes that salt a passphrase: the same whether there is an account or not."""
    return hmac.digest(salt_secret, email.encode(), hashlib.sha256)[:16]


def key_id_of(public_key: bytes) -> str:
    """Return base64url of the first 16 bytes of the key's SHA-256."""
    return base64.urlsafe_b64encode(hashlib.sha256(public_key).digest()[:16]).rstrip(b"=").decode()


def check_slot(slot: NewSlot, gen: int, salt: bytes) -> None:
    """Refuse a slot of another generation, or whose parameters don't fit its method; raises MalformedKeys."""
    if slot.gen != gen:
        raise MalformedKeys("The slot is of another generation than the account.")
    if (slot.method == "passphrase") != (slot.params is not None):
        raise MalformedKeys("A passphrase slot has parameters, a recovery slot has none.")
    if slot.params is not None and not hmac.compare_digest(slot.params.salt, salt):
        raise MalformedKeys("The slot's salt isn't the one given for this e-mail.")


async def insert_typed_slot(account: UUID, slot: NewSlot, now: int) -> None:
    """Store a slot with the hash of its proof; raises MalformedKeys when its id is taken."""
    params = "" if slot.params is None else msgspec.json.encode(slot.params).decode()
    auth_hash = hashlib.sha256(slot.auth).digest()
    await insert_slot(account, slot.id, slot.method, params, slot.gen, slot.sealed, auth_hash, now)


def _check_ways(new: NewAccount) -> None:
    """Refuse an account that lacks a kit, or a passphrase or passkey that opens it besides; raises MalformedKeys."""
    typed = sorted(slot.method for slot in new.slots)
    by_passkey = new.passkey is not None and new.passkey.slot is not None
    if typed != ["passphrase", "recovery"] and not (typed == ["recovery"] and by_passkey):
        raise MalformedKeys(
            "An account begins with one recovery slot, and a passphrase slot or a passkey with its slot."
        )


async def create_account(new: NewAccount, role: Role, salt_secret: bytes, site: Site, now: int) -> bool:
    """Make an account inside the running transaction; False when exactly it was made before (a repeated request).

    Raises MalformedEmail and MalformedKeys for what doesn't fit together, EmailTaken or AccountExists for an e-mail
    or id that is taken, and for a passkey what `passkeys.check_new` and `insert_passkey` raise.
    """
    email = canonical_email(new.email)
    for slot in new.slots:
        check_slot(slot, 1, salt_of(email, salt_secret))
    if not is_zone(new.time_zone):
        raise UnknownTimeZone
    _check_ways(new)
    if new.identity.gen != 1 or new.identity.key_id != key_id_of(new.identity.public_key):
        raise MalformedKeys("The identity's key id doesn't belong to its key.")
    made = await database.fetch(
        "INSERT INTO accounts (id, role, email, gen, locale, time_zone, created_at) VALUES ($1, $2, $3, 1, $4, $5, $6) "
        "ON CONFLICT DO NOTHING RETURNING id",
        new.id, role, email, new.locale, new.time_zone, now,
    )  # fmt: skip
    if not made:
        await _check_same_account(new, email, role)
        return False
    await database.fetch("INSERT INTO counters (account, value) VALUES ($1, 0)", new.id)
    for slot in new.slots:
        await insert_typed_slot(new.id, slot, now)
    if new.passkey is not None:
        made_on_device = await check_new(new.passkey, "sign-up", new.id, site, now)
        await insert_passkey(new.id, 1, new.passkey, made_on_device, now)
    await database.fetch(
        "INSERT INTO identities (account, key_id, public_key, private_sealed, gen, current, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)",
        new.id, new.identity.key_id, new.identity.public_key, new.identity.private_sealed, 1, True, now,
    )  # fmt: skip
    await account_made(new, now)
    return True


async def _check_same_account(new: NewAccount, email: str, role: Role) -> None:
    """Raise EmailTaken or AccountExists unless `new` is the account that exists, shown by its id, e-mail and all proofs."""
    rows = await database.fetch(
        "SELECT a.id, a.role, k.auth_hash FROM accounts a JOIN key_slots k ON k.account = a.id "
        "WHERE a.email = $1 AND k.method <> 'passkey'",
        email,
    )
    if any(row["id"] != new.id for row in rows):
        raise EmailTaken
    if new.passkey is not None and await passkey_by(new.id, new.passkey.answer.id) is None:
        raise AccountExists
    proofs = {hashlib.sha256(slot.auth).digest() for slot in new.slots}
    if {bytes(row["auth_hash"]) for row in rows} != proofs or any(row["role"] != role for row in rows):
        raise AccountExists


async def prove(email: str, method: Method, auth: bytes) -> UUID:
    """Return the account that a proof opens; raises WrongProof, after the same work, for anything else."""
    # Once a rotation has begun only its slots prove who one is: the others may be in a thief's hands.
    row = await database.fetch_one(
        "SELECT k.account, k.auth_hash FROM accounts a JOIN key_slots k ON k.account = a.id WHERE a.email = $1 AND k.method = $2 "
        "ORDER BY k.gen DESC LIMIT 1",
        email, method,
    )  # fmt: skip
    stored = bytes(row["auth_hash"]) if row is not None else bytes(32)
    right = hmac.compare_digest(stored, hashlib.sha256(auth).digest())
    if row is None or not right:
        raise WrongProof
    account: UUID = row["account"]
    return account


async def email_of(account: UUID) -> str:
    """Return the e-mail of an account that exists."""
    row = await database.fetch_one("SELECT email FROM accounts WHERE id = $1", account)
    if row is None:
        raise WrongProof
    email: str = row["email"]
    return email


async def replace_slot(caller: Caller, slot: NewSlot, salt_secret: bytes, now: int) -> None:
    """Put a slot in the place of the one with its method, inside the running transaction.

    Raises MalformedKeys when it doesn't fit, NotSignedIn where the account has been erased meanwhile. Repeating it is
    harmless: the same slot is there once.
    """
    await hold_account(caller.account)
    await require_no_rotation(caller.account)
    check_slot(slot, caller.gen, salt_of(await email_of(caller.account), salt_secret))
    await database.fetch("DELETE FROM key_slots WHERE account = $1 AND method = $2", caller.account, slot.method)
    await insert_typed_slot(caller.account, slot, now)
    await note_access_change(caller.account)


async def me(account: UUID, session: UUID, token: str | None = None) -> Me:
    """Return the account as its own devices see it, slots and sealed private keys included."""
    row = await database.fetch_one(
        "SELECT a.role, a.email, a.gen, a.locale, a.time_zone, a.settings_record, a.ledger_record, c.value AS counter "
        "FROM accounts a JOIN counters c ON c.account = a.id WHERE a.id = $1",
        account,
    )
    if row is None:
        raise WrongProof
    identities = await database.fetch(
        "SELECT key_id, public_key, private_sealed, gen, current FROM identities WHERE account = $1 ORDER BY created_at, key_id",
        account,
    )
    return Me(
        id=account,
        role=row["role"],
        email=row["email"],
        gen=row["gen"],
        locale=row["locale"],
        time_zone=row["time_zone"],
        settings_record=row["settings_record"],
        ledger_record=row["ledger_record"],
        slots=await _slots_of(account, row["gen"]),
        identities=[
            Identity(
                key_id=i["key_id"], public_key=bytes(i["public_key"]), private_sealed=bytes(i["private_sealed"]), gen=i["gen"],
                current=bool(i["current"]),
            )
            for i in identities
        ],
        session=session,
        cursor=row["counter"],
        rotation=await _keys_to_come(account),
        token=token,
    )  # fmt: skip


async def _keys_to_come(account: UUID) -> KeysToCome | None:
    row = await database.fetch_one("SELECT * FROM rotations WHERE account = $1", account)
    if row is None:
        return None
    identity = Identity(
        key_id=row["key_id"], public_key=bytes(row["public_key"]), private_sealed=bytes(row["private_sealed"]), gen=row["gen"]
    )  # fmt: skip
    slots = await _slots_of(account, row["gen"])
    return KeysToCome(gen=row["gen"], previous=bytes(row["previous"]), slots=slots, identity=identity)


async def _slots_of(account: UUID, gen: int) -> list[Slot]:
    rows = await database.fetch(
        "SELECT k.id, k.method, k.params, k.gen, k.sealed, p.credential_id, p.transports "
        "FROM key_slots k LEFT JOIN passkeys p ON p.slot = k.id WHERE k.account = $1 AND k.gen = $2 "
        "ORDER BY k.created_at, k.id",
        account, gen,
    )  # fmt: skip
    return [
        Slot(
            id=row["id"], method=row["method"], gen=row["gen"], sealed=bytes(row["sealed"]),
            params=msgspec.json.decode(row["params"], type=Argon2idParams) if row["params"] else None,
            credential=None if row["credential_id"] is None else bytes(row["credential_id"]),
            transports=row["transports"].split() if row["transports"] else [],
        )
        for row in rows
    ]  # fmt: skip


async def current_slots(caller: Caller) -> Slots:
    """Return what opens an account now; one indexed read."""
    return Slots(gen=caller.gen, slots=await _slots_of(caller.account, caller.gen))


async def set_pointer(account: UUID, pointer: str, record: UUID) -> None:
    """Set the pointer to the settings or ledger record, once; raises PointerSet when it names another one."""
    column = {"settings": "settings_record", "ledger": "ledger_record"}[pointer]
    row = await database.fetch_one(
        f"UPDATE accounts SET {column} = COALESCE({column}, $2) WHERE id = $1 RETURNING {column} AS record",
        account,
        record,
    )
    if row is None or row["record"] != record:
        raise PointerSet


async def identity_key(account: UUID) -> bytes:
    """Return the current public key of an account that exists."""
    row = await database.fetch_one(
        "SELECT public_key FROM identities WHERE account = $1 AND current = $2", account, True
    )
    if row is None:
        raise WrongProof
    return bytes(row["public_key"])
