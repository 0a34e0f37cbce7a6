"""Whoever says at sign-up that somebody else looks begins with no buttons on notices, and may change that."""

import pytest

from tests.api.people import Person, answer_to, begin, invite
from tests.conftest import Running


@pytest.mark.parametrize("others_look", [True, False])
async def test_what_is_said_at_sign_up_holds_from_the_first_notice_on(running: Running, *, others_look: bool) -> None:
    therapist = await begin(running)
    patient = Person(running, "ana@example.org")
    invitation, redeem = await invite(therapist)
    account = {**(await patient.new_account()), "others_look": others_look}
    body = {"answer": answer_to(redeem), "account": account}
    made = await patient.http.post(f"/api/invitations/{invitation}/join", json=body)
    patient.use(made.raise_for_status().json()["token"])

    settings = (await patient.http.get("/api/reminders/settings")).json()
    assert settings["buttons"] is not others_look
    assert len(settings["rules"]) == 7
    assert (await patient.http.get("/api/mail")).json()["wanted"] is False

    # Sent again, as after a lost answer, it doesn't take back what has been chosen since.
    chosen = {**settings, "buttons": True}
    assert (await patient.http.put("/api/reminders/settings", json=chosen)).status_code == 200
    assert (await patient.http.post(f"/api/invitations/{invitation}/join", json=body)).status_code == 200
    assert (await patient.http.get("/api/reminders/settings")).json()["buttons"] is True
