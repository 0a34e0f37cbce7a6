"""Rotation: a new account key that opens the former one, and what was sealed and proved under that, made anew.

What doesn't open or isn't proved under the former keys is handed back as it is: it didn't count before and doesn't afterwards.
"""

from contextlib import suppress

from aftertide.protocol.encoding import ctx
from aftertide.protocol.errors import ProtocolError
from aftertide.protocol.keys import AccountKey, DerivedKeys, Identity, KeyRole
from aftertide.protocol.primitives import hkdf, same, seal, unseal
from aftertide.protocol.records import Head, make_tombstone, prove_hash, unwrap_key, wrap_key


def _context(account: str, gen: int) -> bytes:
    return ctx("aftertide/1/previous", account, gen)


def seal_previous(new: AccountKey, account: str, gen: int, former: AccountKey) -> bytes:
    """Seal the account key so far under the new one; `gen` is the new one's."""
    return seal(hkdf(new.reveal, "aftertide/1/previous"), _context(account, gen), former.reveal)


def open_previous(new: AccountKey, account: str, gen: int, sealed: bytes) -> AccountKey:
    """Open the account key so far; `DoesNotOpenError` for another account, generation or key."""
    return AccountKey(unseal(hkdf(new.reveal, "aftertide/1/previous"), _context(account, gen), sealed))


def renew_wrap(former: DerivedKeys, new: DerivedKeys, head: Head, wrapped: bytes) -> bytes:
    """Seal a record key under the new keys."""
    try:
        return wrap_key(new.record_wrap, head, unwrap_key(former.record_wrap, head, wrapped))
    except ProtocolError:
        return wrapped


def renew_proof(former: DerivedKeys, new: DerivedKeys, head: Head, body_hash: str, proof: bytes) -> bytes:
    """Prove a revision with the new keys, if the former ones proved it. Its body isn't needed: a proof is over its hash."""
    if not same(prove_hash(former.record_proof, head, body_hash), proof):
        return proof
    return prove_hash(new.record_proof, head, body_hash)


def renew_tombstone(
    former: DerivedKeys, new: DerivedKeys, record: str, owner: str, revision: int, proof: bytes
) -> bytes:
    """Prove a deletion with the new keys, if the former ones proved it."""
    if not same(make_tombstone(former.record_proof, record, owner, revision), proof):
        return proof
    return make_tombstone(new.record_proof, record, owner, revision)


def renew_identity(
    former: DerivedKeys, new: DerivedKeys, account: str, key_id: str, gens: tuple[int, int], sealed: bytes
) -> bytes:
    """Seal a private key, the present one or a former of the first of two generations, as a former one of the second."""
    roles: tuple[KeyRole, ...] = ("former", "present")
    for role in roles:
        with suppress(ProtocolError):
            identity = Identity.open_private(former, account, key_id, gens[0], sealed, role)
            return identity.seal_private(new, account, gens[1], "former")
    return sealed
