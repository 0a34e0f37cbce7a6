"""One app with a therapist and a patient for all examples of a test, on each engine."""

import asyncio
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from server.app import create_app
from server.settings import Settings
from tests.api.people import Person, begin, join
from tests.conftest import ENGINES, ORIGIN, Running, Time, living, run_on_postgresql, with_database


@dataclass
class Here:
    """One engine's app with a therapist and a patient."""

    loop: asyncio.AbstractEventLoop
    running: Running
    therapist: Person
    patient: Person
    began: int


@pytest.fixture(params=ENGINES)
def here(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Here]:
    """One app for all examples, on each engine."""
    loop = asyncio.new_event_loop()
    server, name = "", f"pair_{uuid4().hex[:12]}"
    if request.param == "sqlite":
        shutil.copyfile(request.getfixturevalue("sqlite_template"), tmp_path / "pair.sqlite")
        url = f"sqlite:{tmp_path}/pair.sqlite"
    else:
        server, template = request.getfixturevalue("postgresql_url"), request.getfixturevalue("postgresql_template")
        loop.run_until_complete(run_on_postgresql(server, f"CREATE DATABASE {name} TEMPLATE {template}"))
        url = with_database(server, name)
    time = Time()
    app = create_app(Settings(database_url=url, origin=ORIGIN, pool="2"), time)
    life = living(app)
    loop.run_until_complete(life.__aenter__())
    running = Running(app, app.state.settings, time)
    therapist = loop.run_until_complete(begin(running))
    patient = loop.run_until_complete(join(therapist))
    yield Here(loop, running, therapist, patient, time.now)
    loop.run_until_complete(life.__aexit__(None, None, None))
    if server:
        loop.run_until_complete(run_on_postgresql(server, f"DROP DATABASE {name} WITH (FORCE)"))
    loop.close()
