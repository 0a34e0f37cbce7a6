"""Earlier revisions: pages bounded in bytes, and forgetting that touches only what is old."""

import base64

import pytest

from server import database
from server.app import sweep
from server.records.history import PAGE_BYTES
from tests.api.people import begin, join
from tests.conftest import Running

LARGE = 65_536


async def test_a_page_of_history_is_bounded_in_bytes_and_the_next_goes_on_where_it_ended(running: Running) -> None:
    therapist = await begin(running)
    record = await therapist.save(size=LARGE)
    for _ in range(21):
        await therapist.save(record, size=LARGE)

    pages: list[list[int]] = []
    before: int | None = None
    while True:
        asked = {} if before is None else {"before": before}
        page = (await therapist.http.get(f"/api/records/{record}/history", params=asked)).raise_for_status().json()
        pages.append([revision["revision"] for revision in page["revisions"]])
        bodies = [len(base64.b64decode(revision["body"])) for revision in page["revisions"]]
        assert sum(bodies[:-1]) < PAGE_BYTES
        before = page["before"]
        if before is None:
            break

    assert len(pages) == 2
    assert [revision for page in pages for revision in page] == list(range(22, 0, -1))


async def test_small_revisions_come_twenty_a_page(running: Running) -> None:
    therapist = await begin(running)
    record = await therapist.save()
    for _ in range(20):
        await therapist.save(record)
    page = (await therapist.http.get(f"/api/records/{record}/history")).json()
    assert [revision["revision"] for revision in page["revisions"]] == list(range(21, 1, -1))
    last = (await therapist.http.get(f"/api/records/{record}/history", params={"before": page["before"]})).json()
    assert ([revision["revision"] for revision in last["revisions"]], last["before"]) == ([1], None)


async def test_what_is_past_keeping_goes_with_the_keys_that_only_it_needed(running: Running) -> None:
    therapist = await begin(running)
    patient = await join(therapist)
    record = await patient.save()
    await patient.save(record, grants=[(therapist, 0)])
    for _ in range(19):
        await patient.save(record)
    untouched = await patient.save()
    running.time.move_days(31)
    await sweep(running.time.now)

    wraps = await database.fetch("SELECT record, epoch FROM wraps ORDER BY epoch")
    kept = [(row["record"], row["epoch"]) for row in wraps if row["record"] in (record, untouched)]
    assert sorted(kept, key=str) == sorted([(record, 2), (untouched, 1)], key=str)
    revisions = await database.fetch("SELECT revision FROM revisions WHERE record = $1 ORDER BY revision", record)
    assert [row["revision"] for row in revisions] == list(range(2, 22))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "asked",
    [
        "DELETE FROM revisions WHERE saved_at < 1",
        "DELETE FROM sessions WHERE expires_at <= 1",
        "DELETE FROM throttles WHERE updated_at < 1",
        "SELECT 1 FROM relations WHERE closes_at <= 1",
        "SELECT 1 FROM readings WHERE reader = x'00'",  # what erasing an account asks
    ],
)
async def test_what_runs_again_and_again_finds_its_rows_by_an_index(running: Running, asked: str) -> None:
    plan = [row["detail"] for row in await database.fetch(f"EXPLAIN QUERY PLAN {asked}")]
    assert plan
    assert not [step for step in plan if step.startswith("SCAN")]
