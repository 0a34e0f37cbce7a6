"""Who copies the database, a backup or the disk: its bytes give no word and no key away, and no row of it signs anybody in."""

import base64
from collections.abc import Callable
from typing import Any
from uuid import UUID

import httpx
import pytest
from aftertide import wire
from aftertide.access import Secret, kit, passphrase
from aftertide.account import Account
from aftertide.errors import UnreachableError
from aftertide.keyring import secrets_of_kit, stretched
from aftertide.protocol.encoding import b64u, unb64u
from aftertide.protocol.invitations import InvitationSecret
from aftertide.protocol.slots import SlotSecrets

from server import database
from server.web.access import COOKIE
from tests.browser.disclosure import all_bytes, forms_of
from tests.client.conftest import AGREEMENT, PASSPHRASE, Two

WORDS = "The lighthouse keeper hummed a barcarole."
ANSWER = "Which barcarole, do you remember?"
EMAIL = "ana@example.org"
ANOTHER = "gravel moth window seventh rope"


async def a_lived_in_journal(two: Two) -> None:
    """Words in every place that words have: an entry with a past, one shared and answered, a deleted one, a ledger."""
    entry = await two.patient.write(WORDS)
    await two.patient.edit(entry.id, lambda old: {**old, "text": f"{WORDS} Twice."})
    await two.patient.share(entry.id, two.therapist.id, 1)
    gone = await two.patient.write("Peppermint and petrol.")
    await two.patient.delete(gone.id)
    await two.therapist.sync()
    await two.therapist.comment(entry.id, ANSWER)
    await two.patient.sync()
    await two.patient.keep_ledger()


async def secrets_of(account: Account, shown: Secret, email: str) -> SlotSecrets:
    """What a device makes of a passphrase or a kit."""
    if shown.method == "recovery":
        return secrets_of_kit(shown.text)
    return await stretched(shown.text, email, await account.access.salt())


def keys_of(account: Account) -> dict[str, bytes]:
    """Every key that an unlocked device holds."""
    keyring = account.journal.keyring
    private = {
        f"private key {one.key_id}": one.private.private_bytes_raw() for one in (keyring.identity, *keyring.former)
    }
    records = {f"record key of {one.id}": one.key.reveal for one in account.journal.records.values()}
    return {
        "record-wrap": keyring.keys.record_wrap.reveal,
        "record-proof": keyring.keys.record_proof.reveal,
        "private-keys": keyring.keys.private_keys.reveal,
        **private,
        **records,
    }


async def secrets_there_are(account: Account, ways: list[Secret], email: str) -> dict[str, bytes]:
    """Everything of an account that must not lie in a database: keys, what opens them, proofs, the session's token."""
    found = keys_of(account)
    for way in ways:
        secrets = await secrets_of(account, way, email)
        found |= {
            f"{way.method} {way.text}": way.text.encode(),
            f"slot key of {way.method}": secrets.slot_key.reveal,
            f"auth of {way.method}": secrets.auth.reveal,
        }
    token = account._api._token
    assert token is not None
    return {**found, "token": token.encode(), "token's bytes": unb64u(token)}


async def given_away(database_url: str, secrets: dict[str, bytes]) -> list[str]:
    """Names of the secrets that a copy of the database holds, as they are or written in hex or base64."""
    held = await all_bytes(database_url)
    assert EMAIL.encode() in held, "this isn't the database that was written to"
    return [name for name, secret in secrets.items() if any(form in held for form in forms_of(secret))]


def texts() -> dict[str, bytes]:
    said = [WORDS, "barcarole", "lighthouse", ANSWER, "Peppermint and petrol.", AGREEMENT, "Dr. Rivera", "Peppermint"]
    return {text: text.encode() for text in said}


