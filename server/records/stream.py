"""The live event stream: server-sent events that only say "something changed, pull".

A stream ends by itself when its session ends or the server stops: one that stays open would keep the server from stopping.
"""

import random
from collections.abc import AsyncIterator

from server.web.access import FindCaller
from server.web.live import Live

HEARTBEAT_SECONDS = 20.0


async def events(live: Live, find_caller: FindCaller, token: str) -> AsyncIterator[bytes]:
    """Yield events for the session behind `token` until it ends or the server stops.

    `retry` differs from stream to stream, so that after a restart not everybody comes back in the same second. The session
    is looked up again on every event and heartbeat: one indexed read every 20 seconds when nothing happens.
    """
    caller = await find_caller(token)
    if caller is None:
        return
    listener = live.listen(caller.account, caller.session)
    try:
        yield f"retry: {random.randint(2_000, 8_000)}\nevent: changed\ndata: {{}}\n\n".encode()  # noqa: S311 - jitter, no secret
        while not listener.ended:
            news = await listener.wait(HEARTBEAT_SECONDS)
            if listener.ended or await find_caller(token) is None:
                return
            yield b"event: changed\ndata: {}\n\n" if news else b": here\n\n"
    finally:
        live.leave(listener)
