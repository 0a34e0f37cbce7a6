"""The calendar feed and one appointment as a file, read by a parser that isn't the writer's, on both engines."""

import hashlib
import io
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import httpx
import pytest
import structlog
import vobject

from server import database
from server.appointments import calendar as writer
from server.appointments.structs import Kind
from server.clock import DAY, MINUTE
from tests.api.appointments import book, end, in_days, move, moved, pair, refusal, say, settle
from tests.api.people import Person, begin, join
from tests.conftest import ORIGIN, Running

KINDS: tuple[str, ...] = get_args(Kind)


async def subscribe(who: Person, wording: str = "discreet") -> str:
    """Make a person's feed, or its address anew, and return the address."""
    answer = await who.http.put("/api/calendar-feed", json={"wording": wording})
    assert answer.status_code == 200, answer.text
    return f"/calendar/{answer.json()['token']}.ics"


async def fetch(running: Running, address: str, **headers: str) -> httpx.Response:
    """Ask as a calendar does: without a session, without an Origin."""
    async with running.program() as http:
        return await http.get(address, headers=headers)


async def feed(running: Running, address: str) -> Any:
    """What a calendar reads at an address."""
    answer = await fetch(running, address)
    assert answer.status_code == 200, answer.text
    read = vobject.readOne(answer.text)
    assert read.validate(raiseException=True)
    return read


async def events(running: Running, address: str) -> list[Any]:
    """The events that a calendar reads at an address, in their order."""
    return list((await feed(running, address)).contents.get("vevent", []))


async def shown(who: Person) -> dict[str, Any] | None:
    """What a person is told of their feed."""
    view: dict[str, Any] | None = (await who.http.get("/api/calendar-feed")).raise_for_status().json()["feed"]
    return view


async def speak(who: Person, locale: str) -> None:
    """Choose a language."""
    chosen = {"locale": locale, "time_zone": "Europe/Madrid"}
    (await who.http.put("/api/account/preferences", json=chosen)).raise_for_status()


def text_lines(content: bytes) -> list[bytes]:
    assert content.endswith(b"\r\n")
    assert content.count(b"\n") == content.count(b"\r") == content.count(b"\r\n")
    return content.split(b"\r\n")[:-1]


# What a feed says


async def test_a_calendar_reads_an_appointment_as_it_stands(running: Running) -> None:
    therapist, patient = await pair(running)
    address = await subscribe(patient)
    booked = await book(therapist, patient, starts="2027-03-28T02:30", minutes=90)  # which daylight saving skips

    (event,) = await events(running, address)

    changed = datetime.fromisoformat(booked["changed"]).replace(microsecond=0)
    assert {name: event.getChildValue(name) for name in event.contents} == {
        "uid": f"{booked['id']}@aftertide", "sequence": "0", "dtstamp": changed, "last-modified": changed,
        "dtstart": datetime(2027, 3, 28, 1, 30, tzinfo=UTC), "dtend": datetime(2027, 3, 28, 3, 0, tzinfo=UTC),
        "status": "TENTATIVE", "summary": "Appointment", "transp": "OPAQUE", "class": "PRIVATE",
    }  # fmt: skip
    content = (await fetch(running, address)).content
    assert b"DTSTART:20270328T013000Z\r\n" in content
    assert b"RRULE" not in content
    assert b"TZID" not in content


async def test_the_feed_as_a_whole_says_how_it_is_called_and_how_often_to_look(running: Running) -> None:
    _, patient = await pair(running)
    address = await subscribe(patient)

    answer = await fetch(running, address)

    lines = text_lines(answer.content)
    assert lines[0] == b"BEGIN:VCALENDAR"
    assert lines[-1] == b"END:VCALENDAR"
    for line in (
        b"VERSION:2.0", b"METHOD:PUBLISH", b"X-WR-CALNAME:Appointments", b"REFRESH-INTERVAL;VALUE=DURATION:PT1H", b"X-PUBLISHED-TTL:PT1H",
    ):  # fmt: skip
        assert lines.count(line) == 1
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "set-cookie" not in answer.headers


async def test_a_feed_without_appointments_has_the_one_component_that_the_standard_asks_for(running: Running) -> None:
    therapist, patient = await pair(running)
    address = await subscribe(patient)
    assert [child.name for child in (await feed(running, address)).components()] == ["VTIMEZONE"]
    await book(therapist, patient)
    assert [child.name for child in (await feed(running, address)).components()] == ["VEVENT"]


