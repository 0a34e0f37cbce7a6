"""A web process that dies is no orderly stop."""

import signal

import psutil
import pytest

from tests.faults.processes import server_process


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_killed_web_process_stops_all_and_shows_in_the_exit_code(database_url: str) -> None:
    with server_process(database_url, processes=2) as server:
        first, second = psutil.Process(server.process.pid).children()
        first.send_signal(signal.SIGKILL)
        assert server.process.wait(20) == 1
        assert not second.is_running()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_several_web_processes_that_are_told_to_stop_end_well(database_url: str) -> None:
    with server_process(database_url, processes=2) as server:
        server.terminate(20)
        assert server.process.returncode == 0
