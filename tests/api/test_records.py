"""Saving, sharing, taking back, deleting: what each account may see of a record, on both engines."""

from uuid import UUID, uuid4

from server import database
from server.app import sweep
from server.columns import Id
from server.opening import TABLES
from tests.api.people import Person, b64, begin, join
from tests.conftest import Running
from tests.house.test_what_the_server_knows import COMPOUND


async def pair(running: Running) -> tuple[Person, Person]:
    therapist = await begin(running)
    return await join(therapist), therapist


async def test_a_saved_record_comes_back_as_it_was(running: Running) -> None:
    patient, _ = await pair(running)
    record = uuid4()
    save = patient.revision(record)
    saved = (await patient.put(record, save)).raise_for_status().json()

    (change,) = await patient.changes()

    assert change["state"] == "record"
    assert change["counter"] == saved["cursor"]
    assert {name: change["record"][name] for name in ("body", "proof", "wrapped", "epoch", "revision")} == {
        name: save[name] for name in ("body", "proof", "wrapped", "epoch", "revision")
    }


async def test_the_same_save_sent_twice_is_one_revision(running: Running) -> None:
    patient, _ = await pair(running)
    record = uuid4()
    save = patient.revision(record)
    first = await patient.put(record, save)
    second = await patient.put(record, save)
    assert first.json() == second.json()
    assert len((await patient.http.get(f"/api/records/{record}/history")).json()["revisions"]) == 1


async def test_a_save_on_an_old_base_is_answered_with_the_newer_one(running: Running) -> None:
    patient, _ = await pair(running)
    record = await patient.save()
    stale = patient.revision(record)
    await patient.save(record)

    answer = await patient.put(record, stale)

    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/stale"
    assert answer.json()["current"]["revision"] == 2


async def test_a_therapist_reads_what_was_shared_and_nothing_else(running: Running) -> None:
    patient, therapist = await pair(running)
    private = await patient.save()
    shared = await patient.save(grants=[(therapist, 1)])

    assert await therapist.sees(shared) == "record"
    assert await therapist.sees(private) is None
    assert (await therapist.http.get(f"/api/records/{private}")).status_code == 404


async def test_a_former_reader_cannot_read_the_next_revision(running: Running) -> None:
    patient, therapist = await pair(running)
    record = await patient.save(grants=[(therapist, 0)])
    await patient.save(record, grants=[])

    assert await therapist.sees(record) == "gone"
    assert (await therapist.http.get(f"/api/records/{record}")).status_code == 404


async def test_taking_back_closes_what_was_written_about_it(running: Running) -> None:
    patient, therapist = await pair(running)
    entry = await patient.save(grants=[(therapist, 1)])
    comment = await therapist.save(about=entry, grants=[(patient, 0)])
    reply = await patient.save(about=entry, grants=[(therapist, 0)])

    await patient.save(entry, grants=[])

    assert await therapist.sees(reply) == "gone"
    assert await patient.sees(comment) == "record"  # what the therapist wrote before stays with both
    assert await therapist.sees(comment) == "record"
    refused = await therapist.put(uuid4(), therapist.revision(uuid4(), about=entry, grants=[(patient, 0)]))
    assert refused.status_code == 409
    assert refused.json()["type"] == "/problems/no-longer-shared"


async def test_deleting_leaves_a_tombstone_to_the_owner_and_nothing_to_readers(running: Running) -> None:
    patient, therapist = await pair(running)
    record = await patient.save(grants=[(therapist, 1)])
    stone = {"revision": 1, "tombstone": b64(b"t" * 32)}

    for _ in range(2):  # a lost answer is asked for again
        (await patient.http.put(f"/api/records/{record}/tombstone", json=stone)).raise_for_status()

    assert await patient.sees(record) == "tombstone"
    assert await therapist.sees(record) == "gone"
    assert (await patient.http.get(f"/api/records/{record}/history")).json()["revisions"] == []
    again = await patient.put(record, patient.revision(record))
    assert again.status_code == 409
    assert again.json()["current"] == {"revision": 1, "mac": stone["tombstone"]}


