"""A sign-in is told on the account's other devices and by mail, once, and holds nobody up."""

from datetime import datetime

import pytest

from server import database
from server.channels.mailing import MailOutcome
from server.clock import DAY, HOUR, MINUTE
from tests.api.authenticator import Authenticator
from tests.api.passkeys import add
from tests.api.passkeys import sign_in as sign_in_by_passkey
from tests.api.people import Person
from tests.conftest import ORIGIN, Running
from tests.reminders.sending import LATER, Outside, books, reminders, say_shown, ways, with_mailbox

People = tuple[Person, Person]
TOLD = "Someone signed in to your account on a new device. If it was you, all is well. If not: open the app, Devices."


@pytest.fixture(autouse=True)
def at_noon(running: Running) -> None:
    """Outside quiet hours, on the patient's clock and on the therapist's."""
    running.time.now = int(datetime.fromisoformat("2026-11-24T12:00+00:00").timestamp() * 1000)


async def sign_in_elsewhere(running: Running, person: Person) -> None:
    """Sign in on another device, which must work."""
    elsewhere = Person(running, person.email)
    assert (await elsewhere.sign_in(auth=person.passphrase_auth)).status_code == 200


async def test_a_sign_in_is_pushed_and_mailed_in_words_that_give_nothing_away(
    running: Running, people: People, outside: Outside
) -> None:
    patient = await with_mailbox(people[1])
    await sign_in_elsewhere(running, patient)
    await outside.send_due()
    (notice,) = outside.push.notices
    assert (notice["title"], notice["body"], notice["actions"]) == ("Aftertide", TOLD, [])
    assert notice["navigate"] == f"{ORIGIN}/you/devices"
    ((to, letter),) = outside.mail.got
    assert (to, letter.subject) == (patient.email, "A reminder from Aftertide")
    assert TOLD in letter.paragraphs
    assert letter.button is not None
    assert letter.button.address == f"{ORIGIN}/you/devices"

    assert await say_shown(running, notice["data"]["token"]) == 204
    assert ways(await reminders(patient, "sign-in")) == [("sign-in", "delivered", None)] * 2
    running.time.move(DAY)
    await outside.send_due()
    assert (len(outside.push.got), len(outside.mail.got)) == (1, 1)


async def test_every_sign_in_is_told_by_whichever_way_and_no_sign_up_is(
    running: Running, people: People, outside: Outside
) -> None:
    therapist, patient = people
    await outside.send_due()
    assert outside.push.got == []
    device = Authenticator()
    await add(patient, device)
    assert (await sign_in_by_passkey(running, device)).status_code == 200
    by_kit = Person(running, patient.email)
    assert (await by_kit.sign_in(method="recovery", auth=patient.kit_auth)).status_code == 200
    wrong = Person(running, patient.email)
    assert (await wrong.sign_in(auth=bytes(32))).status_code == 401
    await outside.send_due()
    assert [notice["body"] for notice in outside.push.notices] == [TOLD, TOLD]
    # Whom nothing reaches is told in the app only.
    await sign_in_elsewhere(running, therapist)
    assert await reminders(therapist, "sign-in") == []


async def test_mail_that_nobody_wants_isnt_sent(running: Running, people: People, outside: Outside) -> None:
    patient = await with_mailbox(people[1])
    assert (await patient.http.put("/api/mail", json={"wanted": False})).status_code == 204
    await sign_in_elsewhere(running, patient)
    await outside.send_due()
    assert (len(outside.push.got), outside.mail.got) == (1, [])


async def test_services_that_are_down_hold_no_sign_in_up_and_are_accounted_for(
    running: Running, people: People, outside: Outside
) -> None:
    patient = await with_mailbox(people[1])
    outside.push.answer = lambda _message: LATER
    outside.mail.answer = MailOutcome("later", None, "no-connection")
    await sign_in_elsewhere(running, patient)
    for _ in range(20):
        await outside.send_due()
        running.time.move(HOUR)
    assert (await books())["on its way"] == 2
    running.time.move(3 * DAY)
    await outside.send_due()
    assert sorted(ways(await reminders(patient, "sign-in"))) == [
        ("sign-in", "failed", "mail-server"), ("sign-in", "failed", "push-service"),
    ]  # fmt: skip


async def test_at_night_it_waits_for_the_morning(running: Running, people: People, outside: Outside) -> None:
    _, patient = people
    running.time.move(11 * HOUR)
    await sign_in_elsewhere(running, patient)
    await outside.send_due()
    assert outside.push.got == []
    running.time.move(9 * HOUR + MINUTE)
    await outside.send_due()
    assert len(outside.push.got) == 1


async def test_a_sign_in_that_starts_no_session_is_told_to_nobody(running: Running, people: People) -> None:
    from server.accounts import sessions
    from server.accounts.errors import WrongProof

    _, patient = people
    with pytest.raises(WrongProof):
        await sessions.start_proved_session(patient.id, "x", running.time.now, method="passphrase", auth=bytes(32))
    assert await database.fetch("SELECT id FROM reminders WHERE kind = 'sign-in'") == []
