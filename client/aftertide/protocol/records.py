"""Records: sealed bodies, their keys wrapped for the owner, proofs and tombstones."""

from dataclasses import dataclass, replace

from aftertide.protocol.encoding import b64u, ctx
from aftertide.protocol.errors import ProofError, TombstoneError
from aftertide.protocol.ijson import JsonObject, dump, parse
from aftertide.protocol.keys import RecordKey, SecretKey
from aftertide.protocol.kinds import check_content
from aftertide.protocol.padding import pad, unpad
from aftertide.protocol.primitives import digest, mac, same, seal, unseal


@dataclass(frozen=True, slots=True)
class Head:
    """What a body is bound to.

    `about` is the id of the record it belongs to or `""`; `epoch` and `revision` start at 1; `base` is `base_of` the
    body that this revision replaces, `""` for the first.
    """

    record: str
    owner: str
    about: str
    epoch: int
    revision: int
    base: str

    def following(self, body: bytes, *, new_epoch: bool) -> "Head":
        """Return the head of the revision that replaces `body`, sealed under this head."""
        return replace(
            self, epoch=self.epoch + 1 if new_epoch else self.epoch, revision=self.revision + 1, base=base_of(body)
        )


def base_of(body: bytes) -> str:
    """Return what names a body: b64u of its hash."""
    return b64u(digest(body))


def _body_context(head: Head) -> bytes:
    return ctx("aftertide/1/record", head.record, head.owner, head.about, head.epoch, head.revision, head.base)


def seal_body(key: RecordKey, head: Head, content: JsonObject) -> bytes:
    """Seal what a record says.

    `ContentError` when it doesn't fit its kind, `JsonError` for what isn't I-JSON, `BodyTooLargeError` over 1 MiB.
    """
    return seal(key.reveal, _body_context(head), pad(dump(check_content(content))))


def open_body(key: RecordKey, head: Head, body: bytes) -> JsonObject:
    """Open a body.

    `DoesNotOpenError` for another key or any other head, `PaddingError`, `JsonError`, `ContentError`. An own record's
    proof is checked before: readers know its key too.
    """
    return check_content(parse(unpad(unseal(key.reveal, _body_context(head), body))))


def _key_context(head: Head) -> bytes:
    return ctx("aftertide/1/record-key", head.record, head.owner, head.epoch)


def wrap_key(record_wrap: SecretKey, head: Head, key: RecordKey) -> bytes:
    """Seal a record key for its owner (`wrapped`), bound to record, owner and epoch."""
    return seal(record_wrap.reveal, _key_context(head), key.reveal)


def unwrap_key(record_wrap: SecretKey, head: Head, wrapped: bytes) -> RecordKey:
    """Open `wrapped`; `DoesNotOpenError` for another account, record or epoch."""
    return RecordKey(unseal(record_wrap.reveal, _key_context(head), wrapped))


def prove_hash(record_proof: SecretKey, head: Head, body_hash: str) -> bytes:
    """Make the owner's proof on a revision whose body has this hash (`base_of`), 32 bytes."""
    context = ctx("aftertide/1/record-proof", head.record, head.owner, head.epoch, head.revision, body_hash)
    return mac(record_proof.reveal, context)


def prove(record_proof: SecretKey, head: Head, body: bytes) -> bytes:
    """Make the owner's proof on a revision, 32 bytes."""
    return prove_hash(record_proof, head, base_of(body))


def check_proof(record_proof: SecretKey, head: Head, body: bytes, proof: bytes) -> None:
    """Raise `ProofError` unless the owner made this revision."""
    if not same(prove(record_proof, head, body), proof):
        raise ProofError("a revision that its owner didn't make")


def _tombstone(record_proof: SecretKey, record: str, owner: str, revision: int) -> bytes:
    return mac(record_proof.reveal, ctx("aftertide/1/tombstone", record, owner, revision))


def make_tombstone(record_proof: SecretKey, record: str, owner: str, revision: int) -> bytes:
    """Make the proof of a deletion, 32 bytes; `revision` is the last one saved."""
    return _tombstone(record_proof, record, owner, revision)


def check_tombstone(record_proof: SecretKey, record: str, owner: str, revision: int, proof: bytes) -> None:
    """Raise `TombstoneError` unless the owner deleted the record after `revision`."""
    if not same(_tombstone(record_proof, record, owner, revision), proof):
        raise TombstoneError("a deletion that its owner didn't prove")
