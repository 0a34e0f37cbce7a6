"""A wire between a device and the app that loses answers, or tells the device something else than the app said."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx
import msgspec

Lie = tuple[type[Any], Callable[[Any], Any]]
"""What an answer is read as, and what becomes of it."""


class Wire(httpx.AsyncBaseTransport):
    """Passes requests on; `lose` and `lies` decide what comes back."""

    def __init__(self, to: httpx.AsyncBaseTransport) -> None:
        self.to = to
        self.requests: list[tuple[str, bytes]] = []
        """Every request that was sent: method and path, and the body."""
        self.lose: Callable[[int], bool] = lambda _: False
        """Whether the answer to the n-th request (from 0) is lost after the app has handled it."""
        self.cut = False
        """Whether nothing gets through at all."""
        self.block: str | None = None
        """A path to which nothing gets through."""
        self.proxy: httpx.Response | None = None
        """What something between device and app answers in place of the app."""
        self.lies: dict[str, Lie] = {}
        """By the end of a path."""
        self.made_up: dict[str, msgspec.Struct] = {}
        """By the end of a path: what is answered in place of the app, which isn't asked."""
        self.headers: dict[str, str] = {}
        """Put over the app's own."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        number = len(self.requests)
        self.requests.append((f"{request.method} {request.url.path}", await request.aread()))
        if self.cut or request.url.path == self.block:
            raise httpx.ConnectError("the network is away", request=request)
        if self.proxy is not None:
            return self.proxy
        for path, made_up in self.made_up.items():
            if request.url.path.endswith(path):
                kind = request.headers["accept"].partition(",")[0]
                headers = {"content-type": kind, "aftertide-incarnation": str(uuid4())}
                return httpx.Response(200, headers=headers, content=msgspec.msgpack.encode(made_up))
        answer = await self.to.handle_async_request(request)
        body = await answer.aread()
        if self.lose(number):
            raise httpx.ReadError("the answer got lost", request=request)
        for path, (read_as, change) in self.lies.items():
            if answer.is_success and body and request.url.path.endswith(path):
                coder: Any = msgspec.msgpack if "msgpack" in answer.headers["content-type"] else msgspec.json
                body = coder.encode(change(coder.decode(body, type=read_as)))
        headers = {
            **{name: value for name, value in answer.headers.items() if name != "content-length"},
            **self.headers,
        }
        return httpx.Response(answer.status_code, headers=headers, content=body)
