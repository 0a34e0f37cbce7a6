"""What every change of an appointment does: hold what it was checked against, write, note it down, tell both sides.

Locks are taken in one order: relations first (as a save with readers and an erasure do), then appointments in id order.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import NamedTuple, Protocol
from uuid import UUID

from server import database
from server.appointments.errors import NoSuchAppointment
from server.appointments.structs import State, What
from server.care.relations import active_partners
from server.web.access import Role
from server.web.live import live

WhenChanged = Callable[[Sequence[database.Row], What, UUID], Awaitable[None]]
_when_changed: list[WhenChanged] = []


def when_appointments_change(hook: WhenChanged) -> WhenChanged:
    """Register what a domain above does, in the same transaction, when appointments change: `hook(rows, what, by)`."""
    _when_changed.append(hook)
    return hook


WhenForgotten = Callable[[Sequence[database.Row], UUID, int], Awaitable[None]]
_when_forgotten: list[WhenForgotten] = []


def when_appointments_are_forgotten(hook: WhenForgotten) -> WhenForgotten:
    """Register what a domain above does, in the same transaction, when appointments have gone with an account: `hook(rows, erased, now)`."""
    _when_forgotten.append(hook)
    return hook


OPEN: tuple[State, ...] = ("proposed", "confirmed", "change-requested")
"""The states of what may still be moved, answered, held or cancelled."""
NOTED_AT_ONCE = 100


class Side(Protocol):
    """Who acts on an appointment: the caller of a request, or who holds the token of a notice."""

    @property
    def account(self) -> UUID:
        """Whose appointment it is."""

    @property
    def role(self) -> Role:
        """Which of its two sides."""


class Held(NamedTuple):
    """Appointments that don't change until the running transaction ends."""

    rows: dict[UUID, database.Row]
    partners: set[UUID]
    """Those of their other sides whom the caller works with now; that doesn't end before the transaction, either."""


async def hold(caller: Side, appointments: Sequence[UUID]) -> Held:
    """Hold appointments of the caller's inside the running transaction; raises NoSuchAppointment. Three statements."""
    other = "therapist" if caller.role == "patient" else "patient"
    found = await database.fetch(
        f"SELECT {other} AS account FROM appointments "
        f"WHERE {caller.role} = $1 AND id IN ({database.parameters(2, len(appointments))})",
        caller.account, *appointments,
    )  # fmt: skip
    if len(found) != len(appointments):
        raise NoSuchAppointment
    partners = await active_partners(caller.account, sorted({row["account"] for row in found}))
    rows = await database.fetch(
        f"SELECT * FROM appointments WHERE id IN ({database.parameters(1, len(appointments))}) ORDER BY id"
        + database.for_update(),
        *appointments,
    )
    if len(rows) != len(appointments):  # erased since the first look
        raise NoSuchAppointment
    return Held({row["id"]: row for row in rows}, partners)


async def set_state(appointment: UUID, state: State, what: What, by: UUID, now: int) -> database.Row:
    """Give a held appointment another state, and note it down; returns its row. Two statements."""
    rows = await database.fetch(
        "UPDATE appointments SET state = $2, version = version + 1, changed_at = $3 WHERE id = $1 RETURNING *",
        appointment,
        state,
        now,
    )
    await note(rows, what, by)
    return rows[0]


async def note(rows: Sequence[database.Row], what: What, by: UUID) -> None:
    """Note down what has just been done to appointments, given as they stand now, and tell both sides after the commit.

    One statement for each hundred.
    """
    for start in range(0, len(rows), NOTED_AT_ONCE):
        some = rows[start : start + NOTED_AT_ONCE]
        values = [
            (row["id"], row["version"], by, row["changed_at"], what, row["starts_wall"], row["zone"], row["minutes"], row["state"])
            for row in some
        ]  # fmt: skip
        await database.fetch(
            "INSERT INTO appointment_changes (appointment, version, changed_by, changed_at, what, starts_wall, zone, minutes, state) "
            f"VALUES {database.value_rows(values)}",
            *(value for row_of in values for value in row_of),
        )
    if rows:
        for hook in _when_changed:
            await hook(rows, what, by)
    tell(rows)


async def forget(rows: Sequence[database.Row], erased: UUID, now: int) -> None:
    """Say that appointments, given as they stood, are gone with the account of one of their two sides."""
    for hook in _when_forgotten if rows else ():
        await hook(rows, erased, now)
    tell(rows)


def tell(rows: Iterable[database.Row]) -> None:
    """Tell both sides of appointments, once the running transaction is committed, that something changed."""
    told = frozenset(account for row in rows for account in (row["therapist"], row["patient"]))
    if told:
        database.after_commit(lambda: live.changed(told))
