"""One shape of error, over every source of it: RFC 9457, a known code, and never a word of what was sent."""

import io
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog

from server import database
from server.channels.mailing import MailSender
from server.refusals import PROBLEMS
from server.web.problems import Refusal
from tests.api import passkey_causes as _passkey_causes  # noqa: F401 - registers its own
from tests.api import rotation_causes as _rotation_causes  # noqa: F401 - registers its own
from tests.api.appointments import book, in_days, move, moved, new, say, send, settle
from tests.api.causes import CANARY, CAUSES, cause
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.api.pushes import Browser, say_subscribed, subscription
from tests.conftest import Running
from tests.mail_server import mail_server
from tests.reminders.sending import Outside, with_phone


@cause("not-found", 404)
async def an_address_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.get(f"/api/{CANARY}")


@cause("not-found", 404)
async def an_id_that_is_none(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.get(f"/api/records/{CANARY}")


@cause("not-found", 404)
async def an_asset_of_another_build(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.get(f"/assets/{CANARY}.js")


@cause("method-not-allowed", 405)
async def a_method_it_does_not_take(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.patch("/api/account", json={"text": CANARY})


@cause("malformed", 400)
async def a_body_that_is_no_json(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post(
        "/api/salt", content=f'{{"email": {CANARY}', headers={"Content-Type": "application/json"}
    )


@cause("malformed", 400)
async def a_body_that_is_no_messagepack(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post(
        "/api/salt", content=b"\xc1" + CANARY.encode(), headers={"Content-Type": "application/x-msgpack"}
    )


@cause("malformed", 400)
async def a_body_that_is_missing(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post("/api/salt", headers={"Content-Type": "application/json"})


@cause("malformed", 400)
async def a_field_of_another_type(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put(f"/api/records/{uuid4()}", json={**patient.revision(uuid4()), "epoch": CANARY})


@cause("malformed", 400)
async def a_number_in_quotes(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put(f"/api/records/{uuid4()}", json={**patient.revision(uuid4()), "epoch": "1"})


@cause("malformed", 400)
async def base64_with_foreign_characters(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put(f"/api/records/{uuid4()}", json={**patient.revision(uuid4()), "body": CANARY})


@cause("malformed", 400)
async def other_argon2id_parameters(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    account = await Person(running, "x@example.org").new_account()
    account["slots"][0]["params"]["m"] = 1024
    return await patient.http.post(
        f"/api/invitations/{uuid4()}/join", json={"answer": answer_to(bytes(32)), "account": account}
    )


@cause("malformed", 400)
async def a_cursor_that_is_no_number(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.get("/api/changes", params={"after": CANARY})


@cause("malformed", 400)
async def a_method_of_signing_in_that_does_not_exist(
    running: Running, patient: Person, therapist: Person
) -> httpx.Response:
    return await patient.http.post(
        "/api/sign-in", json={"email": "a@example.org", "method": CANARY, "auth": b64(bytes(32))}
    )


@cause("unknown-format", 415)
async def a_form(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post("/api/salt", data={"email": CANARY})


@cause("too-large", 413)
async def a_body_beyond_the_limit(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put(f"/api/records/{uuid4()}", json={**patient.revision(uuid4()), "body": "A" * 2**21})


@cause("not-signed-in", 401)
async def a_token_that_is_none(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.get("/api/account", headers={"Authorization": f"Bearer {CANARY}"})


@cause("not-allowed", 403)
async def a_route_for_therapists(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.get("/api/reminders/unreachable")


@cause("prove-again", 403)
async def an_old_proof(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    running.time.move_days(1)
    return await patient.http.post("/api/account/erase")


@cause("foreign-origin", 403)
async def another_origin(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post("/api/sign-out", headers={"Origin": f"https://{CANARY}.example"})


@cause("slow-down", 429)
async def too_many_tries(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    for _ in range(20):
        answer = await patient.sign_in(auth=bytes(32))
        if answer.status_code == 429:
            break
    assert int(answer.headers["retry-after"]) == answer.json()["retry_after"] >= 1
    return answer


@cause("wrong-proof", 401)
async def a_wrong_passphrase(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.sign_in(auth=bytes(32))


@cause("wrong-proof", 401)
async def an_account_that_does_not_exist(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await Person(running, "nobody@example.org").sign_in()


@cause("malformed-email", 422)
async def an_email_with_capitals(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post("/api/salt", json={"email": f"{CANARY.upper()}@example.org"})


async def join_with(running: Running, therapist: Person, change: Callable[[dict[str, Any]], None]) -> httpx.Response:
    invitation, redeem = await invite(therapist)
    account = await Person(running, "new@example.org").new_account()
    change(account)
    return await running.program().post(
        f"/api/invitations/{invitation}/join", json={"answer": answer_to(redeem), "account": account}
    )


@cause("email-taken", 409)
async def an_email_that_has_an_account(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    invitation, redeem = await invite(therapist)
    account = await Person(running, patient.email).new_account()
    return await running.program().post(
        f"/api/invitations/{invitation}/join", json={"answer": answer_to(redeem), "account": account}
    )


@cause("account-exists", 409)
async def an_account_id_that_exists(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await join_with(running, therapist, lambda account: account.update(id=str(patient.id)))


@cause("malformed-keys", 422)
async def a_key_id_of_another_key(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await join_with(running, therapist, lambda account: account["identity"].update(key_id="A" * 22))


@cause("not-found", 404)
async def a_device_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.delete(f"/api/devices/{uuid4()}")


@cause("pointer-set", 409)
async def a_pointer_that_is_set(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    await patient.http.put("/api/account/pointers/settings", json={"record": str(uuid4())})
    return await patient.http.put("/api/account/pointers/settings", json={"record": str(uuid4())})


@cause("unknown-time-zone", 422)
async def a_zone_that_does_not_exist(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put("/api/account/preferences", json={"locale": "en", "time_zone": "Nowhere/Shore"})


@cause("link-not-valid", 404)
async def an_invitation_with_another_secret(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    invitation, _ = await invite(therapist)
    return await patient.http.post(
        f"/api/invitations/{invitation}/open", json={"redeem": b64(CANARY.encode()[:31] + b"!")}
    )


@cause("link-not-valid", 404)
async def an_invitation_after_seven_days(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    invitation, redeem = await invite(therapist)
    running.time.move_days(7)
    return await patient.http.post(f"/api/invitations/{invitation}/open", json={"redeem": b64(redeem)})


@cause("invitation-taken", 409)
async def an_invitation_that_somebody_answered(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    invitation, redeem = await invite(therapist)
    (await patient.http.post(f"/api/invitations/{invitation}/answer", json=answer_to(redeem))).raise_for_status()
    other = await join(therapist, "lena@example.org")
    return await other.http.post(f"/api/invitations/{invitation}/answer", json=answer_to(redeem))


@cause("not-found", 404)
async def an_invitation_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await therapist.http.delete(f"/api/invitations/{uuid4()}")


@cause("adult-not-confirmed", 422)
async def a_person_not_confirmed_as_adult(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    new = {
        "id": str(uuid4()),
        "redeem_hash": b64(bytes(32)),
        "tag": b64(bytes(32)),
        "card": b64(bytes(1053)),
        "adult": False,
    }
    return await therapist.http.post("/api/invitations", json=new)


@cause("not-found", 404)
async def a_relation_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post(f"/api/relations/{uuid4()}/end", json={})


@cause("stale", 409)
async def an_old_base(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    record = await patient.save()
    stale = patient.revision(record)
    await patient.save(record)
    return await patient.put(record, stale)


@cause("deleted", 409)
async def a_record_that_was_deleted(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    record = await patient.save()
    await patient.http.put(f"/api/records/{record}/tombstone", json={"revision": 1, "tombstone": b64(bytes(32))})
    return await patient.put(record, patient.revision(record))


@cause("stale-gen", 409)
async def former_keys(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.put(uuid4(), {**patient.revision(uuid4()), "gen": 2})


@cause("no-longer-shared", 409)
async def a_comment_on_what_is_not_shared(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await therapist.put(uuid4(), therapist.revision(uuid4(), about=await patient.save()))


@cause("malformed-record", 422)
async def a_length_that_sealing_never_gives(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.put(uuid4(), patient.revision(uuid4(), size=1025))


@cause("not-a-relation", 422)
async def a_reader_one_does_not_work_with(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    stranger = Person(running, "stranger@example.org")
    return await patient.put(uuid4(), patient.revision(uuid4(), grants=[(stranger, 1)]))


@cause("request-reused", 422)
async def a_request_id_for_another_save(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    first = patient.revision(uuid4())
    await patient.put(uuid4(), first)
    return await patient.put(uuid4(), {**patient.revision(uuid4()), "request": first["request"]})


@cause("not-found", 404)
async def an_appointment_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.get(f"/api/appointments/{uuid4()}/history")


@cause("not-found", 404)
async def an_address_of_no_calendar(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await running.program().get(f"/calendar/{CANARY}.ics")


@cause("not-found", 404)
async def a_calendar_feed_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put("/api/calendar-feed/wording", json={"wording": "plain"})


@cause("malformed", 400)
async def a_wording_of_ones_own(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put("/api/calendar-feed", json={"wording": CANARY})


@cause("malformed", 400)
async def a_wall_time_in_words(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await send(therapist, new(patient, starts=CANARY))


@cause("malformed", 400)
async def an_appointment_named_twice(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    one = new(patient)
    return await send(therapist, one, one)


@cause("no-such-time", 422)
async def the_thirtieth_of_february(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await send(therapist, new(patient, starts="2027-02-30T12:00"))


@cause("unknown-time-zone", 422)
async def an_appointment_in_a_zone_of_ones_own(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await send(therapist, new(patient, zone=f"Nowhere/{CANARY}"))


@cause("appointment-taken", 409)
async def an_appointment_id_that_exists(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    booked = await book(therapist, patient)
    return await send(therapist, new(patient, id=booked["id"], kind="check-in"))


@cause("not-a-relation", 422)
async def a_session_with_a_stranger(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await send(therapist, new(Person(running, "stranger@example.org")))


@cause("stale", 409)
async def a_time_that_has_moved(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    booked = await book(therapist, patient)
    await move(therapist, moved(booked, in_days(running, 8)))
    return await say(patient, booked, "confirm")


@cause("wrong-state", 409)
async def an_answer_to_what_is_cancelled(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    booked = await book(therapist, patient)
    return await say(patient, (await settle(therapist, booked, "cancelled")).json(), "confirm")


@cause("not-begun", 409)
async def a_session_held_before_it_began(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await settle(therapist, await book(therapist, patient), "fulfilled")


@cause("already-begun", 409)
async def an_answer_after_the_beginning(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await say(patient, await book(therapist, patient, -1), "confirm")


@cause("unknown-push-service", 422)
async def a_push_to_a_host_of_ones_own(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await say_subscribed(patient, Browser(endpoint=f"https://{CANARY.lower()}.example/push"))


@cause("malformed-rule", 422)
async def a_rule_without_its_hour(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    settings = (await patient.http.get("/api/reminders/settings")).json()
    return await patient.http.put(
        "/api/reminders/settings", json={**settings, "rules": [{"id": str(uuid4()), "kind": "next-morning"}]}
    )


@cause("stale", 409)
async def settings_that_were_changed_elsewhere(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    settings = (await patient.http.get("/api/reminders/settings")).json()
    await patient.http.put("/api/reminders/settings", json={**settings, "quiet": None})
    return await patient.http.put("/api/reminders/settings", json={**settings, "wording": "plain"})


@cause("too-late", 409)
async def a_button_on_a_notice_of_a_session_that_is_off(
    running: Running, patient: Person, therapist: Person
) -> httpx.Response:
    outside = Outside(running)
    await with_phone(patient)
    booked = await book(therapist, patient)
    await outside.send_due()
    await settle(therapist, booked, "cancelled")
    async with running.program() as phone:
        return await phone.post("/api/notices/actions", json={"token": outside.push.tokens[0], "action": "confirm"})


@cause("not-found", 404)
async def a_receipt_for_a_notice_that_never_was(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post("/api/notices/receipts", json={"token": "A" * 43})


@cause("malformed-subscription", 422)
async def a_key_that_is_no_point(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.put("/api/push/subscription", json={**subscription(), "p256dh": b64(b"\4" + bytes(64))})


@cause("mail-off", 409)
async def a_mail_where_there_is_no_mail_server(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await patient.http.post("/api/mail/confirmation")


@cause("mail-not-sent", 503)
async def a_mail_while_the_mail_server_is_away(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    async with mail_server() as away:
        pass
    running.app.state.mail = MailSender(away.settings(running.settings), running.time)
    return await patient.http.post("/api/mail/confirmation")


@cause("mailbox-refused", 422)
async def a_mail_to_a_mailbox_that_is_not_there(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    async with mail_server() as strict:
        strict.mode = "no-such-mailbox"
        running.app.state.mail = MailSender(strict.settings(running.settings), running.time)
        return await patient.http.post("/api/mail/confirmation")


@cause("link-not-valid", 404)
async def a_link_of_no_mail(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await running.program().post("/api/mail/confirm", json={"token": CANARY.ljust(43, "A")})


@cause("link-not-valid", 404)
async def an_address_that_stops_nobodys_mail(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await running.program().post(f"/mail/stop/{CANARY}", data={"List-Unsubscribe": "One-Click"})


@cause("malformed", 400)
async def a_stop_that_no_mail_provider_sends(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await running.program().post(f"/mail/stop/{CANARY}", data={"List-Unsubscribe": CANARY})


@cause("server-error", 500)
async def a_fault_of_ours(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    await database.fetch("DROP TABLE revisions")
    return await patient.put(uuid4(), patient.revision(uuid4()))


@pytest.mark.parametrize("name", CAUSES)
async def test_every_error_has_the_one_shape(running: Running, name: str) -> None:
    status, make = CAUSES[name]
    therapist = await begin(running)
    patient = await join(therapist)
    log = io.StringIO()
    structlog.configure(logger_factory=structlog.WriteLoggerFactory(log), cache_logger_on_first_use=False)

    answer = await make(running, patient, therapist)

    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["cache-control"] == "no-store"
    assert body["type"] == f"/problems/{name.partition(':')[0]}"
    assert answer.status_code == body["status"] == status
    assert body["title"]
    assert body["detail"]
    assert CANARY not in answer.text
    assert CANARY not in log.getvalue()
    assert CANARY.upper() not in answer.text


def test_every_refusal_is_in_the_table_and_has_a_cause_here() -> None:
    def below(kind: type[Refusal]) -> set[type[Refusal]]:
        return {kind}.union(*(below(sub) for sub in kind.__subclasses__()))

    assert below(Refusal) - {Refusal} == set(PROBLEMS)
    assert {entry.code for entry in PROBLEMS.values()} <= {name.partition(":")[0] for name in CAUSES}
