"""The server stops when it is told to, whoever is listening, and what it had confirmed is there afterwards."""

import asyncio
import base64
import contextlib
import hashlib
import os
from uuid import uuid4

import httpx
import pytest

from server import database
from server.care.practices import create_first_therapist_link, create_practice
from server.clock import system_clock
from server.opening import TABLES
from tests.api.people import b64, b64u
from tests.faults.processes import ServerProcess, server_process

STREAMS = 50


async def sign_up(server: ServerProcess, database_url: str) -> str:
    """A therapist on a running server; returns the bearer token."""
    now = system_clock()
    await database.connect(database_url, 1, TABLES)
    practice = await create_practice(
        name="Shore", phone="", emergency_number="", reading_line="", time_zone="UTC", now=now
    )
    token = await create_first_therapist_link(practice, now)
    await database.disconnect()
    async with httpx.AsyncClient(base_url=server.origin) as http:
        salt = (await http.post("/api/salt", json={"email": "r@example.org"})).json()["salt"]
        key = os.urandom(32)
        slot = {"gen": 1, "sealed": b64(os.urandom(61)), "auth": b64(os.urandom(32))}
        params = {"kdf": "argon2id", "m": 65536, "t": 3, "p": 1, "salt": salt}
        account = {
            "id": str(uuid4()), "email": "r@example.org", "bearer": True,
            "slots": [
                {**slot, "id": str(uuid4()), "method": "passphrase", "params": params},
                {**slot, "id": str(uuid4()), "method": "recovery"},
            ],
            "identity": {
                "key_id": b64u(hashlib.sha256(key).digest()[:16]), "public_key": b64(key),
                "private_sealed": b64(os.urandom(61)), "gen": 1,
            },
        }  # fmt: skip
        answer = await http.post("/api/begin", json={"token": b64(token), "account": account})
        assert answer.status_code == 200, answer.text
        bearer: str = answer.json()["token"]
        return bearer


async def listen(http: httpx.AsyncClient, opened: asyncio.Semaphore, heard: list[str]) -> None:
    async with http.stream("GET", "/api/stream", timeout=60) as answer:
        async for line in answer.aiter_lines():
            if line.startswith("event"):
                heard.append(line)
                opened.release()


async def test_the_server_stops_within_five_seconds_with_fifty_streams_open(database_url: str) -> None:
    with server_process(database_url) as server:
        token = await sign_up(server, database_url)
        limits = httpx.Limits(max_connections=STREAMS + 5)
        async with httpx.AsyncClient(
            base_url=server.origin, headers={"Authorization": f"Bearer {token}"}, limits=limits
        ) as http:
            opened, heard = asyncio.Semaphore(0), list[str]()
            listening = [asyncio.create_task(listen(http, opened, heard)) for _ in range(STREAMS)]
            for _ in range(STREAMS):
                await asyncio.wait_for(opened.acquire(), 20)

            seconds = await asyncio.to_thread(server.terminate, 10)

            assert seconds < 5
            assert server.process.returncode == 0
            with contextlib.suppress(httpx.TransportError):
                await asyncio.gather(*listening)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_the_server_stops_within_five_seconds_with_a_request_half_sent(database_url: str) -> None:
    with server_process(database_url) as server:
        token = await sign_up(server, database_url)
        port = int(server.origin.rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        head = f"PUT /api/records/{uuid4()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n"
        writer.write(f"{head}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{{".encode())
        await writer.drain()
        async with httpx.AsyncClient(base_url=server.origin) as http:
            (await http.get("/api/health")).raise_for_status()  # by then the other request has begun

        seconds = await asyncio.to_thread(server.terminate, 10)

        assert seconds < 5.5
        assert server.process.returncode == 0
        await reader.read()
        writer.close()


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
async def test_a_change_in_one_process_wakes_a_stream_in_another(database_url: str) -> None:
    with server_process(database_url, processes=2) as server:
        token = await sign_up(server, database_url)
        headers = {"Authorization": f"Bearer {token}"}
        opened, heard = asyncio.Semaphore(0), list[str]()
        clients = [httpx.AsyncClient(base_url=server.origin, headers=headers) for _ in range(8)]
        listening = [asyncio.create_task(listen(client, opened, heard)) for client in clients]
        for _ in clients:
            await asyncio.wait_for(opened.acquire(), 20)

        body = os.urandom(1053)
        save = {
            "request": str(uuid4()), "gen": 1, "epoch": 1, "revision": 1, "wrapped": base64.b64encode(os.urandom(61)).decode(),
            "body": b64(body), "proof": b64(os.urandom(32)), "grants": [],
        }  # fmt: skip
        async with httpx.AsyncClient(base_url=server.origin, headers=headers) as http:
            (await http.put(f"/api/records/{uuid4()}", json=save)).raise_for_status()

        # Eight connections over two processes: each of them hears of the one save.
        for _ in clients:
            await asyncio.wait_for(opened.acquire(), 20)
        server.terminate(10)
        with contextlib.suppress(httpx.TransportError):
            await asyncio.gather(*listening)
        for client in clients:
            await client.aclose()
