"""Mail that comes back after a mail server had taken it: the address is closed, the reminder has failed, and nobody can forge that."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any, Literal
from uuid import uuid4

import pytest

from server import database
from server.channels.letters import Letter
from server.channels.mailing import MailOutcome, MailSender
from server.channels.reports import NoReport
from server.channels.returns import Returned, ReturnPaths, read_returned, take_back
from server.clock import DAY, HOUR
from tests.api.appointments import book, pair
from tests.api.people import Person, join
from tests.api.test_mailbox import ask, confirmed, open_to, shown, tap, token_in
from tests.channels.bounces import FORMS, bounce
from tests.conftest import Running
from tests.mail_server import MailServer, mail_server
from tests.reminders.sending import RETURNS, Mailboxes, Outside, reminders, say_shown, ways, with_mailbox, with_phone


@pytest.fixture
async def post(running: Running) -> AsyncIterator[MailServer]:
    """The mail server that the app sends by, with return paths."""
    async with mail_server() as server:
        settings = replace(server.settings(running.settings), mail_returns=RETURNS)
        running.app.state.mail = MailSender(settings, running.time)
        yield server


def paths(running: Running) -> ReturnPaths:
    return ReturnPaths(RETURNS, running.app.state.installation.address_secret)


async def comes_back(running: Running, content: bytes, recipient: str = "") -> str:
    """Have a mail come back; returns what is said of it."""
    return await take_back(read_returned(content, RETURNS, recipient), paths(running), running.time.now)


async def mailed(running: Running, outside: Outside) -> tuple[Person, Person, str]:
    """A therapist, and a patient to whom a change went by mail; and that letter's return path."""
    therapist, patient = await pair(running)
    await with_mailbox(patient)
    await book(therapist, patient, 7)
    await outside.send_due()
    path = outside.mail.got[-1][1].return_path
    assert path is not None
    return therapist, patient, path


@pytest.mark.parametrize("form", FORMS)
async def test_an_address_that_isnt_there_is_closed_and_the_reminder_has_failed(
    running: Running, outside: Outside, form: str
) -> None:
    therapist, patient, path = await mailed(running, outside)
    assert ways(await reminders(patient, "change")) == [("change", "delivered", None)]
    assert await comes_back(running, bounce(form, path)) == "gone"
    assert ways(await reminders(patient, "change")) == [("change", "failed", "mailbox-refused")]
    assert (await shown(patient))["refused"] is not None
    assert (await therapist.http.get("/api/reminders/unreachable")).json()[0]["why"] == "mailbox-refused"
    running.time.move(HOUR)
    await book(therapist, patient, 8)
    await outside.send_due()
    assert len(outside.mail.got) == 1


@pytest.mark.parametrize(
    ("status", "action", "said", "became"),
    [
        ("5.7.1", "failed", "lost", ("change", "failed", "mail-returned")),
        ("4.4.7", "failed", "lost", ("change", "failed", "mail-returned")),
        ("4.4.1", "delayed", "delayed", ("change", "delivered", None)),
    ],
)
async def test_what_says_nothing_of_the_address_leaves_it_open(
    running: Running, outside: Outside, status: str, action: str, said: str, became: Any
) -> None:
    _, patient, path = await mailed(running, outside)
    assert await comes_back(running, bounce("Postfix", path, status, "", action)) == said
    assert await open_to(patient) == {patient.email}
    assert ways(await reminders(patient, "change")) == [became]
    (delivery,) = await database.fetch("SELECT result, why FROM deliveries")
    assert delivery["why"] == ("delayed" if said == "delayed" else "mail-returned")


class Hurried(Mailboxes):
    """A mail server whose report of a letter comes while the letter is still being handed over."""

    def __init__(self, running: Running, *reports: tuple[str, str]) -> None:
        super().__init__()
        self._running, self._reports = running, reports

    async def send(self, to: str, letter: Letter) -> MailOutcome:
        """Take a letter, and have it come back before that is known."""
        taken = await super().send(to, letter)
        for status, action in self._reports:
            await comes_back(self._running, bounce("Postfix", letter.return_path or "", status, "", action))
        return taken


LATE, NOBODY, POLICY = ("4.4.1", "delayed"), ("5.1.1", "failed"), ("5.7.1", "failed")


@pytest.mark.parametrize(
    ("reports", "became", "noted"),
    [
        ([NOBODY], ("change", "failed", "mailbox-refused"), ("returned", "mailbox-refused")),
        ([POLICY], ("change", "failed", "mail-returned"), ("returned", "mail-returned")),
        ([LATE], ("change", "delivered", None), ("accepted", "delayed")),
        ([LATE, NOBODY], ("change", "failed", "mailbox-refused"), ("returned", "mailbox-refused")),
        ([NOBODY, LATE], ("change", "failed", "mailbox-refused"), ("returned", "mailbox-refused")),
    ],
)
@pytest.mark.parametrize("first", ["the report", "that it was taken"])
async def test_a_report_says_the_same_whether_it_comes_before_or_after_it_is_written_down_that_the_letter_was_taken(
    running: Running, outside: Outside, reports: Any, became: Any, noted: Any, first: str
) -> None:
    if first == "the report":
        _, patient, _ = await mailed(running, Outside(running, mail=Hurried(running, *reports)))
    else:
        _, patient, path = await mailed(running, outside)
        for status, action in reports:
            await comes_back(running, bounce("Postfix", path, status, "", action))
    assert ways(await reminders(patient, "change")) == [became]
    (delivery,) = await database.fetch("SELECT result, why FROM deliveries")
    assert (delivery["result"], delivery["why"]) == noted


