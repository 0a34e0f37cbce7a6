"""What concerns getting in: devices, passphrase, kit, signing out, erasing."""

from dataclasses import dataclass

from aftertide import wire
from aftertide.api import Api
from aftertide.errors import NotSignedInError
from aftertide.journal import Journal
from aftertide.keyring import (
    Keyring,
    new_kit_slot,
    new_passphrase_slot,
    open_account_key,
    secrets_of_kit,
    stretched,
)
from aftertide.protocol.keys import AccountKey
from aftertide.protocol.slots import Method, check_generation
from aftertide.rotating import Prepared, prepare


@dataclass(frozen=True, slots=True, repr=False)
class Secret:
    """What a person shows afresh: a passphrase or a kit."""

    method: Method
    text: str


def passphrase(text: str) -> Secret:
    """Show the passphrase."""
    return Secret("passphrase", text)


def kit(text: str) -> Secret:
    """Show the recovery kit."""
    return Secret("recovery", text)


class Access:
    """The ways into one account. What needs the account key opens a slot afresh with a `Secret`."""

    def __init__(self, api: Api, email: str, journal: Journal) -> None:
        """Manage the ways into the account of this session; the journal holds its keys."""
        self._api = api
        self._email = email
        self._journal = journal

    @property
    def _keyring(self) -> Keyring:
        return self._journal.keyring

    async def _prove(self, secret: Secret) -> AccountKey:
        """Prove afresh who this is and open the slot; raises WrongProofError, KitError, KdfParametersError, OlderGenerationError."""
        return (await self._open(secret))[1]

    async def _open(self, secret: Secret) -> tuple[wire.Me, AccountKey]:
        salt = await self.salt() if secret.method == "passphrase" else None
        if salt is None:
            secrets = secrets_of_kit(secret.text)
        else:
            secrets = await stretched(secret.text, self._email, salt)
        await self._api.tell("POST", "/account/proof", wire.Proof(secret.method, secrets.auth.reveal))
        me = await self._api.ask(wire.Me, "GET", "/account")
        check_generation(me.gen, self._keyring.gen)
        return me, open_account_key(me, secret.method, secrets, salt)

    async def salt(self) -> bytes:
        """Return the salt of this account's e-mail."""
        return (await self._api.ask(wire.Salt, "POST", "/salt", wire.SaltQuestion(self._email))).salt

    async def change_passphrase(self, secret: Secret, new: str) -> None:
        """Replace the passphrase, shown the old one or the kit; other devices are signed out.

        Raises PassphraseError for one that can't be set. It protects against nobody who has a copy of the database and
        the old passphrase.
        """
        account_key = await self._prove(secret)
        slot = await new_passphrase_slot(
            self._keyring.account, self._keyring.gen, new, self._email, await self.salt(), account_key
        )
        await self._api.tell("PUT", "/account/slots/passphrase", wire.ReplaceSlot(slot))

    async def new_kit(self, secret: Secret) -> str:
        """Replace the recovery kit; returns the new one to keep. The old one opens nothing any more."""
        slot, text = new_kit_slot(self._keyring.account, self._keyring.gen, await self._prove(secret))
        await self._api.tell("PUT", "/account/slots/recovery", wire.ReplaceSlot(slot))
        return text

    async def prepare_new_keys(self, secret: Secret, passphrase: str) -> Prepared:
        """Make new keys, with a new passphrase and a new kit, after a device was lost or somebody may know the passphrase.

        Nothing has changed yet: note the kit down, then go on with `Account.renew_keys`. Raises PassphraseError.
        """
        me, former = await self._open(secret)
        return await prepare(me, former, passphrase, await self.salt())

    async def devices(self) -> list[wire.Device]:
        """List the signed-in devices."""
        return await self._api.ask(list[wire.Device], "GET", "/devices")

    async def end_device(self, secret: Secret, device: str) -> None:
        """Sign another device out."""
        await self._prove(secret)
        await self._api.tell("DELETE", f"/devices/{device}")

    async def sign_out(self) -> None:
        """End this session; done already is done."""
        try:
            await self._api.tell("POST", "/sign-out")
        except NotSignedInError:
            return

    async def erase(self, secret: Secret) -> None:
        """Erase the account with all it owns. There is no way back."""
        await self._prove(secret)
        try:
            await self._api.tell("POST", "/account/erase")
        except NotSignedInError:
            return  # an answer was lost: the account, and with it the session, is gone
