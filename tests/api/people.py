"""People who speak the API with made-up bytes: the server can't tell sealed bytes from random ones."""

import base64
import hashlib
import os
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import httpx

from server.care.practices import create_first_therapist_link, create_practice
from tests.conftest import Running


def b64(data: bytes) -> str:
    """Encode bytes as the API's JSON does."""
    return base64.b64encode(data).decode()


def b64u(data: bytes) -> str:
    """Encode bytes as key ids are."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


class Person:
    """An account, the connection it is signed in on, and what it remembers of its records."""

    def __init__(self, running: Running, email: str) -> None:
        self.running = running
        self.http: httpx.AsyncClient = running.program()
        self.id = uuid4()
        self.email = email
        self.public_key = os.urandom(32)
        self.passphrase_auth = os.urandom(32)
        self.kit_auth = os.urandom(32)
        self.heads: dict[UUID, tuple[int, int, bytes]] = {}

    async def new_account(self) -> dict[str, Any]:
        """Everything a sign-up sends."""
        salt = (await self.http.post("/api/salt", json={"email": self.email})).raise_for_status().json()["salt"]
        identity = {
            "key_id": b64u(hashlib.sha256(self.public_key).digest()[:16]),
            "public_key": b64(self.public_key),
            "private_sealed": b64(os.urandom(61)),
            "gen": 1,
        }
        return {
            "id": str(self.id), "email": self.email, "identity": identity, "bearer": True, "device": "a phone",
            "slots": [
                self.passphrase_slot(salt),
                {"id": str(uuid4()), "method": "recovery", "gen": 1, "sealed": b64(os.urandom(61)), "auth": b64(self.kit_auth)},
            ],
        }  # fmt: skip

    def passphrase_slot(self, salt: str) -> dict[str, Any]:
        """A passphrase slot under the present `passphrase_auth`."""
        return {
            "id": str(uuid4()), "method": "passphrase", "gen": 1, "sealed": b64(os.urandom(61)), "auth": b64(self.passphrase_auth),
            "params": {"kdf": "argon2id", "m": 65536, "t": 3, "p": 1, "salt": salt},
        }  # fmt: skip

    def use(self, token: str) -> None:
        """Go on with this bearer token."""
        self.http.headers["Authorization"] = f"Bearer {token}"

    async def sign_in(self, *, method: str = "passphrase", auth: bytes | None = None) -> httpx.Response:
        """Sign in on this connection."""
        proof = auth or (self.passphrase_auth if method == "passphrase" else self.kit_auth)
        answer = await self.http.post(
            "/api/sign-in",
            json={"email": self.email, "method": method, "auth": b64(proof), "device": "another", "bearer": True},
        )
        if answer.is_success:
            self.use(answer.json()["token"])
        return answer

    def revision(
        self,
        record: UUID,
        *,
        grants: Sequence[tuple["Person", int]] | None = None,
        about: UUID | None = None,
        size: int = 1024,
    ) -> dict[str, Any]:
        """The next save of a record; with `grants`, under a new epoch."""
        epoch, revision, head = self.heads.get(record, (0, 0, b""))
        new_epoch = grants is not None or revision == 0
        return {
            "request": str(uuid4()), "gen": 1, "about": str(about) if about else None,
            "epoch": epoch + 1 if new_epoch else epoch, "revision": revision + 1, "base": b64(head) if revision else None,
            "wrapped": b64(os.urandom(61)) if new_epoch else None,
            "body": b64(os.urandom(size + 29)), "proof": b64(os.urandom(32)),
            "grants": [
                {"grantee": str(reader.id), "attention": attention, "sealed": b64(os.urandom(80))} for reader, attention in grants or []
            ] if new_epoch else None,
        }  # fmt: skip

    async def put(self, record: UUID, save: dict[str, Any]) -> httpx.Response:
        """Send a save and remember it when it is kept."""
        answer = await self.http.put(f"/api/records/{record}", json=save)
        if answer.is_success:
            self.heads[record] = (
                save["epoch"],
                save["revision"],
                hashlib.sha256(base64.b64decode(save["body"])).digest(),
            )
        return answer

    async def save(self, record: UUID | None = None, **how: Any) -> UUID:
        """Save a record, which must work, and return its id."""
        which = record or uuid4()
        answer = await self.put(which, self.revision(which, **how))
        assert answer.status_code == 200, answer.text
        return which

    async def changes(self, after: int = 0) -> list[dict[str, Any]]:
        """Pull all pages after a cursor."""
        rows: list[dict[str, Any]] = []
        while True:
            page = (await self.http.get("/api/changes", params={"after": after})).raise_for_status().json()
            rows += page["changes"]
            after = page["cursor"]
            if not page["more"]:
                return rows

    async def sees(self, record: UUID) -> str | None:
        """What the feed says of a record: record, tombstone, gone, or nothing."""
        return next((row["state"] for row in await self.changes() if row["id"] == str(record)), None)


async def begin(running: Running, email: str = "rivera@example.org") -> Person:
    """A practice and its first therapist, signed in."""
    practice = await create_practice(
        name="Shore",
        phone="+34 600 000 000",
        emergency_number="112",
        reading_line="Mondays",
        time_zone="Europe/Madrid",
        now=running.time.now,
    )
    token = await create_first_therapist_link(practice, running.time.now)
    therapist = Person(running, email)
    answer = await therapist.http.post(
        "/api/begin", json={"token": b64(token), "account": await therapist.new_account()}
    )
    assert answer.status_code == 200, answer.text
    therapist.use(answer.json()["token"])
    return therapist


async def invite(inviter: Person, *, adult: bool | None = True) -> tuple[UUID, bytes]:
    """Publish an invitation; returns its id and what redeems it. `adult`: None where it isn't said, as by a patient."""
    invitation, redeem = uuid4(), os.urandom(32)
    answer = await inviter.http.post(
        "/api/invitations",
        json={
            "id": str(invitation), "redeem_hash": b64(hashlib.sha256(redeem).digest()), "tag": b64(os.urandom(32)),
            "card": b64(os.urandom(1053)), **({} if adult is None else {"adult": adult}),
        },
    )  # fmt: skip
    assert answer.status_code == 204, answer.text
    return invitation, redeem


def answer_to(redeem: bytes) -> dict[str, str]:
    """An invitee's answer."""
    return {"redeem": b64(redeem), "tag": b64(os.urandom(32)), "card": b64(os.urandom(1053))}


async def join(therapist: Person, email: str = "ana@example.org") -> Person:
    """A patient of `therapist`, signed up and signed in."""
    invitation, redeem = await invite(therapist)
    patient = Person(therapist.running, email)
    answer = await patient.http.post(
        f"/api/invitations/{invitation}/join",
        json={"answer": answer_to(redeem), "account": await patient.new_account()},
    )
    assert answer.status_code == 200, answer.text
    patient.use(answer.json()["token"])
    return patient
