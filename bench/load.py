"""A load generator: keep-alive connections that send prepared HTTP/1.1 requests one after the other.

It parses no more of an answer than its status and length, so that one core of it drives more than one core of the server can
answer; `python -m bench` prints what it reaches on an empty handler, which is its ceiling.
"""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

Prepare = Callable[[int, int], bytes]
"""Makes the bytes of one request from the connection's number and the request's."""


@dataclass
class Result:
    """What a run reached."""

    requests: int
    seconds: float
    latencies: list[float]
    refused: int

    @property
    def per_second(self) -> float:
        """Requests a second."""
        return self.requests / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds below which `share` of the answers came."""
        ordered = sorted(self.latencies)
        return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1_000


def request(
    method: str, path: str, host: str, token: str, body: bytes = b"", content_type: str = "application/x-msgpack"
) -> bytes:
    """Make the bytes of one request."""
    head = f"{method} {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\nAccept: {content_type}\r\n"
    if body:
        head += f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
    return head.encode() + b"\r\n" + body


async def _answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    lower = head.lower()
    at = lower.find(b"content-length:")
    if at >= 0:
        length = int(lower[at + 15 : lower.find(b"\r\n", at)])
        if length:
            await reader.readexactly(length)
    return int(head[9:12])


async def drive(port: int, connections: int, seconds: float, prepare: Prepare) -> Result:
    """Send requests over `connections` connections for `seconds`; each waits for its answer before the next."""
    latencies: list[float] = []
    refused = 0
    deadline = time.perf_counter() + seconds

    async def one(number: int) -> None:
        nonlocal refused
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
        count = 0
        while time.perf_counter() < deadline:
            prepared = prepare(number, count)
            count += 1
            began = time.perf_counter()
            writer.write(prepared)
            status = await _answer(reader)
            latencies.append(time.perf_counter() - began)
            refused += status >= 300
        writer.close()

    began = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(connections)))
    return Result(len(latencies), time.perf_counter() - began, latencies, refused)
