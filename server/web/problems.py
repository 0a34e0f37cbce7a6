"""Problem responses (RFC 9457): one shape for every error, one table from exceptions to it."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.openapi.datastructures import ResponseSpec

log = structlog.get_logger()


class Refusal(Exception):
    """Why a request is refused. Each domain raises its own kinds; the app's table says how each is answered."""

    def __init__(self, detail: str | None = None, *, headers: Mapping[str, str] | None = None, **members: Any) -> None:
        """Refuse, with a sentence in place of the table's, headers, and further members of the problem."""
        super().__init__(detail or type(self).__name__)
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members


class ProblemType(msgspec.Struct, frozen=True):
    """How one kind of refusal is answered."""

    status: int
    code: str
    """The last part of the problem's `type`, which clients compare."""
    detail: str


class Problem(msgspec.Struct, kw_only=True, omit_defaults=True):
    """The body of every error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    current: Any = None
    """With `stale`, `deleted` and `wrong-state`: what the server has instead."""
    retry_after: int | None = None
    """With `slow-down`: seconds to wait."""


TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    410: "Gone",
    413: "Too large",
    415: "Unknown format",
    422: "Refused",
    429: "Slow down",
    500: "Server error",
    503: "Not available",
}

PROBLEM_JSON = "application/problem+json"

DOCUMENTED = {
    status: ResponseSpec(Problem, description=title, media_type=PROBLEM_JSON, generate_examples=False)
    for status, title in TITLES.items()
}
"""Every route may answer with these; the schema says so."""


def problem(
    status: int, code: str, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
) -> Response[bytes]:
    """Make a problem response; `members` are further fields of Problem."""
    body = Problem(type=f"/problems/{code}", title=TITLES.get(status, "Error"), status=status, detail=detail, **members)
    return Response(
        msgspec.json.encode(body),
        status_code=status,
        media_type=PROBLEM_JSON,
        headers={**(headers or {}), "Cache-Control": "no-store"},
    )


def _is_person(request: Request[Any, Any, Any]) -> bool:
    path = request.scope["path"]
    return "text/html" in request.headers.get("accept", "") and not path.startswith(("/api/", "/assets/"))


class Problems:
    """The exception handlers, made from the table of the app."""

    def __init__(
        self,
        table: Mapping[type[Refusal], ProblemType],
        missing_page: Callable[[Request[Any, Any, Any]], Response[bytes]],
    ) -> None:
        """Make handlers for the refusals in `table`; a Refusal that isn't there is a server error.

        A person (not a program) at an address that doesn't exist gets `missing_page`.
        """
        self._table = table
        self._missing_page = missing_page

    def handlers(self) -> dict[Any, Any]:
        """Return Litestar's `exception_handlers`."""
        return {
            Refusal: self.refused,
            ValidationException: self.malformed,
            HTTPException: self.http,
            Exception: self.unforeseen,
        }

    def refused(self, request: Request[Any, Any, Any], error: Refusal) -> Response[bytes]:
        """Answer a refusal as the table says."""
        entry = self._table.get(type(error))
        if entry is None:
            return self.unforeseen(request, error)
        return problem(entry.status, entry.code, error.detail or entry.detail, headers=error.headers, **error.members)

    def malformed(self, _: Request[Any, Any, Any], error: ValidationException) -> Response[bytes]:
        """Answer input that doesn't have the declared shape: which field and what it should be, never its value."""
        extra = error.extra if isinstance(error.extra, list) else []
        details = "; ".join(
            f"{part.get('key', 'body')}: {part['message']}"
            for part in extra
            if isinstance(part, dict) and "message" in part
        )
        return problem(400, "malformed", details or "The request doesn't have the form that this route takes.")

    def http(self, request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
        """Answer what the framework itself refuses."""
        if error.status_code >= 500:  # noqa: PLR2004 - where server errors begin
            return self.unforeseen(request, error)
        if error.status_code == 404 and _is_person(request):  # noqa: PLR2004 - not found
            return self._missing_page(request)
        sentences = {
            404: ("not-found", "There is nothing at this address."),
            405: ("method-not-allowed", "This address takes other methods."),
            413: ("too-large", "The request is larger than this route takes."),
            415: ("unknown-format", "Send application/json or application/x-msgpack."),
        }
        code, detail = sentences.get(
            error.status_code, ("malformed", "The request doesn't have the form that this route takes.")
        )
        return problem(
            error.status_code,
            code,
            detail,
            headers={k: v for k, v in (error.headers or {}).items() if k.lower() == "allow"},
        )

    def unforeseen(self, request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        """Answer a fault of ours; the log names the kind and the place, never content."""
        place = ""
        trace = error.__traceback__
        while trace is not None:
            place = f"{trace.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno}"
            trace = trace.tb_next
        handler = request.scope.get("route_handler")
        log.error(
            "server error", kind=type(error).__name__, place=place, route=str(getattr(handler, "handler_name", ""))
        )
        return problem(
            500, "server-error", "Something went wrong on the server. Nothing was changed; try again in a while."
        )


__all__ = ["PROBLEM_JSON", "Problem", "ProblemType", "Problems", "Refusal", "problem"]
