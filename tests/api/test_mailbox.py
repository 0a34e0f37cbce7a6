"""Mail: an address is confirmed by who reads it, wanted by who has the account, and stopped by one tap, on both engines."""

import re
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from server import database
from server.accounts.sessions import hash_token
from server.app import sweep
from server.channels import mailbox
from server.channels.mailbox import MailboxGone, MailboxState, mailbox_states, mailboxes_of, note_refused, stop_address
from server.channels.mailing import MailSender
from server.clock import DAY, HOUR
from tests.api.appointments import refusal
from tests.api.people import Person, begin, join
from tests.conftest import ORIGIN, Running
from tests.mail_server import MailServer, html_of, mail_server, text_of

LINK = re.compile(rf"{re.escape(ORIGIN)}/mail#confirm=([A-Za-z0-9_-]{{43}})(?![A-Za-z0-9_-])")


@pytest.fixture
async def post(running: Running) -> AsyncIterator[MailServer]:
    """The mail server that the app sends by."""
    async with mail_server() as server:
        running.app.state.mail = MailSender(server.settings(running.settings), running.time)
        yield server


async def ask(who: Person) -> httpx.Response:
    """Ask for the mail that confirms one's address."""
    return await who.http.post("/api/mail/confirmation")


def token_in(letter: EmailMessage) -> str:
    """What the link of a confirmation carries."""
    found = LINK.search(text_of(letter))
    assert found is not None
    return found[1]


async def tap(running: Running, token: str, what: str = "confirm") -> httpx.Response:
    """Do what the page at a mail's link does, on any device, signed in or not."""
    async with running.browser() as http:
        return await http.post(f"/api/mail/{what}", json={"token": token})


async def press_stop(running: Running, address: str, **how: Any) -> httpx.Response:
    """Do what a mail provider does when somebody presses its button: no cookie, no Origin, one form field."""
    async with running.program() as http:
        return await http.post(address, **{"data": {"List-Unsubscribe": "One-Click"}, **how})


async def shown(who: Person) -> dict[str, Any]:
    """What a person is told of their mail."""
    told: dict[str, Any] = (await who.http.get("/api/mail")).raise_for_status().json()
    return told


async def confirmed(running: Running, post: MailServer, email: str = "rivera@example.org") -> Person:
    """Somebody who wants mail and has confirmed their address."""
    person = await begin(running, email)
    assert (await ask(person)).status_code == 204
    assert (await tap(running, token_in(post.letters[-1]))).json() == {"confirmed": "now"}
    return person


async def open_to(*people: Person) -> set[str]:
    """The addresses that mail may go to."""
    return {one.email for one in (await mailboxes_of([person.id for person in people])).values()}


# Confirming


async def test_mail_goes_to_an_address_once_its_reader_has_confirmed_it(running: Running, post: MailServer) -> None:
    therapist = await begin(running)
    assert await shown(therapist) == {
        "available": True, "email": "rivera@example.org", "confirmed": None, "wanted": False, "stopped": None, "refused": None,
    }  # fmt: skip
    assert (await ask(therapist)).status_code == 204
    assert post.recipients == ["rivera@example.org"]
    assert await open_to(therapist) == set()

    answer = await tap(running, token_in(post.letters[0]))

    assert (answer.status_code, answer.json()) == (200, {"confirmed": "now"})
    assert await open_to(therapist) == {"rivera@example.org"}
    told = await shown(therapist)
    assert told["wanted"]
    assert told["confirmed"].startswith("2026-11-18T")


@pytest.mark.parametrize(
    ("locale", "subject"), [("en-GB", "Confirm this address"), ("es-MX", "Confirma esta dirección")]
)
async def test_the_one_letter_before_says_what_to_do_and_nothing_of_anybody(
    running: Running, post: MailServer, locale: str, subject: str
) -> None:
    patient = await join(await begin(running))
    (await patient.http.put("/api/account/preferences", json={"locale": locale, "time_zone": "UTC"})).raise_for_status()
    await ask(patient)
    (letter,) = post.letters
    assert letter["Subject"] == subject
    assert letter["Auto-Submitted"] == "auto-generated"
    assert "List-Unsubscribe" not in letter
    for body in (text_of(letter), html_of(letter)):
        assert len(LINK.findall(body)) == 1
        for word in (
            "ketamin",
            "drug",
            "clinic",
            "therap",
            "terap",
            "patient",
            "paciente",
            "session",
            "sesión",
            "journal.example.org/j",
        ):
            assert word not in body.lower()


