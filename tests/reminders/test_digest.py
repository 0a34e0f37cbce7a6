"""A therapist's digest: how much waits, in numbers, and nobody's name."""

from datetime import UTC, datetime

from server.clock import DAY, HOUR
from tests.api.people import begin, invite, join
from tests.conftest import Running
from tests.reminders.sending import Outside, reminders, with_phone


def until_digest(running: Running, weekday: int) -> None:
    """Move the clock to the next digest on a day of the week, Monday being 0."""
    now = datetime.fromtimestamp(running.time.now / 1000, UTC)
    eight = now.replace(hour=8, minute=0, second=0, microsecond=0)
    days = (weekday - now.weekday() - 1) % 7 + 1
    running.time.now = int(eight.timestamp() * 1000) + days * DAY


async def test_invitations_that_end_soon_are_counted_as_long_as_nobody_has_answered(
    running: Running, outside: Outside
) -> None:
    until_digest(running, 0)
    therapist = await with_phone(await begin(running))
    for _ in range(2):
        await invite(therapist)  # these end next Monday at eight
    running.time.move(HOUR)
    withdrawn, _ = await invite(therapist)
    assert (await therapist.http.delete(f"/api/invitations/{withdrawn}")).status_code == 204
    await with_phone(await join(therapist))
    running.time.move(DAY)
    await invite(therapist)  # and this one next Tuesday at nine
    said = []
    for weekday in (2, 3, 4, 0):
        until_digest(running, weekday)
        outside.push.got.clear()
        await outside.send_due()
        said.append([notice["body"] for notice in outside.push.notices])
    # On Thursday two days that aren't off lead to Monday, on Monday what ended this minute isn't there any more.
    assert said == [[], ["2 invitations end soon."], ["2 invitations end soon."], ["1 invitation ends soon."]]


async def test_a_digest_with_nothing_in_it_doesnt_come(running: Running, outside: Outside) -> None:
    therapist = await with_phone(await begin(running))
    await invite(therapist)
    until_digest(running, 3)
    await outside.send_due()
    assert outside.push.got == []
    assert [one["why"] for one in await reminders(therapist, "digest") if one["outcome"]] == ["nothing-new"]
