"""Requests to a server: MessagePack or JSON, typed refusals, and the same bytes again when an answer is lost."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Final, Self, TypeVar

import httpx
import msgspec

from aftertide.errors import BY_CODE, MalformedAnswerError, RefusedError, StaleError, UnreachableError
from aftertide.wire import Problem, RecordView

_MESSAGEPACK: Final = "application/x-msgpack"
_PROBLEM: Final = "application/problem+json"
_TYPES: Final = "/problems/"
_INCARNATION: Final = "Aftertide-Incarnation"
PAUSES: Final = (0.2, 1.0, 3.0)
"""Seconds before each further attempt when no answer came."""

T = TypeVar("T")


class Api:
    """One session with a server.

    Every request of this API may be sent twice: what a request makes carries its own id. So when no answer comes, or one
    that isn't our server's (a proxy's), the same bytes are sent again after each of `pauses` seconds.
    """

    def __init__(self, http: httpx.AsyncClient, token: str | None = None, pauses: tuple[float, ...] = PAUSES) -> None:
        """Speak over `http`, whose `base_url` is the server, with a bearer token if there is one."""
        self.http = http
        self.pauses = pauses
        self.incarnation: str | None = None
        self._token = token

    def with_token(self, token: str | None) -> Self:
        """Return the same connection as another session."""
        session = type(self)(self.http, token, self.pauses)
        session.incarnation = self.incarnation
        return session

    async def ask(
        self,
        into: type[T],
        method: str,
        path: str,
        body: msgspec.Struct | None = None,
        params: Mapping[str, int | str] | None = None,
    ) -> T:
        """Send a request and return its answer as `into`.

        Raises RefusedError or one of its kinds for what our server refuses, UnreachableError when no answer of our
        server's came, MalformedAnswerError for one of another shape.
        """
        answer = await self._send(method, path, body, params)
        decode = msgspec.msgpack.decode if _media_type(answer) == _MESSAGEPACK else msgspec.json.decode
        try:
            return decode(answer.content, type=into)
        except msgspec.DecodeError as error:
            raise MalformedAnswerError(f"{method} {path} was answered in another shape") from error

    async def tell(self, method: str, path: str, body: msgspec.Struct | None = None) -> None:
        """Send a request that has no answer but that it was done. Raises as `ask` does."""
        await self._send(method, path, body, None)

    async def events(self) -> AsyncIterator[None]:
        """Yield whenever the server says that something may have changed; raises httpx.HTTPError when the stream breaks."""
        headers = {"Accept": "text/event-stream", **self._authorization()}
        async with self.http.stream("GET", "/api/stream", headers=headers, timeout=None) as answer:
            answer.raise_for_status()
            async for line in answer.aiter_lines():
                if line.startswith("data:"):
                    yield

    def _authorization(self) -> dict[str, str]:
        return {} if self._token is None else {"Authorization": f"Bearer {self._token}"}

    async def _send(
        self, method: str, path: str, body: msgspec.Struct | None, params: Mapping[str, int | str] | None
    ) -> httpx.Response:
        headers = {"Accept": f"{_MESSAGEPACK}, application/json;q=0.5", **self._authorization()}
        content = None
        if body is not None:
            headers["Content-Type"] = _MESSAGEPACK
            content = msgspec.msgpack.encode(body)
        for pause in (*self.pauses, None):
            try:
                answer = await self.http.request(method, f"/api{path}", content=content, headers=headers, params=params)
            except httpx.TransportError as error:
                if pause is None:
                    raise UnreachableError(f"no answer from the server ({type(error).__name__})") from error
            else:
                if self._is_ours(answer):
                    return answer
                if pause is None:
                    raise UnreachableError(f"an answer that isn't our server's ({answer.status_code})")
            await asyncio.sleep(pause)
        raise AssertionError  # the last round has no pause and ends above

    def _is_ours(self, answer: httpx.Response) -> bool:
        """Tell whether our server gave this answer; raises what it refuses."""
        incarnation = answer.headers.get(_INCARNATION)
        if answer.is_success and incarnation is not None:
            self.incarnation = incarnation
            return True
        if _media_type(answer) != _PROBLEM:
            return False
        try:
            problem = msgspec.json.decode(answer.content, type=Problem)
        except msgspec.DecodeError:
            return False
        if not problem.type.startswith(_TYPES) or answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            return False
        if incarnation is not None:
            self.incarnation = incarnation
        raise _refusal(answer.status_code, problem)


def _media_type(answer: httpx.Response) -> str:
    kind: str = answer.headers.get("Content-Type", "")
    return kind.partition(";")[0].strip().lower()


def _refusal(status: int, problem: Problem) -> RefusedError:
    code = problem.type.removeprefix(_TYPES)
    error = BY_CODE.get(code, RefusedError)(status, code, problem.detail)
    # An appointment's isn't a record: who asked lists them again.
    if isinstance(error, StaleError) and isinstance(problem.current, dict) and "starts_at" not in problem.current:
        try:
            error.current = msgspec.convert(problem.current, RecordView, strict=False)
        except msgspec.ValidationError as malformed:
            raise MalformedAnswerError("a refusal was answered in another shape") from malformed
    return error
