"""What people do with passkeys over the API, in software."""

import os
from typing import Any
from uuid import UUID, uuid4

import httpx

from tests.api.authenticator import Authenticator, Passkey
from tests.api.people import Person, answer_to, b64, invite
from tests.conftest import Running

# Well formed, and of no device.
NOBODYS_ASSERTION = {
    "id": b64(bytes(32)), "client_data": b64(b"{}"), "authenticator_data": b64(bytes(37)), "signature": b64(bytes(64)),
    "clientExtensionResults": {},
}  # fmt: skip
NOBODYS_ATTESTATION = {
    "id": b64(bytes(32)), "client_data": b64(b"{}"), "attestation_object": b64(bytes(100)), "clientExtensionResults": {},
}  # fmt: skip


async def challenge(http: httpx.AsyncClient, purpose: str, account: UUID | None = None) -> str:
    """Ask for a challenge, which must be given; as the API's JSON has it."""
    body = None if account is None else {"account": str(account)}
    answer = (await http.post(f"/api/passkeys/challenges/{purpose}", json=body)).raise_for_status()
    return str(answer.json()["challenge"])


def slot(gen: int = 1) -> dict[str, Any]:
    """A key slot of a passkey, made up."""
    return {"id": str(uuid4()), "gen": gen, "sealed": b64(os.urandom(61))}


async def new_passkey(person: Person, device: Authenticator, **how: Any) -> dict[str, Any]:
    """What a page posts to add a passkey."""
    answer = device.make(await challenge(person.http, "register"), person.id)
    return {"name": "Firefox · Android", "answer": answer, "slot": slot(), **how}


async def add(person: Person, device: Authenticator, **how: Any) -> httpx.Response:
    """Add a passkey to somebody's account."""
    return await person.http.post("/api/passkeys", json=await new_passkey(person, device, **how))


async def assertion(http: httpx.AsyncClient, device: Authenticator, passkey: Passkey | None = None) -> dict[str, Any]:
    """What a page posts to sign in by passkey."""
    return {"answer": device.use(await challenge(http, "sign-in"), passkey), "device": "another", "bearer": True}


async def sign_in(running: Running, device: Authenticator, passkey: Passkey | None = None) -> httpx.Response:
    """Sign in by passkey, as nobody yet."""
    async with running.program() as http:
        return await http.post("/api/sign-in/passkey", json=await assertion(http, device, passkey))


async def new_account(person: Person, device: Authenticator, **passkey: Any) -> dict[str, Any]:
    """What a sign-up by passkey sends: a kit, and a passkey with its slot."""
    account = await person.new_account()
    answer = device.make(await challenge(person.http, "sign-up", person.id), person.id)
    account["slots"] = [one for one in account["slots"] if one["method"] == "recovery"]
    return {**account, "passkey": {"name": "Firefox · Android", "answer": answer, "slot": slot(), **passkey}}


async def join_by(therapist: Person, account: dict[str, Any]) -> httpx.Response:
    """Send a sign-up by a new invitation of `therapist`."""
    invitation, redeem = await invite(therapist)
    async with therapist.running.program() as http:
        return await http.post(
            f"/api/invitations/{invitation}/join", json={"answer": answer_to(redeem), "account": account}
        )