async def test_a_move_raises_the_sequence_and_keeps_the_event(running: Running) -> None:
    therapist, patient = await pair(running)
    address = await subscribe(patient)
    booked = await book(therapist, patient)
    (before,) = await events(running, address)
    running.time.move(MINUTE)

    (await move(therapist, moved(booked, in_days(running, 9), minutes=45))).raise_for_status()

    (after,) = await events(running, address)
    assert after.uid.value == before.uid.value
    assert (before.sequence.value, after.sequence.value) == ("0", "1")
    assert after.dtstamp.value == after.last_modified.value == before.dtstamp.value + timedelta(minutes=1)
    assert after.dtstart.value.timestamp() * 1000 == (running.time.now + 9 * DAY) // MINUTE * MINUTE
    assert after.dtend.value - after.dtstart.value == timedelta(minutes=45)


async def test_each_state_has_its_status(running: Running) -> None:
    therapist, patient = await pair(running)
    address = await subscribe(patient)
    statuses: dict[str, str] = {}

    async def note(view: dict[str, Any]) -> None:
        found = {event.uid.value: event for event in await events(running, address)}[f"{view['id']}@aftertide"]
        assert found.sequence.value == str(view["version"] - 1)
        statuses[view["state"]] = found.status.value

    ahead, past, missed = [await book(therapist, patient, days) for days in (7, -1, -2)]
    await note(ahead)
    for answer in ("ask-for-another-time", "confirm"):
        ahead = (await say(patient, ahead, answer)).json()
        await note(ahead)
    for view, outcome in ((ahead, "cancelled"), (past, "fulfilled"), (missed, "missed")):
        await note((await settle(therapist, view, outcome)).json())

    assert statuses == {
        "proposed": "TENTATIVE", "change-requested": "TENTATIVE", "confirmed": "CONFIRMED", "cancelled": "CANCELLED",
        "fulfilled": "CONFIRMED", "missed": "CANCELLED",
    }  # fmt: skip
    assert set(statuses) == set(writer.STATUSES)


async def test_what_an_ended_relation_cancels_is_cancelled_in_both_calendars(running: Running) -> None:
    therapist, patient = await pair(running)
    addresses = [await subscribe(therapist), await subscribe(patient)]
    await book(therapist, patient)
    await end(patient, therapist)
    for address in addresses:
        assert [event.status.value for event in await events(running, address)] == ["CANCELLED"]


async def test_a_feed_begins_13_months_ago_and_has_only_ones_own(running: Running) -> None:
    therapist, patient = await pair(running)
    lena = await join(therapist, "lena@example.org")
    for days in (3, -395, -397):
        await book(therapist, patient, days)
    await book(therapist, lena, 5)

    def in_how_many_days(found: list[Any]) -> list[int]:
        return [round((event.dtstart.value.timestamp() * 1000 - running.time.now) / DAY) for event in found]

    assert in_how_many_days(await events(running, await subscribe(patient))) == [-395, 3]
    assert in_how_many_days(await events(running, await subscribe(lena))) == [5]
    assert in_how_many_days(await events(running, await subscribe(therapist))) == [-395, 3, 5]


# Words

FORBIDDEN = (
    "ketamin", "dosing", "dose", "dosis", "drug", "droga", "clinic", "clínica", "therap", "terap", "psych", "psic", "treatment",
    "tratamiento", "patient", "paciente", "rivera", "ana@", "example", "shore", "madrid",
)  # fmt: skip


@pytest.mark.parametrize(
    ("locale", "summary", "name"),
    [
        ("en", "Appointment", "Appointments"),
        ("en-GB", "Appointment", "Appointments"),
        ("es", "Cita", "Citas"),
        ("es-419", "Cita", "Citas"),
        ("est", "Appointment", "Appointments"),
    ],
)
async def test_a_stranger_who_sees_the_calendar_learns_that_there_is_an_appointment(
    running: Running, locale: str, summary: str, name: str
) -> None:
    therapist, patient = await pair(running)
    for number, kind in enumerate(KINDS):
        booked = await book(therapist, patient, 7 + number, kind=kind)
    for who in (patient, therapist):
        await speak(who, locale)
        address = await subscribe(who)
        answer = await fetch(running, address)
        file = await who.http.get(f"/api/appointments/{booked['id']}/calendar")
        assert {event.summary.value for event in await events(running, address)} == {summary}
        assert vobject.readOne(answer.text).x_wr_calname.value == name
        seen = (answer.text + file.text).replace("\r\n ", "").lower()
        for word in (*FORBIDDEN, *KINDS, "session", "sesión"):
            assert word not in seen
        for person in (patient, therapist):
            assert str(person.id) not in seen


