"""A slot that a passkey opens, made by this client's protocol and opened by it, over a server that sees neither key nor output."""

from uuid import UUID

import pytest
from aftertide import wire
from aftertide.keyring import open_account_key, open_by_passkey, open_keyring, stretched
from aftertide.protocol.encoding import b64, new_id
from aftertide.protocol.errors import DoesNotOpenError, SlotError
from aftertide.protocol.slots import PRF_INPUT, passkey_key, seal_slot

from tests.api.authenticator import Authenticator
from tests.api.passkeys import challenge
from tests.client.conftest import PASSPHRASE, Town


async def test_the_prf_output_of_a_passkey_opens_the_account_whose_key_was_sealed_for_it(town: Town) -> None:
    account = (await town.therapist()).account
    device, api = Authenticator(), account._api
    me = await api.ask(wire.Me, "GET", "/account")
    salt = await account.access.salt()
    account_key = open_account_key(me, "passphrase", await stretched(PASSPHRASE, me.email, salt), salt)
    async with town.running.program() as http:
        http.headers["Authorization"] = f"Bearer {api._token}"
        answer = device.make(await challenge(http, "register"), UUID(account.id))
        (passkey,) = device.passkeys
        slot, prf = new_id(), passkey.prf(PRF_INPUT)
        sealed = seal_slot(passkey_key(prf), me.id, slot, "passkey", me.gen, account_key)
        body = {"name": "", "answer": answer, "slot": {"id": slot, "gen": me.gen, "sealed": b64(sealed)}}
        (await http.post("/api/passkeys", json=body)).raise_for_status()

    me = await api.ask(wire.Me, "GET", "/account")
    opened = open_by_passkey(me, passkey.id, prf)
    assert opened.reveal == account_key.reveal
    assert open_keyring(me, opened, me.gen).identity.public == account.journal.keyring.identity.public
    with pytest.raises(DoesNotOpenError):
        open_by_passkey(me, passkey.id, passkey.prf(b"another input"))
    with pytest.raises(SlotError):
        open_by_passkey(me, b"another passkey", prf)
