"""Why the appointments domain refuses."""

from server.web.problems import Refusal


class NoSuchTime(Refusal):
    """The text isn't a date and time of day between 2000 and 2100."""


class NoSuchAppointment(Refusal):
    """The id is foreign, unknown or erased: one answer for all three."""


class AppointmentTaken(Refusal):
    """An appointment with this id exists and isn't, or isn't any more, the one being booked."""


class StaleAppointment(Refusal):
    """The appointment has changed since the version that the caller saw; the answer carries where it stands."""


class WrongState(Refusal):
    """The appointment's state doesn't allow this; the answer carries where it stands."""


class NotBegun(Refusal):
    """What hasn't begun can't have been held or missed."""


class AlreadyBegun(Refusal):
    """What has begun isn't answered any more."""


class NoSuchFeed(Refusal):
    """No calendar feed has this address, or has it any longer; or the account has none."""


class NotARelation(Refusal):
    """Patient and therapist aren't, or aren't any longer, in a running relation."""
