"""Tables of accounts, their keys and their sessions."""

from piccolo.columns import BigInt, Boolean, Integer, Text, Varchar
from piccolo.table import Table

from server.columns import Bytes, Id, Instant


class Account(Table, tablename="accounts"):
    """A person's sign-in; one role for good."""

    id = Id(primary_key=True)
    role = Varchar()
    email = Varchar(unique=True)
    email_verified_at = Instant(null=True)
    gen = Integer()
    locale = Varchar()
    time_zone = Varchar()
    settings_record = Id(null=True)
    ledger_record = Id(null=True)
    access_version = Integer()
    created_at = Instant()


class Counter(Table, tablename="counters"):
    """The change counter of an account: it orders what the account may see."""

    account = Id(primary_key=True)
    value = BigInt()


class Identity(Table, tablename="identities"):
    """A public key of an account and its sealed private part; the current one and former ones."""

    account = Id()
    key_id = Varchar()
    public_key = Bytes()
    private_sealed = Bytes()
    gen = Integer()
    current = Boolean()
    created_at = Instant()
    renewed = Bytes(null=True)


class Rotation(Table, tablename="rotations"):
    """Keys to come of an account whose rotation has begun. Their slots are in `key_slots`, under their generation."""

    account = Id(primary_key=True)
    gen = Integer()
    previous = Bytes()
    key_id = Varchar()
    public_key = Bytes()
    private_sealed = Bytes()
    started_at = Instant()


class KeySlot(Table, tablename="key_slots"):
    """One sealed way to the account key, and the hash of what proves who opens it."""

    id = Id(primary_key=True)
    account = Id()
    method = Varchar()
    params = Text()
    gen = Integer()
    sealed = Bytes()
    auth_hash = Bytes(null=True)
    created_at = Instant()


class Passkey(Table, tablename="passkeys"):
    """A WebAuthn credential of an account, and the key slot that it opens, if it can."""

    id = Id(primary_key=True)
    account = Id()
    slot = Id(null=True)
    credential_id = Bytes(unique=True)
    public_key = Bytes()
    sign_count = BigInt()
    backup_eligible = Boolean()
    backed_up = Boolean()
    transports = Varchar()
    name = Varchar()
    created_at = Instant()
    last_used_at = Instant(null=True)
    copied_at = Instant(null=True)


class PasskeyChallenge(Table, tablename="passkey_challenges"):
    """What a passkey is to sign, hashed together with what it is for."""

    hash = Bytes(primary_key=True)
    expires_at = Instant()


class Session(Table, tablename="sessions"):
    """A signed-in device; the token is stored hashed."""

    id = Id(primary_key=True)
    account = Id()
    token_hash = Bytes(unique=True)
    label = Varchar()
    method = Varchar(null=True)
    passkey = Id(null=True)
    created_at = Instant()
    seen_at = Instant()
    proved_at = Instant()
    expires_at = Instant()


TABLES: list[type[Table]] = [Account, Counter, Identity, Rotation, KeySlot, Passkey, PasskeyChallenge, Session]