async def test_a_second_tap_is_answered_kindly_and_changes_nothing(running: Running, post: MailServer) -> None:
    therapist = await confirmed(running, post)
    before = await shown(therapist)
    (await therapist.http.put("/api/mail", json={"wanted": False})).raise_for_status()
    running.time.move(HOUR)
    answer = await tap(running, token_in(post.letters[0]))
    assert (answer.status_code, answer.json()) == (200, {"confirmed": "before"})
    assert await shown(therapist) == {**before, "wanted": False}


async def test_a_link_is_good_for_a_day_and_for_its_own_address(running: Running, post: MailServer) -> None:
    therapist = await begin(running)
    await ask(therapist)
    late = token_in(post.letters[0])
    running.time.move(DAY)
    assert refusal(await tap(running, late)) == (404, "link-not-valid")
    await ask(therapist)
    other = token_in(post.letters[1])
    await database.fetch("UPDATE accounts SET email = 'new@example.org' WHERE id = $1", therapist.id)
    assert refusal(await tap(running, other)) == (404, "link-not-valid")
    assert refusal(await tap(running, "A" * 43)) == (404, "link-not-valid")
    assert (await shown(therapist))["confirmed"] is None


async def test_a_link_that_confirms_stops_nothing_and_the_other_way_round(running: Running, post: MailServer) -> None:
    therapist = await confirmed(running, post)
    address = await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    assert refusal(await tap(running, token_in(post.letters[0]), "stop")) == (404, "link-not-valid")
    assert refusal(await tap(running, address.rsplit("/", 1)[1])) == (404, "link-not-valid")
    assert await open_to(therapist) == {therapist.email}


async def test_three_letters_go_within_a_day_and_none_where_it_is_confirmed(running: Running, post: MailServer) -> None:
    therapist = await begin(running)
    codes = []
    for _ in range(4):
        codes.append((await ask(therapist)).status_code)
        running.time.move(HOUR)
    assert codes == [204, 204, 204, 429]
    assert int((await ask(therapist)).headers["retry-after"]) == 20 * 3_600
    assert len(post.letters) == 3
    running.time.move(20 * HOUR)
    assert (await ask(therapist)).status_code == 204
    await tap(running, token_in(post.letters[3]))
    assert (await ask(therapist)).status_code == 204
    assert len(post.letters) == 4


async def test_what_could_not_be_sent_counts_as_none_and_can_be_asked_for_again(
    running: Running, post: MailServer
) -> None:
    therapist = await begin(running)
    post.mode = "full-later"
    for _ in range(5):
        assert refusal(await ask(therapist)) == (503, "mail-not-sent")
    assert await database.fetch("SELECT * FROM mail_tokens") == []
    post.mode = "take"
    assert (await ask(therapist)).status_code == 204
    post.mode = "full-later"
    codes = [(await ask(therapist)).status_code for _ in range(16)]
    assert codes == [503] * 14 + [429] * 2  # a mail server that is away isn't asked for ever


async def test_an_address_that_takes_no_mail_is_told_and_can_be_confirmed_again(
    running: Running, post: MailServer
) -> None:
    therapist = await confirmed(running, post)
    early = token_in(post.letters[0])
    running.time.move(HOUR)
    await note_refused(therapist.id, "address", running.time.now)
    assert await open_to(therapist) == set()
    assert (await shown(therapist))["refused"] is not None
    await tap(running, early)  # mailed before: it shows nothing of now
    assert await open_to(therapist) == set()
    running.time.move(HOUR)
    assert (await ask(therapist)).status_code == 204
    assert (await tap(running, token_in(post.letters[1]))).json() == {"confirmed": "before"}
    assert await open_to(therapist) == {therapist.email}

    post.mode = "no-such-mailbox"
    unknown = await begin(running, "okafor@example.org")
    assert refusal(await ask(unknown)) == (422, "mailbox-refused")
    assert (await shown(unknown))["refused"] is not None


