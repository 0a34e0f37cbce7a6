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


class RotationRuns(Refusal):
    """The account's keys are being renewed: until that is done no way in is added or changed."""


class NoSuchDevice(Refusal):
    """There is no such session of this account."""


class PointerSet(Refusal):
    """The pointer to the settings or ledger record is already set to another record."""


class UnknownTimeZone(Refusal):
    """The zone isn't in the IANA database."""


class PasskeysOff(Refusal):
    """People open an address here, and no name that a passkey could be bound to."""


class ChallengeOver(Refusal):
    """The challenge is too old, was answered before, or is for something else."""


class WrongPasskey(Refusal):
    """Unknown passkey, another site, nobody verified, a signature that isn't right: all alike."""


class MalformedPasskey(Refusal):
    """What a device made isn't a passkey for this site that verifies its person."""


class PasskeyTaken(Refusal):
    """The passkey is registered already."""


class TooManyPasskeys(Refusal):
    """The account has as many passkeys as one may have."""


class PasskeyCopied(Refusal):
    """The passkey counts backwards: somebody may have a copy of it."""


class NoSuchPasskey(Refusal):
    """There is no such passkey of this account."""


class LastSlot(Refusal):
    """Nothing else would open the account's key."""
