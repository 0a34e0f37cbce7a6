"""Why something didn't work: what a server refuses, and what a server that lies or a lost answer looks like.

What the protocol refuses has its types in `aftertide.protocol.errors`.
"""

from aftertide.protocol.errors import ChainError, ProtocolError
from aftertide.wire import RecordView


class ServerError(Exception):
    """A server's answer, or its absence, that stops what was asked."""


class UnreachableError(ServerError):
    """No answer came, or one that isn't our server's: whether it was done isn't known, and asking again is safe."""


class RefusedError(ServerError):
    """Our server refused. `code` is the last part of the problem's type (docs/api.md), `status` the HTTP status."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        """Keep what the problem says."""
        super().__init__(f"{detail} ({code})")
        self.status = status
        self.code = code


class NotSignedInError(RefusedError):
    """The session has ended. Nothing that waits to be saved is lost by it."""


class WrongProofError(RefusedError):
    """E-mail, passphrase or kit isn't right."""


class ProveAgainError(RefusedError):
    """A proof not older than five minutes is asked for."""


class LinkNotValidError(RefusedError):
    """A link was used, withdrawn, or is too old."""


class EmailTakenError(RefusedError):
    """There is an account with this e-mail."""


class NotFoundError(RefusedError):
    """Foreign, unknown or erased: one answer for all three."""


class NoLongerSharedError(RefusedError):
    """What a record is about isn't shared any more. The words stay with whoever wrote them: not sent, taken back."""


class NotARelationError(RefusedError):
    """A reader isn't somebody one works with now."""


class DeletedError(RefusedError):
    """The record was deleted."""


class PointerSetError(RefusedError):
    """The pointer names another record already: it is set once."""


class StaleGenError(RefusedError):
    """The keys were renewed on another device."""


class SlowDownError(RefusedError):
    """Too many tries; wait."""


class StaleError(RefusedError):
    """The record has moved on; `current` is where the server says it stands. Or an appointment has: list them again."""

    current: RecordView | None = None


BY_CODE: dict[str, type[RefusedError]] = {
    "not-signed-in": NotSignedInError,
    "wrong-proof": WrongProofError,
    "prove-again": ProveAgainError,
    "link-not-valid": LinkNotValidError,
    "email-taken": EmailTakenError,
    "not-found": NotFoundError,
    "no-longer-shared": NoLongerSharedError,
    "not-a-relation": NotARelationError,
    "deleted": DeletedError,
    "pointer-set": PointerSetError,
    "stale-gen": StaleGenError,
    "slow-down": SlowDownError,
    "stale": StaleError,
}


class ClientError(Exception):
    """What was asked can't be done from here."""


class UnknownRecordError(ClientError):
    """This device has no such record, or it isn't one's own."""


class UnknownContactError(ClientError):
    """There is no contact with this account: nothing is ever sealed to a key that isn't pinned."""


class NoAgreementError(ClientError):
    """There is no accepted reading agreement with this therapist; it comes before the first share."""


class KeyChangedError(ProtocolError):
    """Another key for a known account. A link never changes a key; only an invitation from the contact's page does."""


class VanishedError(ChainError):
    """The server no longer shows an own record and has no tombstone for it: absence never deletes."""


class WithheldError(ChainError):
    """The server doesn't show a record that the account's ledger lists, or that this device has seen."""


class ReturnedAfterDeletionError(ChainError):
    """The server shows a record again whose deletion this device has seen proved."""


class ForeignAccountError(ProtocolError):
    """The keys in the answer to a sign-in aren't the ones of the account this device knows."""


class MalformedAnswerError(ServerError):
    """An answer of our server doesn't have the shape that its route gives."""
