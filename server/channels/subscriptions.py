"""Which devices take pushes: as their browsers say at each start, and as what is sent to them shows."""

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID, uuid4

from server import database
from server.channels.endpoints import check_endpoint, check_keys
from server.channels.reachable import now_reachable
from server.channels.structs import NewSubscription, OwnSubscription, PushDevice, PushState, SubscriptionView
from server.clock import HOUR, to_datetime, to_optional_datetime
from server.database import Row
from server.web.access import Caller, NotSignedIn
from server.web.throttle import spend

CHANGES_AN_HOUR = 20
_STANDING = "created_at, shown_at, failing_since, ended_at, ended_why"


class Subscription(NamedTuple):
    """A running subscription, as the dispatcher needs it."""

    id: UUID
    endpoint: str
    service: str
    p256dh: bytes
    auth: bytes


async def keep(
    caller: Caller, said: NewSubscription, allowed: Sequence[str], now: int, *, secret: bytes
) -> SubscriptionView:
    """Compare what the calling device's browser says with what is kept for it, and keep what is new; returns how it stands.

    The same address stays as it is, ended or not: a device whose subscription has ended needs another one of its browser.
    Another one takes its place under an id of its own, so that outcomes of the former don't count for it. An address that is
    kept for another session moves here, since this browser has it now. Raises UnknownPushService, MalformedSubscription, and
    SlowDown after 20 changes of an account in an hour.
    """
    service = check_endpoint(said.endpoint, allowed)
    check_keys(said.p256dh, said.auth)
    same = await database.fetch_one(
        "UPDATE push_subscriptions SET checked_at = $5 WHERE session = $1 AND endpoint = $2 AND p256dh = $3 AND auth = $4 "
        f"RETURNING {_STANDING}",
        caller.session, said.endpoint, said.p256dh, said.auth, now,
    )  # fmt: skip
    if same is not None:
        return _view(same)
    await spend(secret, now, f"push|{caller.account}", most=CHANGES_AN_HOUR, window=HOUR)

    async def work() -> Row:
        # What is left behind keeps neither address nor keys: they are the other session's no longer.
        await database.fetch(
            "UPDATE push_subscriptions SET ended_at = $3, ended_why = 'replaced', endpoint = '', p256dh = $4, auth = $4 "
            "WHERE endpoint = $1 AND session <> $2 AND ended_at IS NULL",
            said.endpoint, caller.session, now, b"",
        )  # fmt: skip
        await database.fetch("DELETE FROM push_subscriptions WHERE session = $1", caller.session)
        rows = await database.fetch(
            "INSERT INTO push_subscriptions (id, account, session, endpoint, service, p256dh, auth, created_at, checked_at) "
            f"VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8) RETURNING {_STANDING}",
            uuid4(), caller.account, caller.session, said.endpoint, service, said.p256dh, said.auth, now,
        )  # fmt: skip
        await now_reachable(caller.account, now)
        return rows[0]

    try:
        return _view(await database.in_transaction(work))
    except Exception as error:
        if database.is_missing_reference(error):  # signed out, or erased, meanwhile
            raise NotSignedIn from None
        raise


async def own(session: UUID) -> OwnSubscription:
    """Return how the subscription of one's own device stands, if there is one."""
    row = await database.fetch_one(f"SELECT {_STANDING} FROM push_subscriptions WHERE session = $1", session)
    return OwnSubscription(None if row is None else _view(row))


async def end(session: UUID) -> None:
    """Forget the subscription of a device, if there is one: nothing more is sent to it."""
    await database.fetch("DELETE FROM push_subscriptions WHERE session = $1", session)


async def devices(caller: Caller, now: int) -> list[PushDevice]:
    """List the signed-in devices of an account that take pushes, or did, the last seen first."""
    rows = await database.fetch(
        f"SELECT s.id AS device, s.label, {', '.join(f'p.{name}' for name in _STANDING.split(', '))} "
        "FROM push_subscriptions p JOIN sessions s ON s.id = p.session "
        "WHERE p.account = $1 AND s.expires_at > $2 ORDER BY s.seen_at DESC, s.id",
        caller.account, now,
    )  # fmt: skip
    return [
        PushDevice(
            device=row["device"], label=row["label"], current=row["device"] == caller.session, subscription=_view(row)
        )
        for row in rows
    ]


def _view(row: Row) -> SubscriptionView:
    return SubscriptionView(
        state=_state(row),
        why=row["ended_why"],
        since=to_datetime(row["created_at"]),
        last_shown=to_optional_datetime(row["shown_at"]),
    )


def _state(row: Row) -> PushState:
    if row["ended_at"] is not None:
        return "ended"
    if row["failing_since"] is not None:
        return "failing"
    return "not-shown-yet" if row["shown_at"] is None else "works"


async def subscriptions_of(accounts: Sequence[UUID]) -> dict[UUID, list[Subscription]]:
    """Return the running subscriptions of each account that has one. One statement."""
    if not accounts:
        return {}
    rows = await database.fetch(
        "SELECT id, account, endpoint, service, p256dh, auth FROM push_subscriptions "
        f"WHERE ended_at IS NULL AND account IN ({database.parameters(1, len(accounts))}) ORDER BY created_at, id",
        *accounts,
    )
    found: dict[UUID, list[Subscription]] = {}
    for row in rows:
        found.setdefault(row["account"], []).append(
            Subscription(row["id"], row["endpoint"], row["service"], bytes(row["p256dh"]), bytes(row["auth"]))
        )
    return found


async def note_outcomes(
    ok: Sequence[UUID], gone: Sequence[UUID], failed: Sequence[UUID], now: int, *, refused: Sequence[UUID] = ()
) -> None:
    """Note what push services said of subscriptions, by id: a statement for each kind that there is.

    `ok` took a push; `gone` are known no longer and `refused` take nothing, which ends both; `failed` are to be tried again.
    What has ended stays as it is, and an unknown id changes nothing.
    """
    for ids, change in (
        (ok, "accepted_at = $1, failing_since = NULL"),
        (failed, "failing_since = COALESCE(failing_since, $1)"),
        (gone, "ended_at = $1, ended_why = 'gone'"),
        (refused, "ended_at = $1, ended_why = 'refused'"),
    ):
        if ids:
            # In one order: two dispatchers that note of the same devices wait for each other and never crosswise.
            await database.fetch(
                f"UPDATE push_subscriptions SET {change} WHERE id IN (SELECT id FROM push_subscriptions "
                f"WHERE id IN ({database.parameters(2, len(ids))}) AND ended_at IS NULL ORDER BY id{database.for_update()})",
                now, *ids,
            )  # fmt: skip


async def note_shown(subscription: UUID, now: int) -> None:
    """Note that a device said it had shown a push; what is unknown, or has ended, stays as it is."""
    await database.fetch(
        "UPDATE push_subscriptions SET shown_at = $2, failing_since = NULL WHERE id = $1 AND ended_at IS NULL",
        subscription, now,
    )  # fmt: skip
