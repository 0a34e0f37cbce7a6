"""What belongs to one database: its incarnation and its secrets, made once."""

import secrets
from uuid import UUID, uuid4

import msgspec

from server import database


class InstallationState(msgspec.Struct, frozen=True):
    """Read once when the server starts."""

    incarnation: UUID
    """New after a restore: clients then compare everything they hold."""
    salt_secret: bytes
    """32 bytes: the salt of an e-mail is a mac under it, whether there is an account or not."""
    address_secret: bytes
    """32 bytes: network addresses are kept only as macs under it."""
    rp_id: str | None
    """The name that passkeys were bound to when it first had one; None as long as people open an address."""
    demo: bool
    """Whether demo data was made here; production refuses such a database."""


async def load_installation(rp_id: str | None) -> InstallationState:
    """Read this database's state, making it when the database is new; `rp_id` is taken once, and stays."""
    fresh = {
        "incarnation": uuid4().bytes,
        "salt_secret": secrets.token_bytes(32),
        "address_secret": secrets.token_bytes(32),
    }
    if rp_id is not None:
        fresh["rp_id"] = rp_id.encode()
    for name, value in fresh.items():
        await database.fetch(
            "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING", name, value
        )
    values = {row["name"]: row["value"] for row in await database.fetch("SELECT name, value FROM installation")}
    return InstallationState(
        incarnation=UUID(bytes=bytes(values["incarnation"])),
        salt_secret=bytes(values["salt_secret"]),
        address_secret=bytes(values["address_secret"]),
        rp_id=bytes(values["rp_id"]).decode() if "rp_id" in values else None,
        demo="demo" in values,
    )


async def take_new_incarnation() -> None:
    """Make this database another one than it was: what its clients have seen of it, it may not have any more."""
    await remember("incarnation", uuid4().bytes)


async def mark_demo() -> None:
    """Mark this database as one that holds demo data."""
    await database.fetch(
        "INSERT INTO installation (name, value) VALUES ('demo', $1) ON CONFLICT (name) DO NOTHING", b"1"
    )


async def remembered(name: str) -> bytes | None:
    """Return what this database remembers under a name; None where it is nothing."""
    row = await database.fetch_one("SELECT value FROM installation WHERE name = $1", name)
    return None if row is None else bytes(row["value"])


async def remember(name: str, value: bytes) -> None:
    """Have this database remember a value under a name, in place of what it had."""
    await database.fetch(
        "INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        name, value,
    )  # fmt: skip
