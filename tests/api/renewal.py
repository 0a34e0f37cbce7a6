"""New keys for a person, of made-up bytes, and everything made anew under them."""

import hashlib
import os
from typing import Any
from uuid import uuid4

import httpx

from tests.api.people import Person, b64, b64u


class Renewal:
    """New keys for a person, of made-up bytes."""

    def __init__(self, person: Person, gen: int = 2) -> None:
        self.person, self.gen = person, gen
        self.public_key = os.urandom(32)
        self.previous = os.urandom(61)
        self.passphrase_auth, self.kit_auth = os.urandom(32), os.urandom(32)
        self.slots: list[dict[str, Any]] = []

    @property
    def key_id(self) -> str:
        return b64u(hashlib.sha256(self.public_key).digest()[:16])

    async def keys(self) -> dict[str, Any]:
        """What begins it, the same each time."""
        salt = (await self.person.http.post("/api/salt", json={"email": self.person.email})).json()["salt"]
        params = {"kdf": "argon2id", "m": 65536, "t": 3, "p": 1, "salt": salt}
        self.slots = self.slots or [
            {"id": str(uuid4()), "method": "passphrase", "gen": self.gen, "sealed": b64(os.urandom(61)), "params": params, "auth": b64(self.passphrase_auth)},
            {"id": str(uuid4()), "method": "recovery", "gen": self.gen, "sealed": b64(os.urandom(61)), "auth": b64(self.kit_auth)},
        ]  # fmt: skip
        identity = {
            "key_id": self.key_id, "public_key": b64(self.public_key),
            "private_sealed": b64(self.public_key[:1] * 61), "gen": self.gen,
        }  # fmt: skip
        return {"gen": self.gen, "slots": self.slots, "previous": b64(self.previous), "identity": identity}

    async def begin(self) -> httpx.Response:
        return await self.person.http.post("/api/account/rotation", json=await self.keys())

    async def page(self, after: str | None = None) -> dict[str, Any]:
        params = {} if after is None else {"after": after}
        answer = await self.person.http.get("/api/account/rotation/records", params=params)
        return dict(answer.raise_for_status().json())

    def renewed(self, page: dict[str, Any]) -> dict[str, Any]:
        """A page made anew: each value tells what it was made of."""
        return {
            "gen": self.gen,
            "key_id": self.key_id,
            "identities": [{"key_id": i["key_id"], "private_sealed": b64(made(61, i["private_sealed"]))} for i in page["identities"]],
            "wraps": [{"record": w["record"], "epoch": w["epoch"], "wrapped": b64(made(61, w["wrapped"]))} for w in page["wraps"]],
            "proofs": [{"record": p["record"], "revision": p["revision"], "proof": b64(made(32, p["proof"]))} for p in page["proofs"]],
            "tombstones": [{"record": t["record"], "mac": b64(made(32, t["mac"]))} for t in page["tombstones"]],
        }  # fmt: skip

    async def keep(self, page: dict[str, Any]) -> httpx.Response:
        return await self.person.http.put("/api/account/rotation/records", json=self.renewed(page))

    async def renew(self) -> int:
        """Make everything anew; returns how many pages that took."""
        pages, after = 0, None
        while True:
            page = await self.page(after)
            assert (await self.keep(page)).status_code == 204
            pages, after = pages + 1, page["after"]
            if after is None:
                return pages

    async def finish(self) -> httpx.Response:
        return await self.person.http.post(
            "/api/account/rotation/finish", json={"gen": self.gen, "key_id": self.key_id}
        )


def made(size: int, what: str) -> bytes:
    """Bytes of a size, made of something."""
    return hashlib.shake_256(what.encode()).digest(size)
