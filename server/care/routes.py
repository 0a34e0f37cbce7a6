"""HTTP routes of care."""

from contextlib import AbstractAsyncContextManager
from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server.accounts.errors import AccountExists, EmailTaken
from server.accounts.routes import signed_up, site_of
from server.accounts.structs import Me
from server.care import invitations, practices, relations
from server.care.errors import LinkNotValid
from server.care.structs import (
    Answer,
    Begin,
    BeginLink,
    EndRelation,
    InvitationView,
    Join,
    NewInvitation,
    OpenedInvitation,
    PracticeView,
    Redeem,
    RelationView,
)
from server.web.access import Caller, Who, allow
from server.web.messages import ApiRequest
from server.web.throttle import Limit, Throttle, client_address


def _counted(request: ApiRequest) -> AbstractAsyncContextManager[None]:
    """Count against the sender's address, never against the invitation, what shows that the secret was guessed or is misused.

    Who holds a link may learn from it whether an e-mail has an account; that counts, too, so that nobody asks for many.
    """
    throttle = Throttle(
        request.app.state.installation.address_secret,
        request.app.state.clock(),
        [Limit(f"redeem|{client_address(request)}", free=20)],
    )
    return throttle.count(LinkNotValid, EmailTaken, AccountExists)


@post("/begin/open", **allow(Who.ANYBODY), status_code=200)
async def open_begin(request: ApiRequest, data: JSONBody[BeginLink]) -> PracticeView:
    """Show the practice of a first therapist's one-time link."""
    async with _counted(request):
        return await practices.linked_practice(data.token, request.app.state.clock())


@post("/begin", **allow(Who.ANYBODY, never="prf"), status_code=200)
async def begin(request: ApiRequest, data: JSONBody[Begin]) -> Response[Me]:
    """Sign the first therapist of a practice up."""
    state = request.app.state
    async with _counted(request):
        await practices.begin(data, state.installation.salt_secret, site_of(request), state.clock())
    return await signed_up(request, data.account)


@post("/invitations", **allow(Who.SIGNED_IN), status_code=204)
async def invite(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[NewInvitation]) -> None:
    """Publish an invitation: a therapist's is for a patient, a patient's for a therapist who has an account."""
    await invitations.invite(caller, data, request.app.state.clock())


@get("/invitations", **allow(Who.SIGNED_IN))
async def list_invitations(request: ApiRequest, caller: NamedDependency[Caller]) -> list[InvitationView]:
    """List one's invitations with their answers."""
    return await invitations.invitations_of(caller.account, request.app.state.clock())


@delete("/invitations/{invitation:uuid}", **allow(Who.SIGNED_IN))
async def withdraw_invitation(request: ApiRequest, caller: NamedDependency[Caller], invitation: FromPath[UUID]) -> None:
    """Take an unanswered invitation back."""
    await invitations.withdraw(caller.account, invitation, request.app.state.clock())


@post("/invitations/{invitation:uuid}/open", **allow(Who.ANYBODY), status_code=200)
async def open_invitation(request: ApiRequest, invitation: FromPath[UUID], data: JSONBody[Redeem]) -> OpenedInvitation:
    """Show an invitation to who holds its secret."""
    async with _counted(request):
        return await invitations.open_invitation(invitation, data.redeem, request.app.state.clock())


@post("/invitations/{invitation:uuid}/join", **allow(Who.ANYBODY, never="prf"), status_code=200)
async def join(request: ApiRequest, invitation: FromPath[UUID], data: JSONBody[Join]) -> Response[Me]:
    """Sign up as a patient by a therapist's invitation and answer it, in one."""
    state = request.app.state
    async with _counted(request):
        await invitations.join(invitation, data, state.installation.salt_secret, site_of(request), state.clock())
    return await signed_up(request, data.account)


@post("/invitations/{invitation:uuid}/answer", **allow(Who.SIGNED_IN), status_code=204)
async def answer(
    request: ApiRequest, caller: NamedDependency[Caller], invitation: FromPath[UUID], data: JSONBody[Answer]
) -> None:
    """Answer an invitation with the account one has, of the other role than its inviter's."""
    async with _counted(request):
        await invitations.answer(invitation, caller, data, request.app.state.clock())


@get("/practices", **allow(Who.SIGNED_IN))
async def list_practices(caller: NamedDependency[Caller]) -> list[PracticeView]:
    """List the practices one belongs to."""
    return await practices.practices_of(caller.account)


@get("/relations", **allow(Who.SIGNED_IN))
async def list_relations(caller: NamedDependency[Caller]) -> list[RelationView]:
    """List whom one works with."""
    return await relations.relations_of(caller)


@post("/relations/{account:uuid}/end", **allow(Who.SIGNED_IN), status_code=204)
async def end_relation(
    request: ApiRequest, caller: NamedDependency[Caller], account: FromPath[UUID], data: JSONBody[EndRelation]
) -> None:
    """End a relation."""
    await relations.end_relation(caller, account, at_once=data.now, now=request.app.state.clock())


router = Router(
    path="/",
    route_handlers=[
        open_begin, begin, invite, list_invitations, withdraw_invitation, open_invitation, join, answer, list_practices,
        list_relations, end_relation,
    ],
    tags=["care"],
)  # fmt: skip
