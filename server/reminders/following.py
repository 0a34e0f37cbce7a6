"""What follows for reminders from changes elsewhere, each in the transaction of the change."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from server import database
from server.accounts.erasure import before_erasing
from server.accounts.preferences import when_account_made, when_preferences_change
from server.accounts.sessions import when_signed_in
from server.accounts.structs import NewAccount
from server.appointments.changing import OPEN, when_appointments_are_forgotten, when_appointments_change
from server.appointments.structs import What
from server.channels.reachable import when_reachable
from server.clock import DAY
from server.records.saving import Shared, when_shared
from server.reminders.planner import Standing, add_by_itself, channels_of, next_working_moment, replan, standing
from server.reminders.planning import Session
from server.reminders.preferences import leave_buttons_off
from server.reminders.settling import Settled, settle
from server.reminders.structs import Kind, Why

TOLD: tuple[What, ...] = ("booked", "moved", "cancelled", "reopened")
"""What a patient is told of, when somebody else did it."""
TELL_A_TIME: tuple[Kind, ...] = ("session", "step", "snoozed", "change")
"""What says when a session is: a person may believe it until something else takes its place."""
READ_SOON = 2
GONE = "gone"
"""Where a session stands that went with its therapist's account; in no table."""
TELL_A_SIGN_IN = 3 * DAY


@when_appointments_change
async def follow_appointments(rows: Sequence[database.Row], what: What, by: UUID) -> None:
    """Plan anew for both sides of appointments, and tell patients what others changed. About a dozen statements a person."""
    now = rows[0]["changed_at"]
    of_patient: dict[UUID, list[database.Row]] = defaultdict(list)
    for row in rows:
        of_patient[row["patient"]].append(row)
    for account in sorted({*of_patient, *(row["therapist"] for row in rows)}):
        await replan(account, now)
        if what in TOLD and account in of_patient and account != by:
            await _tell_of_change(account, of_patient[account], now)


@when_appointments_are_forgotten
async def follow_forgotten_appointments(rows: Sequence[database.Row], erased: UUID, now: int) -> None:
    """Plan anew for whose sessions went with the other side's account, and tell patients which don't stand any more."""
    for account in sorted({account for row in rows for account in (row["patient"], row["therapist"])} - {erased}):
        await replan(account, now)
        off = [row for row in rows if row["patient"] == account and row["state"] in OPEN]
        if off:
            await _tell_of_change(account, off, now, "account-closed")


async def _tell_of_change(patient: UUID, rows: Sequence[database.Row], now: int, earlier: Why = "moved") -> None:
    """Plan one notice for all that changed at once, and one for each other session of which a phone may still say how it stood.

    Each has its session's Topic, so that it takes the place of what was there before. `earlier` is why notices of earlier
    changes aren't wanted any more.
    """
    await _drop_earlier_notices(patient, [row["id"] for row in rows], earlier, now)
    ahead = sorted((row for row in rows if row["starts_at"] > now), key=lambda row: (row["starts_at"], row["id"]))
    found = await standing(patient, now)
    if found is None or not ahead:
        return
    told = await _told_about(patient, [row["id"] for row in ahead])
    for row in ahead:
        if row["id"] in told or (row is ahead[0] and found.has("change")):
            await _notice(found, row, now)


async def _notice(found: Standing, row: database.Row, now: int) -> None:
    # One that is gone has no times any more: nothing said of it counts.
    session = found.sessions.get(row["id"]) or Session(
        row["id"], row["kind"], row["starts_at"], row["minutes"], GONE, 0
    )
    useful_until = min(row["starts_at"], now + DAY)
    key = (row["id"], GONE if session.state == GONE else row["version"])
    await add_by_itself(found, "change", key, session, due=now, useful_until=useful_until, now=now)


