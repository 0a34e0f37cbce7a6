"""A request cancelled at any of its awaits leaves no half-made change and no lost connection."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest

from server import database
from tests.api.appointments import history, in_days, listed, move, moved, new, pair, send
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.conftest import Running

STEPS = ("_acquire", "_statement", "_run", "_release")


@pytest.fixture(autouse=True)
def nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the app's own sweep, which has connections of its own at the start and each minute, out of what is counted here."""

    async def nothing(*_: object) -> None:
        return None

    monkeypatch.setattr("server.app.sweep", nothing)


class Cancelling:
    """Cancels the running task at the n-th step that the database takes, before or after the step itself."""

    def __init__(self, at: int, *, after: bool) -> None:
        self.left = at
        self.after = after
        self.done = False

    def wrap(self, step: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def stepping(*args: Any, **kwargs: Any) -> Any:
            self.left -= 1
            now = self.left == 0
            task = asyncio.current_task()
            assert task is not None
            if now and not self.after:
                self.done = True
                task.cancel()
            result = await step(*args, **kwargs)
            if now and self.after:
                self.done = True
                task.cancel()
            return result

        return stepping


@contextmanager
def cancelling(monkeypatch: pytest.MonkeyPatch, at: int, *, after: bool) -> Any:
    with monkeypatch.context() as patched:
        cancels = Cancelling(at, after=after)
        for name in STEPS:
            patched.setattr(database.engine(), name, cancels.wrap(getattr(database.engine(), name)))
        yield cancels


async def whole() -> None:
    """Wait until every connection is back and none is in a transaction: a write and as many reads as there are readers go through.

    Raises TimeoutError after five seconds. Where the giving back itself was cancelled, the pool goes on with it by itself.
    """

    async def write() -> None:
        async with database.transaction():
            await database.fetch("UPDATE throttles SET failures = failures")

    pool = getattr(database.engine(), "pool", None)
    async with asyncio.timeout(5):
        await write()
        await asyncio.gather(*(database.fetch("SELECT 1 AS one") for _ in range(8)))
        while pool is not None and pool.get_idle_size() != pool.get_size():  # noqa: ASYNC110 - the pool tells nobody
            await asyncio.sleep(0.01)


async def cancelled_everywhere(
    monkeypatch: pytest.MonkeyPatch, request: Callable[[], Awaitable[Any]], check: Callable[[], Awaitable[None]]
) -> int:
    """Cancel `request` at its first, second … step until it runs through; after each, `check` must hold."""
    for after in (False, True):
        for at in range(1, 200):
            with cancelling(monkeypatch, at, after=after) as cancels:
                task = asyncio.ensure_future(request())
                await asyncio.wait([task])
            await whole()
            await check()
            if not cancels.done:
                break
        else:
            raise AssertionError("the request never ran through")
    return at


async def test_a_share_cancelled_anywhere_is_there_wholly_or_not_at_all(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    pending: dict[str, Any] = {}

    async def share() -> None:
        record = uuid4()
        pending.update(record=record, save=patient.revision(record, grants=[(therapist, 1)]))
        await patient.put(record, pending["save"])

    async def there_or_not() -> None:
        record = pending["record"]
        mine, theirs = await patient.sees(record), await therapist.sees(record)
        assert mine == theirs
        kept = await patient.put(record, pending["save"])
        assert kept.status_code == 200, kept.text
        assert await patient.sees(record) == await therapist.sees(record) == "record"

    assert await cancelled_everywhere(monkeypatch, share, there_or_not) > 8


async def test_taking_back_and_deleting_cancelled_anywhere_are_done_or_not(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    pending: dict[str, Any] = {}

    async def prepare() -> None:
        entry = await patient.save(grants=[(therapist, 1)])
        reply = await patient.save(about=entry, grants=[(therapist, 0)])
        pending.update(entry=entry, reply=reply, save=patient.revision(entry, grants=[]))

    async def take_back() -> None:
        await patient.put(pending["entry"], pending["save"])

    async def both_closed_or_neither() -> None:
        entry, reply = pending["entry"], pending["reply"]
        assert (await therapist.sees(entry), await therapist.sees(reply)) in (("record", "record"), ("gone", "gone"))
        assert (await patient.put(entry, pending["save"])).status_code == 200
        revision = patient.heads[entry][1]
        stone = {"revision": revision, "tombstone": b64(bytes(32))}
        assert (await patient.http.put(f"/api/records/{entry}/tombstone", json=stone)).status_code == 200
        await prepare()

    await prepare()
    assert await cancelled_everywhere(monkeypatch, take_back, both_closed_or_neither) > 8


async def test_a_sign_up_cancelled_anywhere_can_be_sent_again(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist = await begin(running)
    pending: dict[str, Any] = {}

    async def prepare() -> None:
        invitation, redeem = await invite(therapist)
        person = Person(running, f"{uuid4().hex}@example.org")
        body = {"answer": answer_to(redeem), "account": await person.new_account()}
        pending.update(path=f"/api/invitations/{invitation}/join", body=body, person=person, invitation=str(invitation))

    async def sign_up() -> None:
        await pending["person"].http.post(pending["path"], json=pending["body"])

    async def answered_once() -> None:
        answer = await pending["person"].http.post(pending["path"], json=pending["body"])
        assert answer.status_code == 200, answer.text
        shown = (await therapist.http.get("/api/invitations")).json()
        assert [view["invitee"] for view in shown if view["id"] == pending["invitation"]] == [str(pending["person"].id)]
        await prepare()

    await prepare()
    assert await cancelled_everywhere(monkeypatch, sign_up, answered_once) > 8


async def test_a_series_cancelled_anywhere_is_booked_and_moved_wholly_or_not_at_all(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist, patient = await pair(running)
    pending: dict[str, Any] = {}

    async def book() -> None:
        pending["series"] = [new(patient, days) for days in (1, 2, 3)]
        await send(therapist, *pending["series"])

    async def booked_or_not() -> None:
        ids = {one["id"] for one in pending["series"]}
        assert len(ids & {view["id"] for view in await listed(patient)}) in (0, 3)
        pending["views"] = (await send(therapist, *pending["series"])).raise_for_status().json()
        assert [len(await history(patient, one)) for one in ids] == [1, 1, 1]

    async def move_on() -> None:
        pending["moves"] = [moved(view, in_days(running, 9)) for view in pending["views"]]
        await move(therapist, *pending["moves"])

    async def moved_or_not() -> None:
        ids = {view["id"] for view in pending["views"]}
        versions = {view["version"] for view in await listed(patient) if view["id"] in ids}
        assert len(versions) == 1
        pending["views"] = (await move(therapist, *pending["moves"])).raise_for_status().json()

    assert await cancelled_everywhere(monkeypatch, book, booked_or_not) > 8
    assert await cancelled_everywhere(monkeypatch, move_on, moved_or_not) > 8
