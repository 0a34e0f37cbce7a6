"""Where everything begins: a server, and the ways to an account on it."""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, Self

import httpx
import msgspec

from aftertide import wire
from aftertide.account import Account
from aftertide.api import PAUSES, Api
from aftertide.errors import ClientError, UnreachableError
from aftertide.invitations import OpenInvitation, open_invitation
from aftertide.keyring import (
    NewKeys,
    new_account,
    open_account_key,
    open_keyring,
    secrets_of_kit,
    stretched,
)
from aftertide.memory import Memory
from aftertide.protocol.email import canonical_email
from aftertide.protocol.invitations import read_begin_link
from aftertide.protocol.slots import Method, SlotSecrets, check_generation
from aftertide.rotating import Rotating, open_former

_TIMEOUT: Final = httpx.Timeout(30.0)
_LOCAL: Final = ("localhost", "127.0.0.1", "[::1]", "::1")


def system_clock() -> datetime:
    """Return the present instant."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class SignedUp:
    """A new account, and the recovery kit that opens it when the passphrase is forgotten: shown once, kept by the person."""

    account: Account
    kit: str = field(repr=False)


class Client:
    """A server, spoken to over httpx; `async with Client(address) as client` closes it again."""

    def __init__(
        self,
        server: str,
        *,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], datetime] = system_clock,
        pauses: tuple[float, ...] = PAUSES,
        device: str = "aftertide for Python",
    ) -> None:
        """Speak to the server at this address, over `transport` if given (an in-process app, for example).

        `pauses` are the seconds before the same bytes are sent again when no answer came. Raises ClientError for an
        address that is neither https nor of this machine.
        """
        url = httpx.URL(server)
        if transport is None and url.scheme != "https" and url.host not in _LOCAL:
            raise ClientError("a server is spoken to over https")
        self._http = httpx.AsyncClient(base_url=url, transport=transport, timeout=_TIMEOUT)
        self._api = Api(self._http, pauses=pauses)
        self._clock = clock
        self._device = device

    async def __aenter__(self) -> Self:
        """Use the client until the end of a block."""
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close its connections; accounts stay signed in."""
        await self.close()

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def _salt(self, email: str) -> bytes:
        return (await self._api.ask(wire.Salt, "POST", "/salt", wire.SaltQuestion(email))).salt

    async def practice_of(self, link: str) -> wire.Practice:
        """Show the practice of a first therapist's one-time link; raises LinkError, LinkNotValidError."""
        token = wire.BeginLink(read_begin_link(link))
        return await self._api.ask(wire.Practice, "POST", "/begin/open", token)

    async def begin(
        self,
        link: str,
        *,
        email: str,
        passphrase: str,
        name: str,
        locale: str = "en",
        time_zone: str = "UTC",
    ) -> SignedUp:
        """Sign the first therapist of a practice up by a one-time link.

        Raises LinkError, LinkNotValidError, EmailError, PassphraseError, EmailTakenError.
        """
        token = read_begin_link(link)
        new = await self._new_account(email, passphrase, locale, time_zone)
        me = await self._api.ask(wire.Me, "POST", "/begin", wire.Begin(token, new.account))
        account = self._account(me, new)
        await account.begin_settings(name)
        return SignedUp(account, new.kit)

    async def open_invitation(self, link: str) -> OpenInvitation:
        """Open an invitation by its link; see `aftertide.invitations.open_invitation`."""
        return await open_invitation(self._api, link)

    async def join(
        self,
        invitation: OpenInvitation,
        *,
        email: str,
        passphrase: str,
        name: str,
        locale: str = "en",
        time_zone: str = "UTC",
    ) -> SignedUp:
        """Sign up by an invitation, answer it, and pin the inviter.

        Raises EmailError, PassphraseError, EmailTakenError, LinkNotValidError.
        """
        new = await self._new_account(email, passphrase, locale, time_zone)
        answer = invitation.answer(new.keyring.account, new.keyring.identity, name)
        path = f"/invitations/{invitation.id}/join"
        me = await self._api.ask(wire.Me, "POST", path, wire.Join(answer, new.account))
        account = self._account(me, new)
        with contextlib.suppress(UnreachableError):  # the kit must reach the person; `sync` sends what waits
            await account.invitations.pin(invitation.inviter, "therapist", invitation.id, invitation.practice.name)
        await account.begin_settings(name)
        return SignedUp(account, new.kit)

    async def _new_account(self, email: str, passphrase: str, locale: str, time_zone: str) -> NewKeys:
        address = canonical_email(email)
        salt = await self._salt(address)
        return await new_account(address, passphrase, salt, device=self._device, locale=locale, time_zone=time_zone)

    def _account(self, me: wire.Me, new: NewKeys) -> Account:
        """Go on with an account just made: its keys are the ones made here, whatever the answer says."""
        memory = Memory(account=new.keyring.account, gen=new.keyring.gen)
        return Account(self._api.with_token(me.token), me, new.keyring, memory, self._clock)

    async def sign_in(self, email: str, passphrase: str, memory: Memory | None = None) -> Account:
        """Sign in by passphrase and open the account; `memory` is what this device kept of it. A rotation that was cut off is finished.

        Raises WrongProofError, SlowDownError; KdfParametersError, DoesNotOpenError, OlderGenerationError or
        ForeignAccountError when the server shows slots or keys that aren't the account's.
        """
        address = canonical_email(email)
        salt = await self._salt(address)
        return await self._sign_in(address, "passphrase", await stretched(passphrase, address, salt), salt, memory)

    async def sign_in_with_kit(self, email: str, kit: str, memory: Memory | None = None) -> Account:
        """Sign in by the recovery kit; raises KitError for a mistyped one, else as `sign_in`."""
        return await self._sign_in(canonical_email(email), "recovery", secrets_of_kit(kit), None, memory)

    async def _sign_in(
        self, email: str, method: Method, secrets: SlotSecrets, salt: bytes | None, memory: Memory | None
    ) -> Account:
        proof = wire.SignIn(email=email, method=method, auth=secrets.auth.reveal, device=self._device)
        me = await self._api.ask(wire.Me, "POST", "/sign-in", proof)
        remembered = memory or Memory()
        if remembered.account not in (None, me.id):
            raise ClientError("this device's memory is another account's")
        api = self._api.with_token(me.token)
        check_generation(me.gen, remembered.gen)
        if me.rotation is None:
            key = open_account_key(me, method, secrets, salt)
        else:
            # One that was finished, shown again, would have this device prove anew what somebody made with the former keys.
            check_generation(me.rotation.gen, me.gen + 1)
            coming = msgspec.structs.replace(me, gen=me.rotation.gen, slots=me.rotation.slots)
            key = open_account_key(coming, method, secrets, salt)
            both = open_former(me, me.rotation, key).derive(), key.derive()
            await Rotating(api, me.id, me.rotation.identity, both, remembered).finish()
            me = await api.ask(wire.Me, "GET", "/account")
        keyring = open_keyring(me, key, remembered.gen)
        remembered.account, remembered.gen = me.id, keyring.gen
        return Account(api, me, keyring, remembered, self._clock)