async def _drop_earlier_notices(patient: UUID, appointments: Sequence[UUID], why: Why, now: int) -> None:
    """Settle notices of earlier changes that nobody is known to have seen: what follows says how things stand."""
    rows = await database.fetch(
        "SELECT id FROM reminders WHERE account = $1 AND kind = 'change' "
        f"AND appointment IN ({database.parameters(2, len(appointments))})",
        patient, *appointments,
    )  # fmt: skip
    await settle([Settled(row["id"], "not-wanted", why=why) for row in rows], now)


async def _told_about(patient: UUID, appointments: Sequence[UUID]) -> set[UUID]:
    """Return those of the sessions whose time was told, or may have been: an attempt is under way, or nobody knows how it went.

    All that was sent is settled here: what hadn't been was settled by the change. One statement.
    """
    kinds = ", ".join(f"'{kind}'" for kind in TELL_A_TIME)
    rows = await database.fetch(
        "SELECT DISTINCT s.appointment FROM settled_reminders s JOIN deliveries d ON d.reminder = s.id "
        f"WHERE s.account = $1 AND s.kind IN ({kinds}) AND (d.result IS NULL OR d.result = 'accepted' OR d.why = 'time-out') "
        f"AND s.appointment IN ({database.parameters(2, len(appointments))})",
        patient, *appointments,
    )  # fmt: skip
    return {row["appointment"] for row in rows}


@when_account_made
async def follow_sign_up(new: NewAccount, now: int) -> None:  # noqa: ARG001 - the hook's shape
    """Leave buttons off the notices of who says that somebody else looks: they act without anybody showing who they are."""
    if new.others_look:
        await leave_buttons_off(new.id)


@when_signed_in
async def follow_sign_in(account: UUID, session: UUID, now: int) -> None:
    """Tell of a sign-in by each way that there is: somebody else's hand on one of them mustn't keep it from the other.

    Planned like any notice, so that no push service or mail server holds a sign-in up.
    """
    channels = await channels_of(account)
    found = await standing(account, now) if channels else None
    if found is not None:
        for channel in sorted(channels):
            await add_by_itself(
                found,
                "sign-in",
                (session, channel),
                None,
                due=now,
                useful_until=now + TELL_A_SIGN_IN,
                now=now,
                channel=channel,
            )


@when_preferences_change
async def follow_preferences(account: UUID, now: int) -> None:
    """Plan anew for who has another language or time zone."""
    await replan(account, now)


@when_reachable
async def follow_reachability(account: UUID, now: int) -> None:
    """Plan anew for who has a new device or mailbox: what had nowhere to go has somewhere."""
    await replan(account, now)


@when_shared
async def follow_sharing(shared: Shared, now: int) -> None:
    """Plan what tells a patient of an answer to an own entry, and a therapist of what is to be read soon."""
    for reader in sorted(shared.attention):
        answered = reader in shared.new and shared.about_owner == reader
        if not answered and shared.attention[reader] != READ_SOON:
            continue
        found = await standing(reader, now)
        if found is None:
            continue
        if answered and found.ways.role == "patient":
            await _answer_waits(reader, now)
            await replan(reader, now)
        elif found.ways.role == "therapist" and found.has("read-soon"):
            due = next_working_moment(found, now)
            await add_by_itself(
                found, "read-soon", (shared.record,), None, due=due, useful_until=due + 3 * DAY, now=now
            )


async def _answer_waits(patient: UUID, now: int) -> None:
    """Note since when an answer waits; one that waits already is told with it."""
    await database.fetch(
        "UPDATE reminder_settings SET answers_since = $2 WHERE account = $1 AND NOT EXISTS (SELECT 1 FROM reminders r "
        "WHERE r.account = $1 AND r.kind = 'answers' AND r.state = 'planned' AND r.due_at > $2)",
        patient, now,
    )  # fmt: skip


@before_erasing
async def forget_reminders(account: UUID, now: int) -> None:  # noqa: ARG001 - the hook's shape
    """Remove what became of an account's reminders; what is on its way goes with the account."""
    await database.fetch("DELETE FROM settled_reminders WHERE account = $1", account)
    await database.fetch("DELETE FROM deliveries WHERE account = $1", account)
