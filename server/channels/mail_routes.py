"""HTTP routes of mail: whether one gets any, confirming an address, and stopping it from a letter."""

import contextlib
from collections.abc import AsyncIterator

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath, JSONBody

from server.channels import mailbox
from server.channels.errors import MailLinkNotValid
from server.channels.structs import Confirmed, MailLink, MailView, MailWish
from server.web.access import Caller, Who, allow
from server.web.messages import ApiRequest, Malformed
from server.web.throttle import Limit, Throttle, client_address

ONE_CLICK = ("List-Unsubscribe", "One-Click")
"""The whole body of a mail provider's request (RFC 8058)."""


@contextlib.asynccontextmanager
async def _counting_wrong_links(request: ApiRequest) -> AsyncIterator[None]:
    """Slow down who tries links that aren't valid; only those, since mail providers ask for many people from one address."""
    try:
        yield
    except MailLinkNotValid:
        state = request.app.state
        limits = [Limit(f"mail-link|{client_address(request)}", free=20)]
        async with Throttle(state.installation.address_secret, state.clock(), limits).count(MailLinkNotValid):
            raise


@get("/mail", **allow(Who.SIGNED_IN))
async def show_mail(request: ApiRequest, caller: NamedDependency[Caller]) -> MailView:
    """Say whether and why not one gets mail."""
    return await mailbox.view(caller.account, available=request.app.state.mail.available)


@put("/mail", **allow(Who.SIGNED_IN), status_code=204)
async def want_mail(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[MailWish]) -> None:
    """Turn mail on or off; turned on again, what a link had stopped goes on."""
    await mailbox.want(caller.account, data.wanted, request.app.state.clock())


@post("/mail/confirmation", **allow(Who.SIGNED_IN), status_code=204)
async def ask_for_confirmation(request: ApiRequest, caller: NamedDependency[Caller]) -> None:
    """Mail the link that confirms one's address, where it isn't confirmed yet."""
    state = request.app.state
    await mailbox.ask_for_confirmation(
        caller.account, state.mail, state.settings.origin, state.clock(), secret=state.installation.address_secret
    )


@post("/mail/confirm", **allow(Who.ANYBODY), status_code=200)
async def confirm(request: ApiRequest, data: JSONBody[MailLink]) -> Confirmed:
    """Confirm an address by what its link carried; a second time changes nothing."""
    async with _counting_wrong_links(request):
        return await mailbox.confirm(data.token, request.app.state.clock())


@post("/mail/stop", **allow(Who.ANYBODY), status_code=204)
async def stop(request: ApiRequest, data: JSONBody[MailLink]) -> None:
    """Stop one's mail by what a letter's link carried."""
    async with _counting_wrong_links(request):
        await mailbox.stop(data.token, request.app.state.clock())


@post("/mail/stop/{token:str}", **allow(Who.ADDRESS), include_in_schema=False, status_code=200)
async def stop_at_once(request: ApiRequest, token: FromPath[str]) -> None:
    """Stop a person's mail as their mail provider asks when they press its button (RFC 8058)."""
    try:
        form = await request.form()
    except (HTTPException, ValueError):
        raise Malformed from None
    if list(form.multi_items()) != [ONE_CLICK]:
        raise Malformed
    async with _counting_wrong_links(request):
        await mailbox.stop(token, request.app.state.clock())


router = Router(path="/", route_handlers=[show_mail, want_mail, ask_for_confirmation, confirm, stop], tags=["channels"])
