"""Why the care domain refuses."""

from server.web.problems import Refusal


class LinkNotValid(Refusal):
    """A one-time link or an invitation is unknown, used, withdrawn or too old, or what redeems it is wrong."""


class InvitationTaken(Refusal):
    """Somebody else has answered this invitation."""


class NoSuchInvitation(Refusal):
    """There is no such invitation of this account."""


class AdultNotConfirmed(Refusal):
    """The therapist must confirm that the person is 18 or older."""


class NoRelation(Refusal):
    """There is no such relation, or it has ended."""
