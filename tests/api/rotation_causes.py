"""Ways to meet the problems of a rotation."""

from uuid import uuid4

import httpx

from tests.api.causes import cause
from tests.api.people import Person
from tests.api.renewal import Renewal
from tests.conftest import Running


@cause("rotation-runs", 409)
async def another_passphrase_while_all_keys_are_renewed(
    running: Running, patient: Person, therapist: Person
) -> httpx.Response:
    renewal = Renewal(patient)
    await renewal.begin()
    slot = {**renewal.slots[0], "id": str(uuid4()), "gen": 1}
    return await patient.http.put("/api/account/slots/passphrase", json={"slot": slot})


@cause("no-rotation", 409)
async def an_end_without_a_begin(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    return await Renewal(patient).finish()


@cause("rotation-unfinished", 409)
async def an_end_before_everything_is_made_anew(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    renewal = Renewal(patient)
    await renewal.begin()
    return await renewal.finish()


@cause("stale-gen", 409)
async def a_deletion_under_former_keys(running: Running, patient: Person, therapist: Person) -> httpx.Response:
    record = await patient.save()
    renewal = Renewal(patient)
    await renewal.begin()
    await renewal.renew()
    await renewal.finish()
    return await patient.http.put(f"/api/records/{record}/tombstone", json={"revision": 1, "tombstone": "A" * 43 + "="})
