"""What the server may know, column by column: a new one belongs to one of these lists, or this fails."""

from server import database
from server.opening import TABLES
from tests.conftest import Running

IN_PLAIN = {
    "accounts": {"id", "role", "email", "email_verified_at", "gen", "locale", "time_zone", "settings_record", "ledger_record", "access_version", "created_at"},
    "counters": {"account", "value"},
    "identities": {"account", "key_id", "public_key", "gen", "current", "created_at"},
    "rotations": {"account", "gen", "key_id", "public_key", "started_at"},
    "key_slots": {"id", "account", "method", "params", "gen", "created_at"},
    "passkeys": {
        "id", "account", "slot", "credential_id", "public_key", "sign_count", "backup_eligible", "backed_up", "transports", "name",
        "created_at", "last_used_at", "copied_at",
    },
    "passkey_challenges": {"expires_at"},
    "sessions": {"id", "account", "label", "method", "passkey", "created_at", "seen_at", "proved_at", "expires_at"},
    "practices": {"id", "name", "phone", "emergency_number", "reading_line", "time_zone", "created_at"},
    "first_therapist_links": {"practice", "expires_at", "used_by"},
    "memberships": {"practice", "account", "since"},
    "relations": {"patient", "therapist", "since", "ended_at", "ended_by", "closes_at"},
    "invitations": {
        "id", "inviter", "practice", "inviter_key", "adult_confirmed_at", "created_at", "expires_at", "withdrawn_at", "invitee",
        "invitee_key", "answered_at",
    },
    "records": {"id", "owner", "about", "epoch", "revision", "created_at", "changed_at"},
    "revisions": {"record", "revision", "owner", "epoch", "request", "size", "saved_at"},
    "wraps": {"record", "epoch", "gen"},
    "grants": {"record", "grantee", "epoch", "attention", "granted_at"},
    "readings": {"record", "reader", "read_at", "read_revision", "reviewed_at", "reviewed_revision"},
    "changes": {"account", "record", "counter"},
    "appointments": {
        "id", "therapist", "patient", "practice", "kind", "starts_wall", "zone", "starts_at", "minutes", "state", "series", "details",
        "version", "changed_at",
    },
    "appointment_changes": {
        "appointment", "version", "changed_by", "changed_at", "what", "starts_wall", "zone", "minutes", "state",
    },
    "calendar_feeds": {"account", "wording", "created_at", "last_read_day"},
    "push_subscriptions": {
        "id", "account", "session", "endpoint", "service", "p256dh", "auth", "created_at", "checked_at", "accepted_at", "shown_at",
        "failing_since", "ended_at", "ended_why",
    },
    "push_keys": {"id", "private_key", "created_at"},
    "reminder_settings": {
        "account", "version", "quiet_from", "quiet_to", "wording", "buttons", "days_off", "answers_since", "planned_until",
    },
    "reminder_rules": {"id", "account", "kind", "days", "minutes", "clock", "weekdays"},
    "reminder_steps": {"account", "appointment", "step", "days", "clock"},
    "reminders": {
        "id", "account", "kind", "appointment", "generation", "due_at", "useful_until", "rank", "channel", "state", "next_at",
        "lease", "worker", "crashes", "attempts", "why",
    },
    "settled_reminders": {
        "id", "account", "kind", "appointment", "generation", "due_at", "outcome", "channel", "why", "settled_at",
    },
    "deliveries": {
        "id", "reminder", "account", "channel", "subscription", "attempted_at", "result", "why", "result_at", "shown_at",
        "snoozed_at",
    },
    "mailboxes": {"account", "wanted", "confirmation_sent_at", "stopped_at", "refused_at", "refused_why", "reached_at"},
    "mail_tokens": {"account", "purpose", "email", "created_at", "expires_at"},
    "throttles": {"failures", "until", "updated_at"},
    "installation": {"name", "value"},
}  # fmt: skip
HASHED = {
    "key_slots": {"auth_hash"},
    "passkey_challenges": {"hash"},
    "sessions": {"token_hash"},
    "first_therapist_links": {"token_hash"},
    "invitations": {"redeem_hash", "inviter_tag", "invitee_tag"},
    "records": {"head", "tombstone", "renewed"},
    "revisions": {"base", "proof", "renewed"},
    "calendar_feeds": {"token_hash"},
    "mail_tokens": {"token_hash"},
    "deliveries": {"token_hash"},
    "throttles": {"key"},
}
SEALED = {
    "identities": {"private_sealed", "renewed"},
    "rotations": {"previous", "private_sealed"},
    "key_slots": {"sealed"},
    "invitations": {"inviter_card", "invitee_card"},
    "revisions": {"body"},
    "wraps": {"wrapped", "renewed"},
    "grants": {"sealed"},
}

COMPOUND = {
    "identities", "memberships", "relations", "revisions", "wraps", "grants", "readings", "changes", "appointment_changes",
    "reminder_steps",
}  # fmt: skip


def columns_of_tables() -> dict[str, set[str]]:
    return {table._meta.tablename: {column._meta.db_column_name for column in table._meta.columns} for table in TABLES}


def without_piccolos_own_key(columns: dict[str, set[str]]) -> dict[str, set[str]]:
    """Tables whose key is made of two columns: Piccolo adds an `id` to the class that the database doesn't have."""
    return {name: found - {"id"} if name in COMPOUND else found for name, found in columns.items()}


def test_every_column_is_allowed_to_be_known_hashed_or_sealed() -> None:
    allowed = {name: IN_PLAIN[name] | HASHED.get(name, set()) | SEALED.get(name, set()) for name in IN_PLAIN}
    assert without_piccolos_own_key(columns_of_tables()) == allowed


async def test_the_migrations_make_what_the_tables_say(running: Running) -> None:
    made: dict[str, dict[str, bool]] = {}
    for name in columns_of_tables():
        if database.engine().kind == "sqlite":
            rows = await database.fetch(
                f"SELECT name, \"notnull\" = 0 AND pk = 0 AS empty FROM pragma_table_info('{name}')"
            )
        else:
            rows = await database.fetch(
                "SELECT column_name AS name, is_nullable = 'YES' AS empty FROM information_schema.columns WHERE table_name = $1",
                name,
            )
        made[name] = {row["name"]: bool(row["empty"]) for row in rows}
    said = {
        table._meta.tablename: {
            column._meta.db_column_name: column._meta.null
            for column in table._meta.columns
            if column._meta.db_column_name in made[table._meta.tablename]
        }
        for table in TABLES
    }
    assert made == said
    assert {name: set(columns) for name, columns in made.items()} == without_piccolos_own_key(columns_of_tables())
