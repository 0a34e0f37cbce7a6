"""Booking and answering with the Python client, over the real app on both engines."""

import pytest
from aftertide.appointments import Session
from aftertide.errors import StaleError

from tests.client.conftest import Two

PLACE = {"place": "Shore Street 4", "bring": "A blanket"}


def on(day: str) -> Session:
    return Session("dosing", f"2030-03-{day}T14:00", "Europe/Madrid", 120, dict(PLACE))


async def test_a_patient_reads_what_is_said_of_a_session_and_the_server_cannot(two: Two) -> None:
    first, second = await two.therapist.appointments.book(two.patient.id, [on("02"), on("05")])
    assert first.series == second.series is not None
    await two.patient.sync()
    listed = await two.patient.appointments.listed()
    assert [one.starts for one in listed] == ["2030-03-02T14:00", "2030-03-05T14:00"]
    details = two.patient.record(listed[0].details or "")
    assert (details.content["place"], details.content["appointment"]) == ("Shore Street 4", first.id)
    assert "Shore Street" not in repr(listed)


async def test_a_move_asks_the_patient_anew_and_an_answer_to_the_old_time_is_stale(two: Two) -> None:
    [booked] = await two.therapist.appointments.book(two.patient.id, [on("02")])
    assert (await two.patient.appointments.answer(booked, "confirm")).state == "confirmed"
    with pytest.raises(StaleError) as refused:
        await two.therapist.appointments.move([(booked, "2030-03-03T09:00", 90)])
    assert refused.value.current is None
    [current] = await two.therapist.appointments.listed()
    [moved] = await two.therapist.appointments.move([(current, "2030-03-03T09:00", 90)])
    assert (moved.starts, moved.minutes, moved.state) == ("2030-03-03T09:00", 90, "proposed")
    with pytest.raises(StaleError):
        await two.patient.appointments.answer(booked, "ask-for-another-time")


async def test_the_reason_of_a_cancellation_is_sealed_for_the_patient(two: Two) -> None:
    [booked] = await two.therapist.appointments.book(two.patient.id, [on("02")])
    cancelled = await two.therapist.appointments.settle(booked, "cancelled", "I am away that week.")
    assert cancelled.state == "cancelled"
    await two.patient.sync()
    assert two.patient.record(booked.details or "").content["reason"] == "I am away that week."
