"""A wire between a device and the app that loses answers, or tells the device something else than the app said."""

from collections.abc import Callable
from typing import Any

import httpx
import msgspec

Lie = Callable[[Any], Any]


class Wire(httpx.AsyncBaseTransport):
    """Passes requests on; `lose` and `lies` decide what comes back."""

    def __init__(self, to: httpx.AsyncBaseTransport) -> None:
        self.to = to
        self.requests: list[str] = []
        self.lose: Callable[[int], bool] = lambda _: False
        """Whether the answer to the n-th request (from 0) is lost after the app has handled it."""
        self.cut = False
        """Whether nothing gets through at all."""
        self.lies: dict[str, Lie] = {}
        """By the end of a path: what becomes of the app's answer."""
        self.headers: dict[str, str] = {}
        """Put over the app's own."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = len(self.requests)
        self.requests.append(f"{request.method} {request.url.path}")
        if self.cut:
            raise httpx.ConnectError("the network is away", request=request)
        answer = await self.to.handle_async_request(request)
        body = await answer.aread()
        if self.lose(number):
            raise httpx.ReadError("the answer got lost", request=request)
        if answer.is_success:
            for path, lie in self.lies.items():
                if request.url.path.endswith(path) and body:
                    coder = msgspec.msgpack if "msgpack" in answer.headers["content-type"] else msgspec.json
                    body = coder.encode(lie(coder.decode(body)))
        headers = [(name, value) for name, value in answer.headers.items() if name.lower() != "content-length"]
        return httpx.Response(answer.status_code, headers=[*headers, *self.headers.items()], content=body)
