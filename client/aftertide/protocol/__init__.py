"""The Aftertide protocol, suite 1: pure functions over bytes, one small module a concept.

No network, no files but the shared data that ships with the package. The text is `docs/protocol.md`; what it calls a
refusal is one type below `errors.ProtocolError`.
"""

from aftertide.protocol.padding import is_sealed_length, padded_length

__all__ = ["is_sealed_length", "padded_length"]
