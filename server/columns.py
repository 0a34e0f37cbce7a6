"""Column types that the tables share. None has a default: ids, times and bytes are always given."""

from typing import Any

from piccolo.columns import UUID, BigInt, Bytea


class Id(UUID):
    """A random UUID that a client or the server made: native on PostgreSQL, 16 bytes on SQLite."""

    def __init__(self, **kwargs: Any) -> None:
        """Make the column; `kwargs` as for Piccolo's UUID."""
        super().__init__(default=None, **kwargs)

    @property
    def column_type(self) -> str:
        """Be `UUID` to both engines; on SQLite the driver turns that declared type into 16 bytes and back."""
        return "UUID"


class Instant(BigInt):
    """Whole milliseconds since 1970 UTC."""

    def __init__(self, **kwargs: Any) -> None:
        """Make the column; `kwargs` as for Piccolo's BigInt."""
        super().__init__(default=None, **kwargs)


class Bytes(Bytea):
    """Bytes as they came."""

    def __init__(self, **kwargs: Any) -> None:
        """Make the column; `kwargs` as for Piccolo's Bytea."""
        super().__init__(default=None, **kwargs)
