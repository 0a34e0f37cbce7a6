"""Several devices of several people, as they are on the first morning: signed up once for each engine, copied for each example."""

import asyncio
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from aftertide import wire
from aftertide.account import Account
from aftertide.api import Api
from aftertide.client import Client
from aftertide.keyring import Keyring
from aftertide.memory import Memory

from server.app import create_app
from server.settings import Settings
from tests.client.conftest import PASSPHRASE, Town, agree
from tests.client.transports import Wire
from tests.conftest import ORIGIN, Running, Time, living, run_on_postgresql, with_database

DEVICES = {"ana": 2, "lena": 1, "rivera": 2, "okafor": 1}
"""People and how many devices each has; Dr. Rivera works with both patients, Dr. Okafor with Ana."""


@dataclass(frozen=True)
class SignedIn:
    """What one device needs to go on."""

    person: str
    token: str
    me: wire.Me
    keyring: Keyring


@dataclass
class FirstMorning:
    """A database with everybody in it, to copy, and everybody's devices."""

    source: str
    server: str | None
    devices: dict[str, SignedIn]
    time: int


async def _people(town: Town) -> dict[str, Account]:
    rivera = (await town.therapist("rivera")).account
    okafor = (await town.therapist("okafor")).account
    ana = (await town.patient(rivera, "ana")).account
    lena = (await town.patient(rivera, "lena")).account
    invited = await okafor.invitations.invite("Dr. Okafor", "Ana", adult=True)
    await ana.invitations.answer(await town.device("ana").open_invitation(invited.link), "Ana")
    await okafor.invitations.settle()
    for therapist, patient in ((rivera, ana), (rivera, lena), (okafor, ana)):
        await agree(therapist, patient)
    return {"ana": ana, "lena": lena, "rivera": rivera, "okafor": okafor}


async def sign_everybody_up(url: str, server: str | None) -> FirstMorning:
    """Make the first morning in the migrated, empty database at `url`."""
    time = Time()
    app = create_app(Settings(database_url=url, origin=ORIGIN, pool="4"), time)
    async with living(app):
        town = Town(Running(app, app.state.settings, time))
        people = await _people(town)
        devices: dict[str, SignedIn] = {}
        for person, count in DEVICES.items():
            for number in range(count):
                account = people[person]
                if number:
                    account = await town.device(f"{person} {number}").sign_in(account.email, PASSPHRASE)
                api = account._api
                me = await api.ask(wire.Me, "GET", "/account")
                devices[f"{person} {number}"] = SignedIn(person, str(api._token), me, account.journal.keyring)
        for client in town.clients.values():
            await client.close()
    return FirstMorning(url, server, devices, time.now)


@dataclass
class Device:
    """One device in an example: its account, its wire, and whose it is."""

    name: str
    person: str
    account: Account
    wire: Wire
    client: Client


@dataclass
class World:
    """A copy of the first morning, with the app running on it."""

    running: Running
    devices: dict[str, Device] = field(default_factory=dict)

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.running.time.now / 1000, UTC)

    def of(self, person: str) -> list[Device]:
        return [device for device in self.devices.values() if device.person == person]


@contextmanager
def copied(morning: FirstMorning, folder: Path) -> Iterator[str]:
    """A database of one's own, like the first morning's."""
    if morning.server is None:
        path = folder / f"{uuid4().hex}.sqlite"
        shutil.copyfile(morning.source.removeprefix("sqlite:"), path)
        yield f"sqlite:{path}"
        for leftover in folder.glob(f"{path.name}*"):
            leftover.unlink()
        return
    name = f"world_{uuid4().hex[:12]}"
    source = urlsplit(morning.source).path.lstrip("/")
    asyncio.run(run_on_postgresql(morning.server, f"CREATE DATABASE {name} TEMPLATE {source}"))
    yield with_database(morning.server, name)
    asyncio.run(run_on_postgresql(morning.server, f"DROP DATABASE {name} WITH (FORCE)"))


async def wake_up(morning: FirstMorning, app: Any, time: Time) -> World:
    """Give every device its account, its first sync done."""
    world = World(Running(app, app.state.settings, time))
    for name, signed_in in morning.devices.items():
        carrying = Wire(world.running.transport)
        client = Client(ORIGIN, transport=carrying, clock=world.now, pauses=(0.0,), device=name)
        api = Api(client._http, signed_in.token, pauses=(0.0,))
        account = Account(api, signed_in.me, signed_in.keyring, Memory(account=signed_in.me.id, gen=1), world.now)
        await account.sync()
        world.devices[name] = Device(name, signed_in.person, account, carrying, client)
    return world
