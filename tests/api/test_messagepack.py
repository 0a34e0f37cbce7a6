"""MessagePack and JSON carry the same structs."""

import base64
from uuid import uuid4

import msgspec

from tests.api.people import begin
from tests.conftest import Running

MESSAGEPACK = "application/x-msgpack"


async def test_what_was_saved_as_messagepack_comes_back_as_either(running: Running) -> None:
    therapist = await begin(running)
    record = uuid4()
    save = therapist.revision(record, size=2048)
    raw = {
        name: base64.b64decode(value) if name in ("body", "proof", "wrapped") else value for name, value in save.items()
    }

    answer = await therapist.http.put(
        f"/api/records/{record}",
        content=msgspec.msgpack.encode(raw),
        headers={"Content-Type": MESSAGEPACK, "Accept": MESSAGEPACK},
    )

    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == MESSAGEPACK
    assert msgspec.msgpack.decode(answer.content)["revision"] == 1
    packed = await therapist.http.get("/api/changes", headers={"Accept": MESSAGEPACK})
    plain = await therapist.http.get("/api/changes")
    (as_bytes,), (as_text,) = msgspec.msgpack.decode(packed.content)["changes"], plain.json()["changes"]
    assert as_bytes["record"]["body"] == raw["body"] == base64.b64decode(as_text["record"]["body"])
    assert len(packed.content) < len(plain.content) * 0.8
    errors = await therapist.http.get(f"/api/records/{uuid4()}", headers={"Accept": MESSAGEPACK})
    assert errors.headers["content-type"] == "application/problem+json"
    devices = await therapist.http.get("/api/devices", headers={"Accept": MESSAGEPACK})
    assert len(msgspec.msgpack.decode(devices.content)) == 1