@pytest.mark.parametrize(
    ("locale", "summaries"),
    [
        ("en", ["Preparation session", "Session", "Integration session", "Check-in"]),
        ("es-MX", ["Sesión de preparación", "Sesión", "Sesión de integración", "Seguimiento"]),
    ],
)
async def test_plain_words_name_the_kind_and_nobody(running: Running, locale: str, summaries: list[str]) -> None:
    therapist, patient = await pair(running)
    await speak(patient, locale)
    for number, kind in enumerate(KINDS):
        await book(therapist, patient, 7 + number, kind=kind)
    address = await subscribe(patient, "plain")
    assert [event.summary.value for event in await events(running, address)] == summaries
    content = (await fetch(running, address)).text.lower()
    for word in FORBIDDEN:
        assert word not in content


async def test_other_words_come_at_the_same_address(running: Running) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient)
    assert refusal(await patient.http.put("/api/calendar-feed/wording", json={"wording": "plain"})) == (
        404,
        "not-found",
    )
    address = await subscribe(patient)
    assert (await patient.http.put("/api/calendar-feed/wording", json={"wording": "plain"})).status_code == 204
    assert [event.summary.value for event in await events(running, address)] == ["Session"]
    assert (await shown(patient) or {})["wording"] == "plain"


async def test_long_lines_are_folded_at_75_octets_and_read_back_whole(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = "Sesión; de integración, en la orilla\\del mar \N{WATER WAVE} " * 9 + "fin"
    monkeypatch.setitem(writer.DISCREET, "en", long)
    therapist, patient = await pair(running)
    await book(therapist, patient)
    address = await subscribe(patient)
    lines = text_lines((await fetch(running, address)).content)
    assert max(len(line) for line in lines) <= 75
    for line in lines:
        line.decode()  # no character is cut in two
    (event,) = await events(running, address)
    assert event.summary.value == long


# One appointment as a file


async def test_one_appointment_is_a_file_in_the_words_of_ones_feed(running: Running) -> None:
    therapist, patient = await pair(running)
    booked = await book(therapist, patient, kind="integration")
    await book(therapist, patient, 8)
    await subscribe(patient, "plain")
    for who, summary in ((patient, "Integration session"), (therapist, "Appointment")):
        answer = await who.http.get(f"/api/appointments/{booked['id']}/calendar")
        assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
        assert answer.headers["content-disposition"] == 'attachment; filename="session.ics"'
        assert answer.headers["cache-control"] == "no-store"
        assert b"METHOD:PUBLISH" in text_lines(answer.content)
        read = vobject.readOne(answer.text)
        assert [child.name for child in read.components()] == ["VEVENT"]
        assert (read.vevent.uid.value, read.vevent.summary.value) == (f"{booked['id']}@aftertide", summary)


# The address


async def test_a_person_sees_whether_there_is_a_feed_since_when_and_when_it_was_last_read(running: Running) -> None:
    therapist, patient = await pair(running)
    assert await shown(patient) is None
    address = await subscribe(patient)
    since = datetime.fromtimestamp(running.time.now / 1000, UTC)
    began = since.isoformat().replace("+00:00", "Z")
    assert await shown(patient) == {"wording": "discreet", "since": began, "last_read": None}
    for days in (0, 2):
        running.time.move_days(days)
        await events(running, address)
        day = (since + timedelta(days=days)).date().isoformat()
        assert await shown(patient) == {"wording": "discreet", "since": began, "last_read": day}
    await subscribe(patient)
    assert (await shown(patient) or {})["last_read"] is None
    assert await shown(therapist) is None


async def test_a_reading_that_finds_nothing_new_counts_as_read_and_a_day_is_written_once(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    therapist, patient = await pair(running)
    booked = await book(therapist, patient)
    address = await subscribe(patient)
    known = (await fetch(running, address)).headers["etag"]
    running.time.move_days(1)
    asked: list[str] = []
    ask = database.engine().ask

    async def counting(sql: str, args: Any) -> Any:
        asked.append(sql)
        return await ask(sql, args)

    monkeypatch.setattr(database.engine(), "ask", counting)
    for number, said in enumerate((known, f"W/{known}", f'"other", {known}', "*")):
        asked.clear()
        answer = await fetch(running, address, **{"If-None-Match": said})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", known)
        assert answer.headers["cache-control"] == "private, no-cache"
        assert len(asked) == (3 if number == 0 else 2)  # whose feed it is, once the day, what is in it
    assert (await shown(patient) or {})["last_read"] == "2026-11-19"

    (await say(patient, booked, "confirm")).raise_for_status()
    answer = await fetch(running, address, **{"If-None-Match": known})
    assert answer.status_code == 200
    assert answer.headers["etag"] != known


async def test_the_same_appointments_give_the_same_bytes_an_hour_later(running: Running) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient)
    address = await subscribe(patient)
    before = await fetch(running, address)
    running.time.move(60 * MINUTE)
    after = await fetch(running, address)
    assert (after.content, after.headers["etag"]) == (before.content, before.headers["etag"])


async def test_what_never_was_an_address_and_what_is_none_any_longer_meet_one_answer(running: Running) -> None:
    therapist, patient = await pair(running)
    erased = await begin(running, "okafor@example.org")
    renewed, ended, gone = await subscribe(patient), await subscribe(therapist), await subscribe(erased)
    right = await subscribe(patient)
    for _ in range(2):
        assert (await therapist.http.delete("/api/calendar-feed")).status_code == 204
    (await erased.http.post("/api/account/erase")).raise_for_status()

    wrong = [
        renewed, ended, gone, f"/calendar/{'A' * 43}.ics", right.removesuffix(".ics"), right.replace(".ics", ".ICS"), right + ".ics",
        right.replace(".ics", "A.ics"), right.replace(".ics", "%0A.ics"), "/calendar/.ics", "/calendar/a.ics", "/calendar/%C3%A9%00.ics",
        f"/calendar/{'a' * 4000}.ics", right.replace("/calendar/", "/calendar/%20"),
    ]  # fmt: skip
    answers = [await fetch(running, address) for address in wrong]

    assert {refusal(answer) for answer in answers} == {(404, "not-found")}
    assert len({answer.text for answer in answers}) == 1
    assert len({tuple(sorted(answer.headers.items())) for answer in answers}) == 1
    assert (await fetch(running, right)).status_code == 200
    assert await shown(therapist) is None


async def test_whose_address_is_wrong_waits_and_whose_is_right_does_not(running: Running) -> None:
    _, patient = await pair(running)
    address = await subscribe(patient)
    codes = [(await fetch(running, f"/calendar/{number:043}.ics")).status_code for number in range(25)]
    assert codes == [404] * 21 + [429] * 4
    assert (await fetch(running, address)).status_code == 200


async def test_an_address_is_read_without_cookie_and_bearer(running: Running) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient)
    address = await subscribe(patient)
    alone = await fetch(running, address)
    for token in (therapist.http.headers["Authorization"].removeprefix("Bearer "), "nobody's"):
        for headers in ({"Cookie": f"aftertide_session={token}"}, {"Authorization": f"Bearer {token}"}):
            assert (await fetch(running, address, **headers)).content == alone.content
            assert (await fetch(running, f"/calendar/{'A' * 43}.ics", **headers)).status_code == 404
    signed_in = {"Cookie": f"aftertide_session={address.split('/')[-1].removesuffix('.ics')}", "Origin": ORIGIN}
    assert (await fetch(running, "/api/appointments", **signed_in)).status_code == 401


