"""Push services that fail: they are left in peace, and nobody waits longer than it takes to see that they are well again."""

from functools import partial
from uuid import uuid4

from server import database
from server.clock import HOUR, MINUTE, SECOND
from server.reminders.planner import insert
from server.reminders.planning import Planned
from tests.api.people import Person
from tests.conftest import Running
from tests.reminders.sending import ACCEPTED, LATER, Outside


async def test_a_push_service_that_fails_is_left_in_peace_shortly_and_longer_each_time_that_it_fails_again(
    running: Running, people: tuple[Person, Person], outside: Outside
) -> None:
    _, patient = people
    await patient.http.get("/api/reminders/settings")

    async def sent(tests: int) -> int:
        """Have so many more be due, and send what may go out; returns how many did."""
        now = running.time.now
        wanted = [Planned(uuid4(), "test", None, None, now, now + HOUR, 0) for _ in range(tests)]
        await database.in_transaction(partial(insert, patient.id, wanted))
        before = len(outside.push.got)
        await outside.send_due()
        return len(outside.push.got) - before

    for longest in (5, 10, 20, 30, 30):
        outside.push.answer = lambda _message: LATER
        assert await sent(10) >= 10
        # What waits now has no attempt, and goes when the rest is over.
        outside.push.answer = lambda _message: ACCEPTED
        assert await sent(1) == 0
        running.time.move(longest * SECOND // 2 - 1)
        assert await sent(0) == 0
        running.time.move(longest * SECOND // 2 + 2 * SECOND)
        outside.push.answer = lambda _message: LATER
    outside.push.answer = lambda _message: ACCEPTED
    running.time.move(MINUTE)
    assert await sent(1) > 1
    outside.push.answer = lambda _message: LATER
    assert await sent(10) >= 10
    outside.push.answer = lambda _message: ACCEPTED
    running.time.move(7 * SECOND)
    assert await sent(1) >= 1  # once something had arrived, a rest is a short one again
