"""Every refusal of the protocol, each with a type of its own.

    ProtocolError
    ├── EncodingError            ContextError, Base64Error, JsonError, IdError
    ├── SealingError             SealedFormError, DoesNotOpenError, PaddingError, BodyTooLargeError
    ├── KeyMaterialError         KeyLengthError, SmallOrderKeyError, ForeignKeyError
    ├── CredentialError
    │   ├── EmailError
    │   ├── PassphraseError      PassphraseTooShortError, CommonPassphraseError, UnassignedCharacterError,
    │   │                        LoneSurrogateError
    │   ├── KitError             KitLengthError, KitMistypedError
    │   └── SlotError            KdfParametersError, OlderGenerationError
    ├── RecordError
    │   ├── ProofError, TombstoneError
    │   ├── ChainError           OlderEpochError, OlderRevisionError, OtherBodyError, OtherBaseError
    │   └── ContentError         what a record says doesn't fit its kind
    ├── GrantError               UnknownOwnerError, GrantToAnotherError, OwnRecordGrantError, ReaderNotNamedError,
    │                            AttentionDiffersError, KindDoesNotCountError
    └── InvitationError          TagError, LinkError, SecondAnswerError

No message holds a secret or a word of what somebody wrote.
"""


class ProtocolError(Exception):
    """Something was refused because the protocol says so."""


class EncodingError(ProtocolError):
    """Bytes or text are not in the one form that the protocol allows."""


class ContextError(EncodingError):
    """An argument of `ctx` is neither a plain string nor a safe integer."""


class Base64Error(EncodingError):
    """Not base64 in its one strict form: foreign characters, wrong padding or spare bits."""


class JsonError(EncodingError):
    """Not I-JSON: a duplicate name, NaN, a lone surrogate, an unsafe integer, or not JSON at all."""


class IdError(EncodingError):
    """Not a UUID in lower case with hyphens."""


class SealingError(ProtocolError):
    """Sealed bytes were refused."""


class SealedFormError(SealingError):
    """Too short, or of another suite."""


class DoesNotOpenError(SealingError):
    """Another key, another context, or altered bytes: the tag doesn't match."""


class PaddingError(SealingError):
    """The padding isn't the one that P gives for the content."""


class BodyTooLargeError(SealingError):
    """The content is over 1 MiB."""


class KeyMaterialError(ProtocolError):
    """A key was refused."""


class KeyLengthError(KeyMaterialError):
    """A key isn't of the length that its use has."""


class SmallOrderKeyError(KeyMaterialError):
    """An X25519 key of small order: the shared secret would be all zeros."""


class ForeignKeyError(KeyMaterialError):
    """A private key isn't the one that its `key_id` names."""


class CredentialError(ProtocolError):
    """What a person signs in with was refused."""


class EmailError(CredentialError):
    """Not an address in the form that is stored, hashed and sent."""


class PassphraseError(CredentialError):
    """A passphrase can't be set."""


class PassphraseTooShortError(PassphraseError):
    """Fewer than twelve characters."""


class CommonPassphraseError(PassphraseError):
    """On the shipped list of common ones."""


class UnassignedCharacterError(PassphraseError):
    """A code point that Unicode 14 doesn't assign: runtimes differ in how they normalise it."""


class LoneSurrogateError(PassphraseError):
    """Half a surrogate pair: it has no UTF-8."""


class KitError(CredentialError):
    """A recovery kit wasn't read."""


class KitLengthError(KitError):
    """Not 33 symbols."""


class KitMistypedError(KitError):
    """A foreign symbol, or the check symbol doesn't match."""


class SlotError(CredentialError):
    """A key slot was refused."""


class KdfParametersError(SlotError):
    """Not the one Argon2id parameter set of suite 1."""


class OlderGenerationError(SlotError):
    """A slot of a lower `gen` than this device has seen."""


class RecordError(ProtocolError):
    """A record was refused."""


class ProofError(RecordError):
    """An own record without the owner's right proof."""


class TombstoneError(RecordError):
    """A deletion that the owner didn't prove."""


class ChainError(RecordError):
    """A revision that doesn't follow from what this device has seen: a fault or an attack."""


class OlderEpochError(ChainError):
    """An epoch lower than one already seen."""


class OlderRevisionError(ChainError):
    """A revision lower than one already seen."""


class OtherBodyError(ChainError):
    """The same revision with another body or in another epoch."""


class OtherBaseError(ChainError):
    """The next revision names another base than the body already seen."""


class ContentError(RecordError):
    """What a record says doesn't fit the schema of its kind."""


class GrantError(ProtocolError):
    """A grant was refused, or isn't what its owner wrote."""


class UnknownOwnerError(GrantError):
    """A grant from an account that isn't a contact."""


class GrantToAnotherError(GrantError):
    """A grant whose grantee is another account."""


class OwnRecordGrantError(GrantError):
    """A grant of a record that is one's own."""


class ReaderNotNamedError(GrantError):
    """A grant to an account or a key that the body's `readers` doesn't name."""


class AttentionDiffersError(GrantError):
    """The `attention` of a grant isn't the one in the body's `readers`."""


class KindDoesNotCountError(GrantError):
    """A record of a kind that doesn't count from this account."""


class InvitationError(ProtocolError):
    """An invitation or an answer to one was refused."""


class TagError(InvitationError):
    """The tag doesn't cover these keys, accounts and this name."""


class LinkError(InvitationError):
    """Not a whole join or begin link."""


class SecondAnswerError(InvitationError):
    """Another right answer to an invitation that has been answered: somebody else has its link."""
