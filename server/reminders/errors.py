"""Why the reminders domain refuses."""

from server.web.problems import Refusal


class MalformedRule(Refusal):
    """A rule has parts that don't fit its kind."""


class StaleSettings(Refusal):
    """The settings have changed; the answer carries where they stand."""


class NoSuchReminder(Refusal):
    """The token is unknown, too old, or of a reminder that is gone."""


class TooLateToAct(Refusal):
    """The session has begun, was moved, or is off: the notice is of what no longer holds."""