async def test_a_server_without_mail_says_so(running: Running) -> None:
    therapist = await begin(running)
    assert not (await shown(therapist))["available"]
    assert refusal(await ask(therapist)) == (409, "mail-off")


# Wanting and stopping


async def test_who_turns_mail_off_before_the_tap_gets_none_after_it(running: Running, post: MailServer) -> None:
    therapist = await begin(running)
    await ask(therapist)
    (await therapist.http.put("/api/mail", json={"wanted": False})).raise_for_status()
    await tap(running, token_in(post.letters[0]))
    assert await open_to(therapist) == set()
    (await therapist.http.put("/api/mail", json={"wanted": True})).raise_for_status()
    assert await open_to(therapist) == {therapist.email}


async def test_wanting_mail_is_not_confirming_an_address(running: Running, post: MailServer) -> None:
    therapist = await begin(running)
    (await therapist.http.put("/api/mail", json={"wanted": True})).raise_for_status()
    assert await open_to(therapist) == set()
    assert post.letters == []


@pytest.mark.parametrize("by", ["the button of a mail provider", "the page at the link"])
async def test_one_tap_stops_mail_until_it_is_turned_on_again(running: Running, post: MailServer, by: str) -> None:
    therapist, other = await confirmed(running, post), await confirmed(running, post, "okafor@example.org")
    address = await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    token = address.removeprefix(f"{ORIGIN}/mail/stop/")

    for _ in range(2):
        if by == "the page at the link":
            assert (await tap(running, token, "stop")).status_code == 204
        else:
            assert (await press_stop(running, address)).status_code == 200

    assert await open_to(therapist, other) == {other.email}
    told = await shown(therapist)
    assert told["stopped"] is not None
    assert told["wanted"]
    (await therapist.http.put("/api/mail", json={"wanted": True})).raise_for_status()
    assert await open_to(therapist, other) == {therapist.email, other.email}
    assert (await shown(therapist))["stopped"] is None


async def test_looking_at_a_stop_address_stops_nothing(running: Running, post: MailServer) -> None:
    therapist = await confirmed(running, post)
    address = await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    async with running.browser() as http:
        page = await http.get(address, headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["cache-control"] == "no-store"
    assert await open_to(therapist) == {therapist.email}


async def test_a_mail_provider_is_understood_however_it_writes_its_form(running: Running, post: MailServer) -> None:
    therapist = await confirmed(running, post)
    address = await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    wrong: list[dict[str, Any]] = [
        {"data": {}},
        {"data": {"List-Unsubscribe": "Two-Clicks"}},
        {"data": {"List-Unsubscribe": "One-Click", "more": "x"}},
        {"data": None, "json": {"List-Unsubscribe": "One-Click"}},
        {"data": None, "content": b"--x\r\n", "headers": {"Content-Type": "multipart/form-data; boundary=x"}},
        {"data": None, "content": b"List-Unsubscribe=One-Click", "headers": {"Content-Type": "multipart/form-data"}},
        {"data": None, "content": b"\xff" * 99, "headers": {"Content-Type": "application/x-www-form-urlencoded"}},
    ]
    for how in wrong:
        assert refusal(await press_stop(running, address, **how)) == (400, "malformed"), how
    assert await open_to(therapist) == {therapist.email}
    right: list[dict[str, Any]] = [
        {},
        {"data": None, "files": {"List-Unsubscribe": (None, "One-Click")}},
        {"headers": {"Origin": "https://webmail.example"}},
        {"headers": {"Origin": "null", "Cookie": "aftertide_session=nobodys"}},
    ]
    for how in right:
        await mailbox.want(therapist.id, True, running.time.now)
        assert (await press_stop(running, address, **how)).status_code == 200, how
        assert await open_to(therapist) == set()


async def test_a_stop_address_works_for_90_days_after_the_last_mail_with_it_and_for_its_own_mailbox(
    running: Running, post: MailServer
) -> None:
    therapist = await confirmed(running, post)
    first = await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    running.time.move_days(60)
    assert await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now) == first
    running.time.move_days(60)
    await sweep(running.time.now)
    assert (await press_stop(running, first)).status_code == 200
    running.time.move_days(31)
    assert refusal(await press_stop(running, first)) == (404, "link-not-valid")
    await sweep(running.time.now)
    assert await database.fetch("SELECT * FROM mail_tokens") == []

    again = await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    await mailbox.want(therapist.id, True, running.time.now)
    await database.fetch("UPDATE accounts SET email = 'new@example.org' WHERE id = $1", therapist.id)
    assert refusal(await press_stop(running, again)) == (404, "link-not-valid")
    assert await open_to(therapist) == {"new@example.org"}