async def test_it_holds_no_word_no_key_no_proof_and_no_token(two: Two, database_url: str) -> None:
    await a_lived_in_journal(two)
    link = (await two.therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)).link
    secret = InvitationSecret(unb64u(link.partition("#")[2]))
    of_link = {"K": secret.reveal, "redeem": secret.redeem, "tag key": secret.tag_key, "card key": secret.card_key}
    patient = await secrets_there_are(two.patient, [passphrase(PASSPHRASE), kit(two.kit)], EMAIL)
    therapist = await secrets_there_are(two.therapist, [passphrase(PASSPHRASE)], "rivera@example.org")
    assert await given_away(database_url, {**texts(), **of_link, **patient, **therapist}) == []


async def test_nor_after_all_keys_were_renewed_of_the_former_ones_or_the_new(two: Two, database_url: str) -> None:
    await a_lived_in_journal(two)
    former = await secrets_there_are(two.patient, [passphrase(PASSPHRASE), kit(two.kit)], EMAIL)
    prepared = await two.patient.access.prepare_new_keys(passphrase(PASSPHRASE), ANOTHER)
    keys = {"former account key": prepared.former.reveal, "new account key": prepared.new.reveal}
    wires = two.town.wires["ana"]
    wires.block = "/api/account/rotation/finish"
    with pytest.raises(UnreachableError):
        await two.patient.renew_keys(prepared)
    # Half-way, when both lie beside one another, and afterwards.
    assert await given_away(database_url, {**texts(), **former, **keys}) == []
    wires.block = None
    laptop = await two.town.device("laptop").sign_in(EMAIL, ANOTHER)
    await laptop.sync()
    new = await secrets_there_are(laptop, [passphrase(ANOTHER), kit(prepared.kit)], EMAIL)
    assert await given_away(database_url, {**texts(), **former, **keys, **new}) == []


Row = dict[str, Any]
Try = Callable[[httpx.AsyncClient, Row], Any]


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


async def try_session(http: httpx.AsyncClient, row: Row) -> list[httpx.Response]:
    """A stolen row of sessions, shown as its token in each form, as a bearer's and as a browser's cookie."""
    answers = []
    for stolen in (bytes(row["token_hash"]), UUID(str(row["id"])).bytes):
        for text in (stolen.hex(), b64(stolen), b64u(stolen), stolen.decode("ascii", "ignore")):
            answers.append(await http.get("/api/account", headers={"Authorization": f"Bearer {text}"}))
            answers.append(await http.get("/api/account", headers={"Cookie": f"{COOKIE}={text}"}))
    return answers


async def try_slot(http: httpx.AsyncClient, row: Row) -> list[httpx.Response]:
    """A stolen row of key slots, shown as the proof of who one is: the stored hash, and the sealed key's bytes."""
    return [
        await http.post(
            "/api/sign-in",
            json={"email": EMAIL, "method": row["method"], "auth": b64(stolen), "device": "a thief's", "bearer": True},
        )
        for stolen in (bytes(row["auth_hash"]), bytes(row["sealed"])[:32])
    ]


async def try_invitation(http: httpx.AsyncClient, row: Row) -> list[httpx.Response]:
    """A stolen row of invitations, whose hash is shown as what redeems it."""
    address = f"/api/invitations/{row['id']}/open"
    return [await http.post(address, json={"redeem": b64(bytes(row["redeem_hash"]))})]


TRIES: dict[str, Try] = {
    "SELECT * FROM sessions": try_session,
    "SELECT * FROM key_slots WHERE method <> 'passkey'": try_slot,
    "SELECT * FROM invitations WHERE invitee IS NULL": try_invitation,
}


@pytest.mark.parametrize("rows", TRIES)
async def test_a_stolen_row_opens_nothing(two: Two, rows: str) -> None:
    await two.therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)
    stolen = await database.fetch(rows)
    assert stolen
    http = two.town.running.program()
    for row in stolen:
        answers = await TRIES[rows](http, dict(row))
        # Slowed down after a few: what is refused for that counts as refused.
        assert {answer.status_code for answer in answers} <= {401, 404, 429}, rows
        two.town.running.time.move_days(1)
    # What was stolen is what counts: its owner gets in.
    assert (await two.patient._api.ask(wire.Me, "GET", "/account")).id == two.patient.id
