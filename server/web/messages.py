"""Bodies in and out: JSON or MessagePack for the same structs, read strictly."""

import json
from collections.abc import Iterable, Iterator
from typing import Any

import msgspec
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.response.base import ASGIResponse

from server.web.problems import Refusal

MESSAGEPACK = "application/x-msgpack"


class Malformed(Refusal):
    """The body isn't JSON or MessagePack, or doesn't have the declared shape."""


class ForbiddenMember(Refusal):
    """The body holds, at whatever depth, a member that must never leave a device."""


def _media_type(header: str | None) -> str:
    return (header or "").partition(";")[0].strip().lower()


class ApiRequest(Request[Any, Any, Any]):
    """A request whose body is read straight into the struct that its route declares."""

    async def json(self) -> Any:
        """Decode the body by its content type into the handler's struct, without coercing anything.

        Raises Malformed, naming the field and what it should be but not its value, ForbiddenMember for what the route must
        never be sent, and 415 for any other content type.
        """
        declared = self.route_handler.parsed_fn_signature.parameters["data"].annotation
        body = await self.body()
        content_type = _media_type(self.headers.get("content-type"))
        never = self.route_handler.opt.get("never")
        try:
            if never is not None and never in _names(_decoded(body, content_type)):
                raise ForbiddenMember
            if content_type == MESSAGEPACK:
                return msgspec.msgpack.decode(body, type=declared)
            if content_type == "application/json":
                return msgspec.json.decode(body, type=declared)
        except (msgspec.DecodeError, ValueError, RecursionError) as error:
            raise Malformed(f"The body isn't what this route takes: {_without_values(error)}") from None
        raise HTTPException(status_code=415)


def _decoded(body: bytes, content_type: str) -> Any:
    """Decode a body into plain values; a JSON object is the list of its pairs, so that none hides behind its double."""
    if content_type == MESSAGEPACK:
        return msgspec.msgpack.decode(body)
    return json.loads(body, object_pairs_hook=list) if content_type == "application/json" else None


def _names(value: Any) -> Iterator[Any]:
    """Yield the names of all members in a decoded body, at every depth."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += one.items()
        elif isinstance(one, tuple):
            yield one[0]
            waiting.append(one[1])
        elif isinstance(one, list):
            waiting += one


def _without_values(error: Exception) -> str:
    # msgspec names a value only for enums and unknown fields, which a client of ours never sends.
    text = str(error)
    return text if isinstance(error, msgspec.ValidationError) and "value" not in text else "it can't be decoded"


def wants_messagepack(request: Request[Any, Any, Any]) -> bool:
    """Tell whether the client asks for MessagePack; anything else gets JSON."""
    return MESSAGEPACK in request.headers.get("accept", "")


class ApiResponse(Response[Any]):
    """A response in the format that the client accepts: MessagePack when it says so, else JSON."""

    def to_asgi_response(
        self, app: Any, request: Request[Any, Any, Any], *, media_type: Any = None, headers: dict[str, str] | None = None,
        cookies: Iterable[Any] | None = None, **rest: Any,
    ) -> ASGIResponse:  # fmt: skip
        """Render for `request`."""
        if isinstance(self.content, msgspec.Struct | list) and wants_messagepack(request):
            self.media_type = MESSAGEPACK
        return super().to_asgi_response(app, request, media_type=media_type, headers=headers, cookies=cookies, **rest)

    def render(self, content: Any, media_type: str, enc_hook: Any = None) -> bytes:
        """Encode structs by msgspec, leave the rest to Litestar."""
        if media_type == MESSAGEPACK:
            return msgspec.msgpack.encode(content)
        if isinstance(content, msgspec.Struct):
            return msgspec.json.encode(content)
        return (
            super().render(content, media_type, enc_hook)
            if enc_hook is not None
            else super().render(content, media_type)
        )
