"""The figures of a sending process: what was tried and what is late, and never whose it is."""

import asyncio
import re

import pytest
from prometheus_client import generate_latest

from server.channels.push import PushMessage, PushOutcome
from server.clock import MINUTE, Clock
from server.reminders import dispatcher, metrics
from tests.api.appointments import book, pair
from tests.conftest import Running
from tests.reminders.sending import ACCEPTED, Outside, with_phone


def figure(name: str) -> float:
    shown = generate_latest(metrics.registry).decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", shown, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def test_how_late_it_is_goes_on_between_two_looks(running: Running) -> None:
    therapist, patient = await pair(running)
    await book(therapist, patient, 7)
    await metrics.look(running.time)
    assert figure("aftertide_reminders_lag_seconds") == 0
    running.time.move(3 * MINUTE)
    assert figure("aftertide_reminders_lag_seconds") == 180


async def test_a_round_that_lasts_says_what_is_left_of_it(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatcher, "BATCH", 1)
    monkeypatch.setattr(dispatcher, "FIGURES_SECONDS", 0.0)
    therapist, patient = await pair(running)
    await with_phone(patient)
    await patient.http.post("/api/reminders/test")
    await book(therapist, patient, 7)
    await metrics.look(running.time)
    assert figure("aftertide_reminders_due") == 2
    outside, nothing_left, take = Outside(running), asyncio.Event(), metrics.look

    async def once_nothing_is_left(_message: PushMessage) -> PushOutcome:
        async with asyncio.timeout(10):
            await nothing_left.wait()
        return ACCEPTED

    async def look(clock: Clock) -> None:
        await take(clock)
        if figure("aftertide_reminders_due") == 0:
            nothing_left.set()

    monkeypatch.setattr(metrics, "look", look)
    outside.push.answer = once_nothing_is_left
    await outside.send_due()
    assert len(outside.push.got) == 2


async def test_figures_say_what_was_tried_and_what_is_late_and_name_nobody(running: Running) -> None:
    therapist, patient = await pair(running)
    await with_phone(patient)
    await book(therapist, patient, 7)
    running.time.move(3 * MINUTE)
    await metrics.look(running.time)
    assert (figure("aftertide_reminders_due"), figure("aftertide_reminders_lag_seconds")) == (1, 180)

    outside, before = Outside(running), figure('aftertide_reminder_tries_total{channel="push",result="accepted"}')
    await outside.send_due()
    await metrics.look(running.time)
    assert figure('aftertide_reminder_tries_total{channel="push",result="accepted"}') == before + 1
    assert (figure("aftertide_reminders_due"), figure("aftertide_reminders_lag_seconds")) == (0, 0)
    shown = generate_latest(metrics.registry).decode()
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|@|https?:", shown)
