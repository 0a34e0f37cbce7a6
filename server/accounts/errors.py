"""Why the accounts domain refuses."""

from server.web.problems import Refusal


class WrongProof(Refusal):
    """Unknown account, wrong passphrase and wrong kit alike."""


class EmailTaken(Refusal):
    """An account with this e-mail exists; said only to who holds an invitation."""


class AccountExists(Refusal):
    """An account with this id exists and isn't the one being made."""


class MalformedEmail(Refusal):
    """The e-mail isn't in the protocol's canonical form."""


class MalformedKeys(Refusal):
    """Slots or identity don't fit together."""


class NoSuchDevice(Refusal):
    """There is no such session of this account."""


class PointerSet(Refusal):
    """The pointer to the settings or ledger record is already set to another record."""


class UnknownTimeZone(Refusal):
    """The zone isn't in the IANA database."""
