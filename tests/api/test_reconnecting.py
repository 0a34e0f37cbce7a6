"""Either side of a relation may invite the other to reconnect; who may answer follows from both roles."""

import base64

from server import database
from tests.api.people import Person, answer_to, b64, begin, invite, join
from tests.conftest import Running, aftertide_server


async def answered(person: Person, invitation: object, redeem: bytes) -> tuple[int, str]:
    """Answer an invitation; gives the status and the problem's type."""
    answer = await person.http.post(f"/api/invitations/{invitation}/answer", json=answer_to(redeem))
    return answer.status_code, "" if answer.is_success else answer.json()["type"]


async def relations_of(person: Person) -> set[str]:
    return {row["account"] for row in (await person.http.get("/api/relations")).json()}


async def another_therapist(running: Running, of: Person) -> Person:
    """A therapist who begins anew at the practice of another one, by the link that the operator's command prints."""
    practice = (await of.http.get("/api/practices")).json()[0]["id"]
    printed = aftertide_server(running.settings.database_url, "therapist", practice).stdout
    fragment = printed.split("/begin#")[1].split()[0]
    token = base64.urlsafe_b64decode(fragment + "=")
    anew = Person(running, "rivera.anew@example.org")
    made = await anew.http.post("/api/begin", json={"token": b64(token), "account": await anew.new_account()})
    assert made.status_code == 200, made.text
    anew.use(made.json()["token"])
    return anew


async def test_a_patient_invites_a_therapist_who_has_an_account(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    elsewhere = await begin(running, "sol@example.org")
    invitation, redeem = await invite(patient, adult=None)
    shown = (await elsewhere.http.post(f"/api/invitations/{invitation}/open", json={"redeem": b64(redeem)})).json()
    assert (shown["inviter"], shown["inviter_role"]) == (str(patient.id), "patient")
    assert await answered(elsewhere, invitation, redeem) == (204, "")
    assert await relations_of(elsewhere) == {str(patient.id)}
    assert await relations_of(patient) == {str(therapist.id), str(elsewhere.id)}
    (mine,) = (await patient.http.get("/api/invitations")).json()
    assert (mine["state"], mine["invitee"]) == ("answered", str(elsewhere.id))


async def test_the_patient_joins_the_therapists_practice_never_the_other_way_round(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    elsewhere = await begin(running, "sol@example.org")
    own = (await elsewhere.http.get("/api/practices")).json()
    invitation, redeem = await invite(patient, adult=None)
    await answered(elsewhere, invitation, redeem)
    assert (await elsewhere.http.get("/api/practices")).json() == own
    assert {row["id"] for row in (await patient.http.get("/api/practices")).json()} > {own[0]["id"]}


async def test_nobody_signs_up_by_a_patients_invitation(running: Running) -> None:
    patient = await join(await begin(running))
    invitation, redeem = await invite(patient, adult=None)
    stranger = Person(running, "stranger@example.org")
    body = {"answer": answer_to(redeem), "account": await stranger.new_account()}
    refused = await stranger.http.post(f"/api/invitations/{invitation}/join", json=body)
    body["answer"] = answer_to(bytes(32))
    guessed = await stranger.http.post(f"/api/invitations/{invitation}/join", json=body)
    assert refused.status_code == guessed.status_code == 404
    assert refused.json()["type"] == guessed.json()["type"] == "/problems/link-not-valid"
    assert refused.json().get("detail") == guessed.json().get("detail")


async def test_who_answers_has_the_other_role_than_who_invites(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    other_patient = await join(therapist, "ben@example.org")
    other_therapist = await begin(running, "sol@example.org")
    for inviter, invitee in ((patient, other_patient), (therapist, other_therapist)):
        invitation, redeem = await invite(inviter)
        assert await answered(invitee, invitation, redeem) == (403, "/problems/not-allowed")
        # Whoever hasn't the link learns nothing of whose it is.
        assert await answered(invitee, invitation, bytes(32)) == (404, "/problems/link-not-valid")


async def test_that_somebody_is_an_adult_is_asked_of_therapists_only(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    invitation, _ = await invite(patient, adult=None)
    row = await database.fetch_one("SELECT adult_confirmed_at FROM invitations WHERE id = $1", invitation)
    assert row is not None
    assert row["adult_confirmed_at"] is None  # nobody has confirmed it
    body = {"id": str(invitation), "redeem_hash": b64(bytes(32)), "tag": b64(bytes(32)), "card": b64(bytes(1053))}
    refused = await therapist.http.post("/api/invitations", json=body)
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/adult-not-confirmed")


async def test_a_patient_withdraws_an_invitation_and_nobody_answers_it_then(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    invitation, redeem = await invite(patient, adult=None)
    assert (await patient.http.delete(f"/api/invitations/{invitation}")).status_code == 204
    assert await answered(therapist, invitation, redeem) == (404, "/problems/link-not-valid")


async def test_a_therapist_who_lost_every_way_in_begins_anew_at_the_same_practice(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    anew = await another_therapist(running, therapist)
    assert (await anew.http.get("/api/practices")).json() == (await therapist.http.get("/api/practices")).json()
    # Nothing comes with it, until a patient's link is answered.
    assert await relations_of(anew) == set()
    invitation, redeem = await invite(patient, adult=None)
    assert await answered(anew, invitation, redeem) == (204, "")
    assert await relations_of(anew) == {str(patient.id)}
