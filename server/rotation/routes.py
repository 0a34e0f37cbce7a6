"""HTTP routes of a rotation."""

from typing import Annotated
from uuid import UUID

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import JSONBody, QueryParameter

from server.rotation import beginning, finishing, renewing
from server.rotation.structs import Finish, NewKeys, Renewed, ToRenew
from server.web.access import Caller, Who, allow
from server.web.messages import ApiRequest


@post("/account/rotation", **allow(Who.FRESH), status_code=204)
async def begin(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[NewKeys]) -> None:
    """Begin a rotation: store the keys to come, sign the other devices out, and take no former way in any more."""
    state = request.app.state
    await beginning.begin(caller, data, state.installation.salt_secret, state.clock())


@get("/account/rotation/records", **allow(Who.SIGNED_IN))
async def to_renew(caller: NamedDependency[Caller], after: Annotated[UUID | None, QueryParameter()] = None) -> ToRenew:
    """Give a page of what isn't made anew yet under the keys to come."""
    return await renewing.to_renew(caller, after or renewing.FROM_THE_FIRST)


@put("/account/rotation/records", **allow(Who.SIGNED_IN), status_code=204)
async def keep_renewed(caller: NamedDependency[Caller], data: JSONBody[Renewed]) -> None:
    """Keep a page of what was made anew; it counts once the rotation is finished."""
    await renewing.keep_renewed(caller, data)


@post("/account/rotation/finish", **allow(Who.SIGNED_IN), status_code=204)
async def finish(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[Finish]) -> None:
    """Make the keys to come the account's keys."""
    await finishing.finish(caller, data, request.app.state.clock())


router = Router(path="/", route_handlers=[begin, to_renew, keep_renewed, finish], tags=["rotation"])