async def test_a_token_is_32_random_bytes_and_stored_hashed(running: Running) -> None:
    _, patient = await pair(running)
    tokens = {(await subscribe(patient)).split("/")[-1].removesuffix(".ics") for _ in range(5)}
    assert len(tokens) == 5
    assert {len(token) for token in tokens} == {43}
    (row,) = await database.fetch("SELECT * FROM calendar_feeds")
    assert bytes(row["token_hash"]) in {hashlib.sha256(token.encode()).digest() for token in tokens}
    assert not any(token in str(dict(row)) for token in tokens)
    assert row["last_read_day"] is None
    (await patient.http.post("/api/account/erase")).raise_for_status()
    assert await database.fetch("SELECT * FROM calendar_feeds") == []


async def test_no_log_has_an_address(running: Running) -> None:
    _, patient = await pair(running)
    address = await subscribe(patient)
    log = io.StringIO()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(log), cache_logger_on_first_use=False)
    await database.fetch("DROP TABLE reminder_steps")
    await database.fetch("DROP TABLE appointment_changes")
    await database.fetch("DROP TABLE appointments")

    answer = await fetch(running, address)

    assert refusal(answer) == (500, "server-error")
    assert "server error" in log.getvalue()
    token = address.split("/")[-1].removesuffix(".ics")
    assert token not in log.getvalue()
    assert token not in answer.text