async def test_a_hundred_mails_leave_one_row_and_another_process_makes_its_own(
    running: Running, post: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist = await confirmed(running, post)
    made = {await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now) for _ in range(100)}
    assert len(made) == 1
    monkeypatch.setattr(mailbox, "_OWN_SECRET", bytes(32))
    made.add(await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now))
    assert len(made) == 2
    tokens = [address.rsplit("/", 1)[1] for address in made]
    rows = await database.fetch("SELECT * FROM mail_tokens WHERE purpose = 'stop'")
    assert {bytes(row["token_hash"]) for row in rows} == {hash_token(token) for token in tokens}
    assert not any(token in str([dict(row) for row in rows]) for token in tokens)
    for address in made:
        await mailbox.want(therapist.id, True, running.time.now)
        assert (await press_stop(running, address)).status_code == 200


async def test_no_letter_is_made_out_to_who_has_erased_their_account(running: Running, post: MailServer) -> None:
    therapist = await confirmed(running, post)
    (await therapist.http.post("/api/account/erase")).raise_for_status()
    with pytest.raises(MailboxGone):
        await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    assert await database.fetch("SELECT * FROM mail_tokens") == []


async def test_whose_link_is_wrong_waits_and_whose_is_right_does_not(running: Running, post: MailServer) -> None:
    therapist = await confirmed(running, post)
    address = await stop_address(therapist.id, therapist.email, ORIGIN, running.time.now)
    codes = [(await press_stop(running, f"/mail/stop/{number:043}")).status_code for number in range(15)]
    codes += [(await tap(running, f"{number:043}")).status_code for number in range(10)]
    assert codes == [404] * 21 + [429] * 4
    assert (await press_stop(running, address)).status_code == 200


async def test_who_plans_reminders_sees_why_no_mail_goes(running: Running, post: MailServer) -> None:
    new = await begin(running, "new@example.org")
    works, stopped, refused, off = [
        await confirmed(running, post, f"{name}@example.org") for name in ("works", "stopped", "refused", "off")
    ]
    await press_stop(running, await stop_address(stopped.id, stopped.email, ORIGIN, running.time.now))
    await note_refused(refused.id, "address", running.time.now)
    await mailbox.want(off.id, False, running.time.now)
    everybody = [new, works, stopped, refused, off]
    states = await mailbox_states([person.id for person in everybody])
    assert [states[person.id] for person in everybody] == [
        MailboxState(confirmed=False, wanted=False, stopped=False, refused=False),
        MailboxState(confirmed=True, wanted=True, stopped=False, refused=False),
        MailboxState(confirmed=True, wanted=True, stopped=True, refused=False),
        MailboxState(confirmed=True, wanted=True, stopped=False, refused=True),
        MailboxState(confirmed=True, wanted=False, stopped=False, refused=False),
    ]
    assert (
        {person.email for person in everybody if states[person.id].open} == await open_to(*everybody) == {works.email}
    )
    assert not await mailboxes_of([])
    assert not await mailbox_states([])
