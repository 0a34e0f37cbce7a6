"""What must be known of a batch of reminders to send them: people's ways, devices, mailboxes, sessions; a few reads for all."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple
from uuid import UUID

from server import database
from server.accounts.preferences import Ways, ways_of
from server.appointments.reading import subjects_of, unconfirmed_of
from server.care.invitations import ending_invitations
from server.channels.mailbox import Mailbox, mailboxes_of
from server.channels.subscriptions import Subscription, subscriptions_of
from server.clock import DAY
from server.records.reading import unread_answers, waiting_to_read
from server.reminders.placing import Person, days_later
from server.reminders.preferences import person_of
from server.reminders.reach import unreachable_of
from server.reminders.structs import Wording
from server.reminders.wording import Subject, Waiting, Words, digest_words, words_for

UNCONFIRMED_AHEAD = 3 * DAY
ENDING_AHEAD = 2
"""Days, those off not counted: no digest comes on them."""


class Known(NamedTuple):
    """What a reminder needs to be said and sent."""

    row: database.Row
    ways: Ways
    person: Person
    wording: Wording
    buttons: bool
    devices: list[Subscription]
    mailbox: Mailbox | None
    subject: Subject | None
    digest: Words | None
    """What a therapist's digest says; None where there is nothing to tell."""
    answered: bool
    """Whether an answer waits that the person hasn't seen."""
    can_confirm: bool
    words: Words | None = None
    """What is said, once that is known."""


async def known(rows: Sequence[database.Row], now: int) -> list[Known]:
    """Return what is known of each reminder, in the same order; one of an account that has gone is left out.

    Five statements for all, and a few more where a digest or an answer is among them.
    """
    accounts = sorted({row["account"] for row in rows})
    ways, settings = await ways_of(accounts), await _settings_of(accounts)
    devices, mailboxes = await subscriptions_of(accounts), await mailboxes_of(accounts)
    subjects = await _subjects(rows)
    people = {
        account: person_of(ways[account], settings[account])
        for account in accounts
        if account in ways and account in settings
    }
    digests = await _digests(
        {row["account"]: ways[row["account"]] for row in rows if row["kind"] == "digest" and row["account"] in people},
        people, now,
    )  # fmt: skip
    unread = await unread_answers(sorted({row["account"] for row in rows if row["kind"] == "answers"}))
    found = []
    for row in rows:
        account = row["account"]
        if account not in people:
            continue
        subject, state = subjects.get(row["appointment"], (None, ""))
        found.append(
            Known(
                row=row, ways=ways[account], person=people[account], wording=settings[account]["wording"], buttons=bool(settings[account]["buttons"]),
                devices=devices.get(account, []), mailbox=mailboxes.get(account), subject=subject, digest=digests.get(account),
                answered=account in unread,
                can_confirm=state in ("proposed", "change-requested") and ways[account].role == "patient",
            )
        )  # fmt: skip
    return found


def said(one: Known, now: int) -> Known:
    """Put a reminder into words; without words there is nothing to tell any more."""
    row = one.row
    if row["kind"] == "digest":
        return one._replace(words=one.digest)
    if row["kind"] == "answers" and not one.answered:
        return one
    words = words_for(
        row["kind"], one.subject, locale=one.ways.locale, wording=one.wording, zone=one.ways.time_zone, now=now
    )
    return one._replace(words=words)


async def _settings_of(accounts: Sequence[UUID]) -> dict[UUID, database.Row]:
    table, values = database.as_table("a", {"id": "uuid"}, [(account,) for account in accounts], first=1)
    rows = await database.fetch(f"SELECT s.* FROM reminder_settings s JOIN {table} ON a.id = s.account", *values)
    return {row["account"]: row for row in rows}


async def _subjects(rows: Sequence[database.Row]) -> dict[UUID, tuple[Subject, str]]:
    wanted = sorted({row["appointment"] for row in rows if row["appointment"] is not None})
    if not wanted:
        return {}
    table, values = database.as_table("w", {"id": "uuid"}, [(appointment,) for appointment in wanted], first=1)
    counted = await database.fetch(
        "SELECT s.appointment, COUNT(*) AS steps FROM reminder_steps s "
        f"JOIN {table} ON w.id = s.appointment GROUP BY s.appointment",
        *values,
    )
    steps = {row["appointment"]: row["steps"] for row in counted}
    return {
        row["id"]: (
            Subject(
                row["kind"], row["starts_wall"], row["zone"], row["starts_at"], row["state"] == "cancelled",
                steps.get(row["id"], 0),
            ),
            row["state"],
        )
        for row in await subjects_of(wanted)
    }  # fmt: skip


async def _digests(therapists: Mapping[UUID, Ways], people: Mapping[UUID, Person], now: int) -> dict[UUID, Words]:
    """Return the words of each therapist's digest; none for whom there is nothing to tell."""
    if not therapists:
        return {}
    accounts = sorted(therapists)
    to_read = await waiting_to_read(accounts)
    unconfirmed = await unconfirmed_of(accounts, now, now + UNCONFIRMED_AHEAD)
    ending = await ending_invitations(
        [(account, days_later(people[account], now, ENDING_AHEAD)) for account in accounts], now
    )
    # One way only is a way: it isn't counted here.
    unreached = {
        account: sum(one.why != "push-only" for one in await unreachable_of(account, now)) for account in accounts
    }
    waiting = {
        account: Waiting(
            to_read.get(account, 0), unconfirmed.get(account, 0), unreached[account], ending.get(account, 0)
        )
        for account in accounts
    }
    return {account: digest_words(therapists[account].locale, one) for account, one in waiting.items() if any(one)}