async def test_read_and_reviewed_marks_reach_the_owner(running: Running) -> None:
    patient, therapist = await pair(running)
    record = await patient.save(grants=[(therapist, 1)])
    (await therapist.http.post(f"/api/records/{record}/read", json={"revision": 1})).raise_for_status()
    (await therapist.http.put(f"/api/records/{record}/reviewed", json={"revision": 1})).raise_for_status()

    (reader,) = (await patient.changes())[0]["record"]["readers"]

    assert reader["account"] == str(therapist.id)
    assert reader["read_revision"] == 1
    assert reader["reviewed_revision"] == 1
    (await therapist.http.put(f"/api/records/{record}/reviewed", json={"revision": None})).raise_for_status()
    (reader,) = (await patient.changes())[0]["record"]["readers"]
    assert reader["reviewed"] is None


async def test_an_ended_relation_takes_no_new_grants_and_closes_after_two_weeks(running: Running) -> None:
    patient, therapist = await pair(running)
    record = await patient.save(grants=[(therapist, 1)])
    (await patient.http.post(f"/api/relations/{therapist.id}/end", json={})).raise_for_status()

    refused = await patient.put(uuid4(), patient.revision(uuid4(), grants=[(therapist, 0)]))

    assert refused.status_code == 422
    assert await therapist.sees(record) == "record"
    running.time.move_days(14)
    await sweep(running.time.now)
    assert await therapist.sees(record) == "gone"


async def test_erasing_removes_an_account_and_tells_its_readers(running: Running) -> None:
    patient, therapist = await pair(running)
    record = await patient.save(grants=[(therapist, 1)])
    comment = await therapist.save(about=record, grants=[(patient, 0)])

    (await patient.http.post("/api/account/erase")).raise_for_status()

    assert await therapist.sees(record) == "gone"
    assert await therapist.sees(comment) == "record"
    assert (await patient.http.get("/api/account")).status_code == 401
    assert (await patient.sign_in()).status_code == 401
    assert await mentions(patient.id) == []


async def mentions(account: UUID) -> list[str]:
    """The columns in which an account's id still stands."""
    found = []
    for table in TABLES:
        for column in table._meta.columns:
            name, of = column._meta.db_column_name, table._meta.tablename
            if isinstance(column, Id) and not (name == "id" and of in COMPOUND):
                rows = await database.fetch(f"SELECT 1 AS one FROM {of} WHERE {name} = $1", account)
                found += [f"{of}.{name}"] if rows else []
    return found


async def test_erasing_a_therapist_leaves_patients_what_is_theirs(running: Running) -> None:
    patient, therapist = await pair(running)
    record = await patient.save(grants=[(therapist, 1)])
    comment = await therapist.save(about=record, grants=[(patient, 0)])

    (await therapist.http.post("/api/account/erase")).raise_for_status()

    (change,) = [row for row in await patient.changes() if row["id"] == str(record)]
    assert change["record"]["readers"] == []
    assert await patient.sees(comment) == "gone"
    assert await mentions(therapist.id) == []
    assert (await patient.http.get("/api/relations")).json() == []


async def test_a_first_sync_comes_in_pages_without_loss(running: Running) -> None:
    patient, _ = await pair(running)
    records = {await patient.save(size=65_536) for _ in range(20)}
    page = (await patient.http.get("/api/changes")).json()
    assert page["more"]
    assert {row["id"] for row in await patient.changes()} == {str(record) for record in records}


async def test_a_deletion_after_another_devices_is_answered_with_that_ones_tombstone(running: Running) -> None:
    patient, _ = await pair(running)
    record = await patient.save()
    first = {"revision": 1, "tombstone": b64(b"1" * 32)}
    (await patient.http.put(f"/api/records/{record}/tombstone", json=first)).raise_for_status()
    answer = await patient.http.put(
        f"/api/records/{record}/tombstone", json={"revision": 1, "tombstone": b64(b"2" * 32)}
    )
    assert answer.status_code == 409
    assert answer.json()["type"] == "/problems/deleted"
    assert answer.json()["current"] == {"revision": 1, "mac": first["tombstone"]}
