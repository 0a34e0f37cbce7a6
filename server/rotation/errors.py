"""Why the rotation domain refuses."""

from server.web.problems import Refusal


class NoRotation(Refusal):
    """No rotation to this generation runs."""


class RotationUnfinished(Refusal):
    """Something of the account isn't made anew yet."""
