"""Tables of the devices that take pushes, of mailboxes, and of the key that signs pushes."""

from piccolo.columns import Boolean, Integer, Varchar
from piccolo.table import Table

from server.columns import Bytes, Id, Instant


class PushSubscription(Table, tablename="push_subscriptions"):
    """A signed-in device that takes pushes, at most one for a session; an ended one stays until the device renews it."""

    id = Id(primary_key=True)
    account = Id()
    session = Id(unique=True)
    endpoint = Varchar()
    service = Varchar()
    p256dh = Bytes()
    auth = Bytes()
    created_at = Instant()
    checked_at = Instant()
    accepted_at = Instant(null=True)
    shown_at = Instant(null=True)
    failing_since = Instant(null=True)
    ended_at = Instant(null=True)
    ended_why = Varchar(null=True, default=None)


class PushKey(Table, tablename="push_keys"):
    """The one key that signs pushes (RFC 8292), made once: every subscription is bound to it."""

    id = Integer(primary_key=True)
    private_key = Bytes()
    created_at = Instant()


class Mailbox(Table, tablename="mailboxes"):
    """Whether and why not a person gets mail; that the address is theirs is `accounts.email_verified_at`."""

    account = Id(primary_key=True)
    wanted = Boolean()
    confirmation_sent_at = Instant(null=True)
    stopped_at = Instant(null=True)
    refused_at = Instant(null=True)
    refused_why = Varchar(null=True, default=None)
    reached_at = Instant(null=True)


class MailToken(Table, tablename="mail_tokens"):
    """What a link in a mail carries, stored hashed: it confirms the address that it was made for, or stops its mail."""

    token_hash = Bytes(primary_key=True)
    account = Id()
    purpose = Varchar()
    email = Varchar()
    created_at = Instant()
    expires_at = Instant()


TABLES: list[type[Table]] = [PushSubscription, PushKey, Mailbox, MailToken]
