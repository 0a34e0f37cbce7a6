"""What time asks for goes on though a part of it fails, and a server doesn't start where a migration is missing."""

import pytest
import structlog

from server import database
from server.app import create_app, sweep
from server.opening import TABLES, UnfitDatabase
from server.settings import Settings
from tests.conftest import ORIGIN


async def test_a_part_that_fails_stops_no_other() -> None:
    done = list[int]()

    async def fails(now: int) -> None:
        raise RuntimeError("a canary that no log holds")

    async def works(now: int) -> None:
        done.append(now)

    with structlog.testing.capture_logs() as logs:
        await sweep(7, [fails, works])

    assert done == [7]
    assert logs == [{"event": "sweep failed", "part": "fails", "kind": "RuntimeError", "log_level": "error"}]


async def test_a_migration_of_the_same_day_that_has_not_run_is_missed(database_url: str) -> None:
    await database.connect(database_url, 1, TABLES)
    await database.fetch("UPDATE migration SET name = '2026-11-21T09:00:00:000000' WHERE app_name = 'aftertide'")
    await database.disconnect()
    app = create_app(Settings(database_url=database_url, origin=ORIGIN))
    with pytest.raises(ExceptionGroup):  # Litestar's life wraps what it ends with
        async with app.lifespan():
            pass
    assert isinstance(app.state.startup_error, UnfitDatabase)
