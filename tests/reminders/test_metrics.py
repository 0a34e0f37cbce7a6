"""The figures of a sending process: what was tried and what is late, and never whose it is."""

import re

from prometheus_client import generate_latest

from server.clock import MINUTE
from server.reminders import metrics
from tests.api.appointments import book, pair
from tests.conftest import Running
from tests.reminders.sending import Outside, with_phone


def figure(name: str) -> float:
    shown = generate_latest(metrics.registry).decode()
    found = re.search(rf"^{re.escape(name)} (\S+)$", shown, re.MULTILINE)
    return float(found[1]) if found else 0.0


async def test_figures_say_what_was_tried_and_what_is_late_and_name_nobody(running: Running) -> None:
    therapist, patient = await pair(running)
    await with_phone(patient)
    await book(therapist, patient, 7)
    running.time.move(3 * MINUTE)
    await metrics.look(running.time.now)
    assert (figure("aftertide_reminders_due"), figure("aftertide_reminders_lag_seconds")) == (1, 180)

    outside, before = Outside(running), figure('aftertide_reminder_tries_total{channel="push",result="accepted"}')
    await outside.send_due()
    await metrics.look(running.time.now)
    assert figure('aftertide_reminder_tries_total{channel="push",result="accepted"}') == before + 1
    assert (figure("aftertide_reminders_due"), figure("aftertide_reminders_lag_seconds")) == (0, 0)
    shown = generate_latest(metrics.registry).decode()
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}|@|https?:", shown)