async def test_the_same_again_changes_nothing_and_neither_does_it_after_a_new_confirmation(
    running: Running, outside: Outside, post: MailServer
) -> None:
    _, patient, path = await mailed(running, outside)
    for _ in range(2):
        assert await comes_back(running, bounce("Gmail", path)) == "gone"
        running.time.move(HOUR)
        assert (await ask(patient)).status_code == 204
    # The second copy doesn't outdate the link that was mailed between them.
    assert (await tap(running, token_in(post.letters[0]))).status_code == 200
    assert await open_to(patient) == {patient.email}
    running.time.move(DAY)
    assert await comes_back(running, bounce("Gmail", path)) == "gone"
    assert await open_to(patient) == {patient.email}


async def test_a_confirmation_that_comes_back_is_told_in_the_app(running: Running, post: MailServer) -> None:
    therapist = await confirmed(running, post)
    other = await join(therapist)
    assert (await ask(other)).status_code == 204
    path = post.return_paths[-1]
    assert path.startswith("returned+")
    assert path.endswith("@journal.example.org")
    assert post.letters[-1]["From"] == "Aftertide <reminders@journal.example.org>"
    assert await comes_back(running, bounce("Exchange", path)) == "gone"
    assert (await shown(other))["refused"] is not None
    assert (await shown(therapist))["refused"] is None
    # Of the one that was confirmed, what comes back is older than that its reader tapped in it.
    assert await comes_back(running, bounce("Exchange", post.return_paths[0])) == "gone"
    assert (await shown(therapist))["refused"] is None


async def test_what_a_device_showed_stays_delivered_when_its_mail_comes_back(
    running: Running, outside: Outside
) -> None:
    therapist, patient = await pair(running)
    await with_mailbox(await with_phone(patient))
    await book(therapist, patient, 7)
    await outside.send_due()
    running.time.move(HOUR)
    await outside.send_due()
    path = outside.mail.got[-1][1].return_path
    assert path is not None
    assert await comes_back(running, bounce("Postfix", path)) == "gone"
    assert ways(await reminders(patient, "change")) == [("change", "failed", "mailbox-refused")]
    assert await say_shown(running, outside.push.tokens[0]) == 204
    assert ways(await reminders(patient, "change")) == [("change", "delivered", None)]
    assert await comes_back(running, bounce("Postfix", path)) == "gone"
    assert ways(await reminders(patient, "change")) == [("change", "delivered", None)]


How = Literal["another letter", "another mac", "another secret", "another address now", "a letter that is gone"]


@pytest.mark.parametrize("how", How.__args__)  # type: ignore[attr-defined]  # what a Literal has
async def test_nobody_can_say_of_an_address_that_it_is_gone_without_a_letter_to_it(
    running: Running, outside: Outside, how: How
) -> None:
    _, patient, path = await mailed(running, outside)
    returned = read_returned(bounce("Postfix", path), RETURNS)
    known = paths(running)
    if how == "another letter":
        returned = read_returned(bounce("Postfix", known.of(uuid4(), patient.email) or ""), RETURNS)
    elif how == "another mac":
        returned = Returned(returned.letter, bytes(10), returned.fate, returned.status)
    elif how == "another secret":
        forged = known._replace(secret=bytes(32)).of(returned.letter, patient.email)
        returned = read_returned(bounce("Postfix", forged or ""), RETURNS)
    elif how == "another address now":
        await database.fetch("UPDATE accounts SET email = 'new@example.org' WHERE id = $1", patient.id)
    else:
        await database.fetch("DELETE FROM deliveries")
    assert await take_back(returned, known, running.time.now) == "unknown"
    assert len(await open_to(patient)) == 1


async def test_a_return_path_is_known_again_however_a_mail_server_writes_it(running: Running, outside: Outside) -> None:
    _, _, path = await mailed(running, outside)
    assert path == path.lower()
    assert len(path.partition("@")[0]) <= 64
    content = bounce("Postfix", path)
    for recipient in ("", path, path.upper(), path.capitalize()):
        assert await comes_back(running, content, recipient) == "gone"
    stranger = bounce("Postfix", "returned@journal.example.org")
    assert await comes_back(running, stranger, path) == "gone"  # as the envelope says
    for wrong in (
        "",
        "returned@journal.example.org",
        path.replace("journal.", "other."),
        path.replace("+", "+a"),
        "+" + path,
    ):
        with pytest.raises(NoReport):
            read_returned(stranger, RETURNS, wrong)


async def test_who_has_erased_their_account_is_nobody(running: Running, outside: Outside) -> None:
    _, patient, path = await mailed(running, outside)
    (await patient.http.post("/api/account/erase")).raise_for_status()
    assert await comes_back(running, bounce("Postfix", path)) == "unknown"


async def test_without_a_place_for_returns_letters_are_from_whom_they_say(running: Running) -> None:
    assert ReturnPaths("", b"x").of(uuid4(), "ana@example.org") is None
    async with mail_server() as server:
        running.app.state.mail = MailSender(server.settings(running.settings), running.time)
        await confirmed(running, server)
        assert server.return_paths == ["reminders@journal.example.org"]
