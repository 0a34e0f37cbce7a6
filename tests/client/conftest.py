"""A practice with a therapist and a patient who know each other, each on a device of their own, over the app in process."""

import base64
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import httpx
import pytest
from aftertide.account import Account
from aftertide.client import Client, SignedUp
from aftertide.protocol.slots import passphrase_secrets

from server.care.practices import create_first_therapist_link, create_practice
from tests.client.transports import Wire
from tests.conftest import ORIGIN, Running

PASSPHRASE = "tide shell lamp quiet oar"
AGREEMENT = "I read on Mondays and Thursdays. This is not for emergencies."


@dataclass
class Town:
    """Devices by name, each with a wire of its own that tests can cut or make lie."""

    running: Running
    wires: dict[str, Wire] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.running.time.now / 1000, UTC)

    def device(self, name: str) -> Client:
        """A device that speaks to the app, with a wire under `wires[name]`."""
        if name not in self.clients:
            self.wires[name] = Wire(self.running.transport)
            self.clients[name] = Client(
                ORIGIN, transport=self.wires[name], clock=self.now, pauses=(0.0, 0.0), device=name
            )
        return self.clients[name]

    async def begin_link(self) -> str:
        """The one-time link that the operator hands to a first therapist."""
        practice = await create_practice(
            name="Shore",
            phone="+34 600 000 000",
            emergency_number="112",
            reading_line="Mondays",
            time_zone="Europe/Madrid",
            now=self.running.time.now,
        )
        token = await create_first_therapist_link(practice, self.running.time.now)
        return f"{ORIGIN}/begin#{base64.urlsafe_b64encode(token).decode().rstrip('=')}"

    async def therapist(self, name: str = "rivera") -> SignedUp:
        link = await self.begin_link()
        return await self.device(name).begin(
            link, email=f"{name}@example.org", passphrase=PASSPHRASE, name="Dr. Rivera", time_zone="Europe/Madrid"
        )

    async def patient(self, therapist: Account, name: str = "ana") -> SignedUp:
        """Somebody who joins by an invitation; the therapist has pinned their answer."""
        invited = await therapist.invitations.invite("Dr. Rivera", "Ana", adult=True)
        device = self.device(name)
        opened = await device.open_invitation(invited.link)
        joined = await device.join(
            opened, email=f"{name}@example.org", passphrase=PASSPHRASE, name="Ana", time_zone="America/Vancouver"
        )
        await therapist.invitations.settle()
        return joined


async def agree(therapist: Account, patient: Account) -> None:
    """Both accept the reading agreement."""
    offered = await therapist.offer_agreement(patient.id, AGREEMENT, "written")
    await patient.sync()
    await patient.accept_agreement(offered.id)
    await therapist.sync()


@dataclass
class Two:
    """A therapist and a patient who have accepted the reading agreement."""

    town: Town
    therapist: Account
    patient: Account
    kit: str


@pytest.fixture(scope="session", autouse=True)
def stretched_once() -> Iterator[None]:
    """Stretch a passphrase for the first test that wants it: with the same e-mail and salt, all others would get the same."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("aftertide.keyring.passphrase_secrets", cache(passphrase_secrets))
        yield


@pytest.fixture
async def town(running: Running) -> AsyncIterator[Town]:
    town = Town(running)
    yield town
    for client in town.clients.values():
        await client.close()


@pytest.fixture
async def two(town: Town) -> Two:
    therapist = (await town.therapist()).account
    joined = await town.patient(therapist)
    await agree(therapist, joined.account)
    return Two(town, therapist, joined.account, joined.kit)


__all__ = ["AGREEMENT", "PASSPHRASE", "Town", "Two", "agree", "httpx"]
