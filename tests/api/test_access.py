"""Who may call what, made from the route list: a new route without a statement, or without a row here, fails."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from litestar import Litestar

from server.app import create_app
from server.clock import MINUTE
from server.settings import Settings
from server.web.access import Who
from tests.api.appointments import book, moved, new
from tests.api.passkeys import NOBODYS_ASSERTION, NOBODYS_ATTESTATION
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.api.pushes import subscription
from tests.api.renewal import Renewal
from tests.conftest import ORIGIN, Running


def routes(app: Litestar) -> dict[tuple[str, str], Any]:
    """All (method, path template) of the app with what they state."""
    return {
        (method, route.path): handler.opt.get("who")
        for route in app.routes
        for handler in getattr(route, "route_handlers", ())
        for method in handler.http_methods
        if method != "OPTIONS" and not route.path.startswith("/api/schema")
    }


ALL = routes(create_app(Settings()))
API = {key: who for key, who in ALL.items() if key[1].startswith("/api/")}


def test_every_route_states_who_may_call_it() -> None:
    assert [key for key, who in ALL.items() if not isinstance(who, Who)] == []


def test_the_origin_is_asked_of_everything_but_what_other_apps_share() -> None:
    unasked = {
        (method, route.path)
        for route in create_app(Settings()).routes
        for handler in getattr(route, "route_handlers", ())
        if handler.opt.get("changes_nothing")
        for method in handler.http_methods
        if method != "OPTIONS"
    }
    assert unasked == {("POST", "/share")}


def test_routes_that_live_by_a_token_in_their_address_are_known_by_name() -> None:
    assert {key for key, who in ALL.items() if who is Who.ADDRESS} == {
        ("GET", "/calendar/{file:str}"),
        ("POST", "/mail/stop/{token:str}"),
    }


@dataclass
class Scene:
    """A therapist with a patient who shares an entry, a former reader, somebody whose relation ended, and strangers."""

    therapist: Person
    patient: Person
    stranger: Person
    ended: Person
    entry: UUID
    taken_back: UUID
    shared_before_the_end: UUID
    appointment: UUID
    invitation: UUID
    device: UUID

    def path(self, template: str, record: UUID | None = None) -> str:
        values = {
            "{record:uuid}": record or self.entry, "{invitation:uuid}": self.invitation, "{account:uuid}": self.therapist.id,
            "{device:uuid}": self.device, "{reminder:uuid}": self.device, "{passkey:uuid}": self.device, "{appointment:uuid}": self.appointment, "{method:str}": "passphrase", "{pointer:str}": "settings",
        }  # fmt: skip
        for name, value in values.items():
            template = template.replace(name, str(value))
        return template


async def scene(running: Running) -> Scene:
    therapist = await begin(running)
    patient = await join(therapist)
    ended = await join(therapist, "lena@example.org")
    stranger = await join(await begin(running, "other@example.org"), "joel@example.org")
    entry = await patient.save(grants=[(therapist, 1)])
    taken_back = await patient.save(grants=[(therapist, 1)])
    await patient.save(taken_back, grants=[])
    before_the_end = await ended.save(grants=[(therapist, 1)])
    (await ended.http.post(f"/api/relations/{therapist.id}/end", json={"now": True})).raise_for_status()
    invitation, _ = await invite(therapist)
    appointment = UUID((await book(therapist, patient))["id"])
    await patient.sign_in()
    devices = (await patient.http.get("/api/devices")).json()
    device = next(UUID(d["id"]) for d in devices if not d["current"])
    return Scene(
        therapist, patient, stranger, ended, entry, taken_back, before_the_end, appointment, invitation, device
    )


Body = Callable[[Scene, Person], Awaitable[dict[str, Any] | None]]


async def _new_account(scene: Scene, who: Person) -> dict[str, Any]:
    return await Person(who.running, f"{uuid4().hex}@example.org").new_account()


# A well-formed body for every route that takes one: refusals below are about the caller, never about the form.
BODIES: dict[tuple[str, str], Body] = {}


def body_of(method: str, path: str) -> Callable[[Body], Body]:
    def keep(make: Body) -> Body:
        BODIES[method, path] = make
        return make

    return keep


def fixed(method: str, path: str, value: dict[str, Any]) -> None:
    async def make(_: Scene, __: Person) -> dict[str, Any]:
        return value

    BODIES[method, path] = make


fixed("POST", "/api/salt", {"email": "ana@example.org"})
fixed("POST", "/api/sign-in", {"email": "ana@example.org", "method": "passphrase", "auth": b64(bytes(32))})
fixed("POST", "/api/sign-in/passkey", {"answer": NOBODYS_ASSERTION})
fixed("POST", "/api/account/proof/passkey", {"answer": NOBODYS_ASSERTION})
fixed("POST", "/api/passkeys", {"name": "Phone", "answer": NOBODYS_ATTESTATION})
fixed("POST", "/api/passkeys/challenges/sign-up", {"account": str(uuid4())})
fixed("PUT", "/api/passkeys/{passkey:uuid}/name", {"name": "Phone"})
fixed("PUT", "/api/devices/{device:uuid}/name", {"name": "Phone"})
fixed("POST", "/api/account/proof", {"method": "passphrase", "auth": b64(bytes(32))})
fixed("PUT", "/api/account/preferences", {"locale": "es", "time_zone": "Europe/Madrid"})
fixed("PUT", "/api/account/pointers/{pointer:str}", {"record": str(uuid4())})
fixed("POST", "/api/begin/open", {"token": b64(bytes(32))})
fixed("POST", "/api/invitations/{invitation:uuid}/open", {"redeem": b64(bytes(32))})
fixed("POST", "/api/invitations/{invitation:uuid}/answer", answer_to(bytes(32)))
fixed("POST", "/api/relations/{account:uuid}/end", {})
fixed("POST", "/api/records/{record:uuid}/read", {"revision": 1})
fixed("PUT", "/api/records/{record:uuid}/reviewed", {"revision": 1})
fixed("PUT", "/api/records/{record:uuid}/tombstone", {"revision": 1, "tombstone": b64(bytes(32))})
fixed("POST", "/api/appointments/{appointment:uuid}/answer", {"version": 1, "answer": "confirm"})
fixed("POST", "/api/appointments/{appointment:uuid}/outcome", {"version": 1, "outcome": "cancelled"})
fixed("PUT", "/api/calendar-feed", {"wording": "discreet"})
fixed("PUT", "/api/calendar-feed/wording", {"wording": "plain"})
fixed("PUT", "/api/push/subscription", subscription())
fixed("PUT", "/api/mail", {"wanted": True})
fixed("POST", "/api/mail/confirm", {"token": "A" * 43})
fixed("POST", "/api/mail/stop", {"token": "A" * 43})
fixed("POST", "/api/notices/receipts", {"token": "A" * 43})
fixed("POST", "/api/notices/actions", {"token": "A" * 43, "action": "confirm"})
fixed(
    "PUT", "/api/reminders/settings",
    {"version": 1, "quiet": None, "wording": "discreet", "buttons": True, "days_off": 0, "rules": []},
)  # fmt: skip
fixed("PUT", "/api/reminders/steps/{appointment:uuid}", {"steps": []})
fixed(
    "POST", "/api/invitations",
    {"id": str(uuid4()), "redeem_hash": b64(bytes(32)), "tag": b64(bytes(32)), "card": b64(bytes(1053)), "adult": True},
)  # fmt: skip


@body_of("POST", "/api/begin")
async def begin_body(scene: Scene, who: Person) -> dict[str, Any]:
    return {"token": b64(bytes(32)), "account": await _new_account(scene, who)}


@body_of("POST", "/api/invitations/{invitation:uuid}/join")
async def join_body(scene: Scene, who: Person) -> dict[str, Any]:
    return {"answer": answer_to(bytes(32)), "account": await _new_account(scene, who)}


@body_of("PUT", "/api/account/slots/{method:str}")
async def slot_body(scene: Scene, who: Person) -> dict[str, Any]:
    salt = (await who.http.post("/api/salt", json={"email": who.email})).json()["salt"]
    return {"slot": who.passphrase_slot(salt)}


fixed("PUT", "/api/account/rotation/records", {"gen": 2, "key_id": "A" * 22})
fixed("POST", "/api/account/rotation/finish", {"gen": 2, "key_id": "A" * 22})


@body_of("POST", "/api/account/rotation")
async def rotation_body(scene: Scene, who: Person) -> dict[str, Any]:
    return await Renewal(who).keys()


@body_of("PUT", "/api/records/{record:uuid}")
async def save_body(scene: Scene, who: Person) -> dict[str, Any]:
    return Person(who.running, "nobody@example.org").revision(uuid4())


@body_of("POST", "/api/appointments")
async def book_body(scene: Scene, who: Person) -> dict[str, Any]:
    return {"appointments": [new(scene.patient)]}


@body_of("POST", "/api/appointments/moves")
async def moves_body(scene: Scene, who: Person) -> dict[str, Any]:
    there = {"id": str(scene.appointment), "version": 1}
    return {"moves": [moved(there, "2027-01-01T10:00")]}


WITHOUT_BODY = {
    ("POST", "/api/sign-out"),
    ("POST", "/api/account/erase"),
    ("POST", "/api/passkeys/challenges/sign-in"),
    ("POST", "/api/passkeys/challenges/proof"),
    ("POST", "/api/passkeys/challenges/register"),
    ("POST", "/api/mail/confirmation"),
    ("POST", "/api/reminders/test"),
}
RECORD_ROUTES = sorted(key for key in API if "{record:uuid}" in key[1])


async def call(scene: Scene, who: Person, key: tuple[str, str], record: UUID | None = None) -> httpx.Response:
    method, template = key
    make = BODIES.get(key)
    json = await make(scene, who) if make is not None else None
    return await who.http.request(method, scene.path(template, record), json=json)


def test_every_route_that_takes_a_body_has_one_here() -> None:
    takes = {key for key in API if key[0] in ("POST", "PUT")} - WITHOUT_BODY
    assert takes == set(BODIES)


async def test_nobody_gets_past_a_route_that_asks_for_a_session(running: Running) -> None:
    there = await scene(running)
    nobody = Person(running, "nobody@example.org")
    answers = {key: (await call(there, nobody, key)).status_code for key, who in API.items() if who is not Who.ANYBODY}
    assert set(answers.values()) == {401}, answers


async def test_a_session_that_has_ended_opens_nothing(running: Running) -> None:
    there = await scene(running)
    running.time.move_days(91)
    answers = {
        key: (await call(there, there.patient, key)).status_code for key, who in API.items() if who is not Who.ANYBODY
    }
    assert set(answers.values()) == {401}, answers


async def test_the_wrong_role_is_refused(running: Running) -> None:
    there = await scene(running)
    for key, who in API.items():
        if who in (Who.THERAPIST, Who.PATIENT):
            wrong = there.patient if who is Who.THERAPIST else there.therapist
            answer = await call(there, wrong, key)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/not-allowed"), key


async def test_what_needs_a_fresh_proof_is_refused_five_minutes_later(running: Running) -> None:
    there = await scene(running)
    running.time.move(5 * MINUTE + 1)
    for key, who in API.items():
        if who is Who.FRESH:
            answer = await call(there, there.patient, key)
            assert (answer.status_code, answer.json()["type"]) == (403, "/problems/prove-again"), key
    proof = {"method": "passphrase", "auth": b64(there.patient.passphrase_auth)}
    assert (await there.patient.http.post("/api/account/proof", json=proof)).status_code == 204
    assert (await call(there, there.patient, ("DELETE", "/api/devices/{device:uuid}"))).status_code == 204


async def outcomes(there: Scene, who: Person, record: UUID) -> dict[tuple[str, str], tuple[int, str]]:
    answers = {}
    for key in RECORD_ROUTES:
        answer = await call(there, who, key, record)
        answers[key] = (answer.status_code, answer.json().get("type", "") if answer.content else "")
    return answers


NOT_FOUND = (404, "/problems/not-found")


async def test_strangers_former_readers_and_ended_relations_meet_the_same_answer_as_for_an_unknown_id(
    running: Running,
) -> None:
    there = await scene(running)
    for who, record in (
        (there.stranger, there.entry),
        (there.therapist, there.taken_back),
        (there.therapist, there.shared_before_the_end),
        (there.stranger, there.shared_before_the_end),
    ):
        for key, answer in (await outcomes(there, who, record)).items():
            if API[key] is Who.THERAPIST and who.http is there.stranger.http:
                assert answer == (403, "/problems/not-allowed"), key
            else:
                assert answer == NOT_FOUND, key
    for key in RECORD_ROUTES:
        if key != ("PUT", "/api/records/{record:uuid}"):  # which makes a new record of one's own
            answered = await call(there, there.therapist, key, uuid4())
            assert (answered.status_code, answered.json()["type"]) == NOT_FOUND, key


async def test_a_reader_can_read_but_not_save_delete_or_see_history(running: Running) -> None:
    there = await scene(running)
    answers = await outcomes(there, there.therapist, there.entry)
    assert {key: status for key, (status, _) in answers.items()} == {
        ("GET", "/api/records/{record:uuid}"): 200,
        ("GET", "/api/records/{record:uuid}/history"): 404,
        ("POST", "/api/records/{record:uuid}/read"): 204,
        ("PUT", "/api/records/{record:uuid}"): 404,
        ("PUT", "/api/records/{record:uuid}/reviewed"): 204,
        ("PUT", "/api/records/{record:uuid}/tombstone"): 404,
    }


async def test_a_device_or_invitation_of_somebody_else_is_not_found(running: Running) -> None:
    there = await scene(running)
    assert (await call(there, there.stranger, ("DELETE", "/api/devices/{device:uuid}"))).status_code == 404
    other = await begin(running, "third@example.org")
    assert (await call(there, other, ("DELETE", "/api/invitations/{invitation:uuid}"))).status_code == 404


async def test_an_appointment_of_others_meets_the_same_answer_as_an_unknown_one(running: Running) -> None:
    there = await scene(running)
    colleague = await begin(running, "third@example.org")
    routes = [key for key in API if key[1].startswith("/api/appointments/")]
    assert len(routes) == 5
    for who, role in ((there.stranger, Who.PATIENT), (there.ended, Who.PATIENT), (colleague, Who.THERAPIST)):
        for key in routes:
            if API[key] in (role, Who.SIGNED_IN):
                foreign = await call(there, who, key)
                unknown = await call(replace(there, appointment=uuid4()), who, key)
                assert (foreign.status_code, foreign.json()["type"]) == NOT_FOUND, key
                assert foreign.text == unknown.text, key


async def test_who_doesnt_work_with_a_patient_books_nothing_for_them(running: Running) -> None:
    there = await scene(running)
    colleague = await begin(running, "third@example.org")
    for who, patient in ((colleague, there.patient), (there.therapist, there.ended), (there.therapist, there.stranger)):
        answer = await who.http.post("/api/appointments", json={"appointments": [new(patient)]})
        assert (answer.status_code, answer.json()["type"]) == (422, "/problems/not-a-relation")


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", ORIGIN + ".evil.example", "http://journal.example.org"]
)
async def test_a_page_of_another_origin_changes_nothing(running: Running, origin: str) -> None:
    there = await scene(running)
    for key, who in API.items():
        if key[0] == "GET":
            continue
        make = BODIES.get(key)
        answer = await there.patient.http.request(
            key[0],
            there.path(key[1]),
            json=await make(there, there.patient) if make else None,
            headers={"Origin": origin},
        )
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/foreign-origin"), (key, who)


async def test_a_cookie_without_an_origin_changes_nothing(running: Running) -> None:
    therapist = await begin(running)
    async with running.program() as http:
        http.cookies.set("aftertide_session", therapist.http.headers["Authorization"].removeprefix("Bearer "))
        assert (await http.get("/api/account")).status_code == 200
        answer = await http.post("/api/sign-out")
        assert answer.json()["type"] == "/problems/foreign-origin"


async def test_a_page_gets_a_cookie_that_scripts_cannot_read_and_never_a_token(running: Running) -> None:
    therapist = await begin(running)
    async with running.browser() as http:
        answer = await http.post(
            "/api/sign-in",
            json={
                "email": therapist.email,
                "method": "passphrase",
                "auth": b64(therapist.passphrase_auth),
                "bearer": True,
            },
        )
        assert "token" not in answer.json()
        cookie = answer.headers["set-cookie"].lower()
        assert all(part in cookie for part in ("httponly", "secure", "samesite=strict", "path=/"))
        assert (await http.get("/api/account")).json()["email"] == therapist.email
