"""Why the channels domain refuses."""

from server.web.problems import Refusal


class UnknownPushService(Refusal):
    """The address isn't one of a push service that the operator allows."""


class MalformedSubscription(Refusal):
    """The keys of a subscription aren't a point on P-256 and 16 bytes."""


class MailOff(Refusal):
    """This server sends no mail."""


class MailNotSent(Refusal):
    """The mail server doesn't answer, or not now."""


class MailboxRefused(Refusal):
    """The mail server says that the person's address takes no mail."""


class MailLinkNotValid(Refusal):
    """The token never was one, isn't one any longer, or was made for another address: one answer for all."""
