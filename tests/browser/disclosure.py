"""What somebody reads who has a copy of the database."""

import base64
from pathlib import Path

import asyncpg


async def all_bytes(database_url: str) -> bytes:
    """Everything that a database holds: the SQLite file with its log, or each value of each table on PostgreSQL."""
    if database_url.startswith("sqlite:"):
        path = Path(database_url.removeprefix("sqlite:"))
        return b"".join(part.read_bytes() for part in sorted(path.parent.glob(f"{path.name}*")))
    connection = await asyncpg.connect(database_url)
    try:
        tables = await connection.fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        rows = [row for table in tables for row in await connection.fetch(f'SELECT * FROM "{table["tablename"]}"')]
    finally:
        await connection.close()
    return b"\0".join(
        value if isinstance(value, bytes) else str(value).encode() for row in rows for value in row.values()
    )


def forms_of(secret: bytes) -> set[bytes]:
    """The ways in which a secret may lie in other bytes: as it is, in hex, and in base64 at each of the three alignments."""
    forms = {secret, secret.hex().encode(), secret.hex().upper().encode()}
    for shift in range(3):
        encoded = base64.b64encode(bytes(shift) + secret)
        # The first and last symbols also hold bits of the neighbours; the rest is the same wherever the secret lies.
        whole = encoded[[0, 2, 3][shift] : (len(secret) + shift) * 8 // 6]
        forms |= {whole, whole.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def found_in(held: bytes, secrets: list[str]) -> list[str]:
    """Those of `secrets` that a copy of the database gives away, whatever the case of their letters."""
    lowered = held.lower()
    return [
        secret
        for secret in secrets
        if secret.lower().encode() in lowered or any(form in held for form in forms_of(secret.encode()))
    ]
