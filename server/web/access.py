"""Who may call a route. Every route states it with `allow(...)`; one that doesn't is refused to everybody."""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any, Literal
from uuid import UUID

import msgspec
from litestar.connection import ASGIConnection, Request
from litestar.handlers import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec

from server.clock import MINUTE
from server.web.problems import DOCUMENTED, Refusal

Role = Literal["patient", "therapist"]
COOKIE = "aftertide_session"
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
PROOF_LASTS = 5 * MINUTE


class Who(Enum):
    """The ways to state who may call a route."""

    ANYBODY = "anybody"
    ADDRESS = "who has the address"
    """The address carries a token for this one purpose; neither cookie nor bearer is looked at."""
    SIGNED_IN = "signed in"
    PATIENT = "a signed-in patient"
    THERAPIST = "a signed-in therapist"
    FRESH = "signed in, with a proof not older than five minutes"


class Caller(msgspec.Struct, frozen=True):
    """The account behind a request, as its session says."""

    account: UUID
    session: UUID
    role: Role
    gen: int
    counter: int
    """The account's change counter as the session look-up saw it."""
    proved_at: int
    access: int
    """How often the account's key slots or sessions have changed."""


class NotSignedIn(Refusal):
    """There is no session, or it has ended."""


class NotAllowed(Refusal):
    """The route is for another role."""


class ProofTooOld(Refusal):
    """The route needs a proof of who one is that is at most five minutes old."""


class ForeignOrigin(Refusal):
    """The request comes from a page that isn't ours."""


FindCaller = Callable[[str], Awaitable[Caller | None]]


def allow(
    who: Who, *, changes_nothing: bool = False, never: str | None = None, also: Mapping[int, ResponseSpec] | None = None
) -> dict[str, Any]:
    """State who may call a route: `@get("/path", **allow(Who.SIGNED_IN))`.

    `changes_nothing`: a POST that reads nothing and leaves everything as it is, so that it doesn't matter which page sent it.
    `never`: a member that no body sent to it may have, however deep: it would hold what must stay on a device.
    `also`: what the route may answer besides its content and problems, for the schema.
    """
    return {
        "opt": {"who": who, "changes_nothing": changes_nothing, "never": never},
        "responses": {**DOCUMENTED, **(also or {})},
    }


def session_token(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """Return the session token of a request: a bearer's if there is one, else the cookie's."""
    authorization = connection.headers.get("authorization")
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        return token if scheme.lower() == "bearer" else None
    return connection.cookies.get(COOKIE)


def check_origin(connection: ASGIConnection[Any, Any, Any, Any], origin: str) -> None:
    """Refuse a request that changes something unless it is ours.

    A browser says where a request comes from, and that must be our origin exactly. A request without an Origin is taken
    only when it carries no cookie: then no browser can have been made to send it. Raises ForeignOrigin.
    """
    if connection.scope.get("method") in SAFE_METHODS:
        return
    said = connection.headers.get("origin")
    if said is None and "cookie" not in connection.headers:
        return
    if said != origin or connection.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise ForeignOrigin


async def admit(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Litestar guard over every route: origin, session, role, age of the proof; denies what states nothing.

    Costs one indexed read where the route asks for a session. Raises ForeignOrigin, NotSignedIn, NotAllowed, ProofTooOld.
    """
    if connection.scope.get("method") == "OPTIONS":
        return
    who = handler.opt.get("who")
    if not isinstance(who, Who):
        raise NotAllowed
    state = connection.app.state
    # An address with a token is all that its caller has: no page can borrow what it doesn't know.
    if who is not Who.ADDRESS and not handler.opt.get("changes_nothing"):
        check_origin(connection, state.settings.origin)
    if who in (Who.ANYBODY, Who.ADDRESS):
        return
    token = session_token(connection)
    find_caller: FindCaller = state.find_caller
    caller = await find_caller(token) if token is not None else None
    if caller is None:
        raise NotSignedIn
    if (who is Who.PATIENT and caller.role != "patient") or (who is Who.THERAPIST and caller.role != "therapist"):
        raise NotAllowed
    if who is Who.FRESH and caller.proved_at + PROOF_LASTS < state.clock():
        raise ProofTooOld
    connection.scope["auth"] = caller


def caller_of(request: Request[Any, Any, Any]) -> Caller:
    """Give a handler the account behind its request (a Litestar dependency)."""
    caller: Caller = request.scope["auth"]
    return caller
