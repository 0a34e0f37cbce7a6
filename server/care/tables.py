"""Tables of practices, invitations and relations."""

from piccolo.columns import Varchar
from piccolo.table import Table

from server.columns import Bytes, Id, Instant


class Practice(Table, tablename="practices"):
    """The clinic or single therapist that runs this Aftertide."""

    id = Id(primary_key=True)
    name = Varchar()
    phone = Varchar()
    emergency_number = Varchar()
    reading_line = Varchar()
    time_zone = Varchar()
    created_at = Instant()


class FirstTherapistLink(Table, tablename="first_therapist_links"):
    """The one-time link with which a practice's first therapist begins; the token is stored hashed."""

    token_hash = Bytes(primary_key=True)
    practice = Id()
    expires_at = Instant()
    used_by = Id(null=True)


class Membership(Table, tablename="memberships"):
    """An account in a practice."""

    practice = Id()
    account = Id()
    since = Instant()


class Relation(Table, tablename="relations"):
    """A patient and a therapist who work together; ended, what was shared can be filed until it closes."""

    patient = Id()
    therapist = Id()
    since = Instant()
    ended_at = Instant(null=True)
    ended_by = Id(null=True)
    closes_at = Instant(null=True)


class Invitation(Table, tablename="invitations"):
    """An invitation: what the server may know of it, and the answer."""

    id = Id(primary_key=True)
    inviter = Id()
    practice = Id()
    redeem_hash = Bytes()
    inviter_tag = Bytes()
    inviter_card = Bytes()
    inviter_key = Bytes()
    adult_confirmed_at = Instant(null=True)
    created_at = Instant()
    expires_at = Instant()
    withdrawn_at = Instant(null=True)
    invitee = Id(null=True)
    invitee_key = Bytes(null=True)
    invitee_tag = Bytes(null=True)
    invitee_card = Bytes(null=True)
    answered_at = Instant(null=True)


TABLES: list[type[Table]] = [Practice, FirstTherapistLink, Membership, Relation, Invitation]
