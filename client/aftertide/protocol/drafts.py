"""Drafts: sealed to the own public key, so that writing never waits for unlocking."""

from aftertide.protocol.encoding import ctx
from aftertide.protocol.hpke import hpke_open, hpke_seal
from aftertide.protocol.keys import Identity


def seal_draft(public: bytes, account: str, draft: str, text: bytes) -> bytes:
    """Seal a draft by HPKE base mode to one's own public key (32 bytes); `draft` is its id."""
    return hpke_seal(public, ctx("aftertide/1/draft", account, draft), text)


def open_draft(identity: Identity, account: str, draft: str, sealed: bytes) -> bytes:
    """Open a draft; `DoesNotOpenError` for another account, id or key."""
    return hpke_open(identity.private, ctx("aftertide/1/draft", account, draft), sealed)
