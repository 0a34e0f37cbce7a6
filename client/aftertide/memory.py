"""What a device remembers from one run to the next, so that it knows an old or foreign state when it is shown one.

It holds no key and no word of anybody's: ids, revisions, hashes.
"""

from typing import Self

import msgspec

from aftertide.protocol.memory import Seen


class Memory(msgspec.Struct):
    """Kept by `to_json`, brought back by `from_json`; a device without one believes the first state it is shown."""

    incarnation: str | None = None
    """The database that the server had when it was last asked."""
    counter: int = 0
    """The highest value of the account's change counter that it has shown."""
    gen: int = 0
    """The highest generation of keys seen."""
    account: str | None = None
    """Whose memory this is."""
    seen: dict[str, Seen] = msgspec.field(default_factory=dict)
    """Record id to the newest revision accepted."""
    deleted: dict[str, int] = msgspec.field(default_factory=dict)
    """Own record id to the revision after which its deletion was proved."""
    lost: set[str] = msgspec.field(default_factory=set)
    """Records that a restored server no longer named: nobody is accused of keeping them back."""

    def to_json(self) -> bytes:
        """Write it down."""
        return msgspec.json.encode(self)

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Read what `to_json` wrote; raises msgspec.DecodeError for anything else."""
        return msgspec.json.decode(data, type=cls)
