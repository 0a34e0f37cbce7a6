"""HTTP routes of accounts."""

from typing import Literal
from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server import database
from server.accounts import ending, erasure, keys, sessions
from server.accounts.errors import MalformedKeys, WrongProof
from server.accounts.passkeys import passkey_by
from server.accounts.preferences import set_preferences
from server.accounts.signatures import Site
from server.accounts.slots import hold_account
from server.accounts.structs import (
    Device,
    Me,
    Method,
    NewAccount,
    Pointer,
    Preferences,
    Proof,
    Rename,
    ReplaceSlot,
    Salt,
    SaltQuestion,
    SignIn,
    Slots,
)
from server.clock import MINUTE, SECOND
from server.web.access import COOKIE, Caller, Who, allow
from server.web.conditional import NOT_MODIFIED, unless_known
from server.web.messages import ApiRequest, ApiResponse
from server.web.throttle import Limit, Throttle, client_address


def session_cookie(request: ApiRequest, token: str) -> Cookie:
    """Make the cookie of a session; scripts never see it."""
    settings = request.app.state.settings
    return Cookie(
        key=COOKIE,
        value=token,
        path="/",
        httponly=True,
        secure=settings.secure,
        samesite="strict",
        max_age=sessions.LONGEST // SECOND,
    )


def site_of(request: ApiRequest) -> Site:
    """Tell for which site passkeys are made and used here."""
    state = request.app.state
    return Site(state.settings.origin, state.installation.rp_id)


def wants_bearer(request: ApiRequest, asked: bool) -> bool:  # noqa: FBT001 - the answer to one yes-or-no field
    """Tell whether to answer with a token in place of a cookie: only when asked for, and never to a page."""
    return asked and "origin" not in request.headers


async def signed_up(request: ApiRequest, new: NewAccount) -> Response[Me]:
    """Start the session of a new account and answer with it."""
    opened = sessions.Opened("passphrase")
    if new.passkey is not None and new.passkey.slot is not None:
        opened = sessions.Opened("passkey", await passkey_by(new.id, new.passkey.answer.id))
    started = await sessions.start_session(new.id, new.device, request.app.state.clock(), opened)
    return await with_session(request, new.id, started, bearer=new.bearer)


async def with_session(request: ApiRequest, account: UUID, started: tuple[UUID, str], *, bearer: bool) -> Response[Me]:
    """Answer with the account; the token of its session goes into a cookie, or into the body when asked for."""
    session, token = started
    as_bearer = wants_bearer(request, bearer)
    body = await keys.me(account, session, token if as_bearer else None)
    return ApiResponse(body, cookies=[] if as_bearer else [session_cookie(request, token)])


def _throttle(request: ApiRequest, limits: list[Limit]) -> Throttle:
    return Throttle(request.app.state.installation.address_secret, request.app.state.clock(), limits)


def sign_in_throttle(request: ApiRequest, email: str, method: Method) -> Throttle:
    """Slow down failures per account and address; ceilings for each alone count passphrases only.

    So nobody can lock a patient out: the kit passes whatever strangers try on this e-mail elsewhere or on others from here.
    """
    address = client_address(request)
    if method == "recovery":
        return _throttle(request, [Limit(f"kit|{email}|{address}", free=5, longest=MINUTE, forgiving=True)])
    return _throttle(
        request,
        [
            Limit(f"sign-in|{email}|{address}", free=5, forgiving=True),
            Limit(f"sign-in||{address}", free=60),
            Limit(f"sign-in|{email}|", free=200, longest=MINUTE),
        ],
    )


def passkey_throttle(request: ApiRequest) -> Throttle:
    """Slow down failures by passkey per address, apart from those by passphrase: nobody guesses a signature."""
    return _throttle(request, [Limit(f"passkey|{client_address(request)}", free=20, longest=MINUTE)])


def proof_throttle(request: ApiRequest, session: UUID) -> Throttle:
    """Slow down failures of one running session: nobody outside it can use its tries up."""
    return _throttle(request, [Limit(f"proof|{session}", free=5, forgiving=True)])


@post("/salt", **allow(Who.ANYBODY), status_code=200)
async def salt(request: ApiRequest, data: JSONBody[SaltQuestion]) -> Salt:
    """Give the salt of an e-mail, whether there is an account or not."""
    return Salt(keys.salt_of(keys.canonical_email(data.email), request.app.state.installation.salt_secret))


@post("/sign-in", **allow(Who.ANYBODY), status_code=200)
async def sign_in(request: ApiRequest, data: JSONBody[SignIn]) -> Response[Me]:
    """Sign in by passphrase or kit; unknown account and wrong proof are one answer after the same work."""
    email = keys.canonical_email(data.email)
    async with sign_in_throttle(request, email, data.method).count(WrongProof):
        account = await keys.prove(email, data.method, data.auth)
    started = await sessions.start_proved_session(
        account, data.device, request.app.state.clock(), method=data.method, auth=data.auth
    )
    return await with_session(request, account, started, bearer=data.bearer)


@post("/sign-out", **allow(Who.SIGNED_IN), status_code=204)
async def sign_out(caller: NamedDependency[Caller]) -> Response[None]:
    """End this session; its streams close at once."""
    await ending.end_session(caller.account, caller.session)
    response: Response[None] = Response(None, status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


@get("/account", **allow(Who.SIGNED_IN))
async def account(caller: NamedDependency[Caller]) -> Me:
    """Give the account as its own devices see it."""
    return await keys.me(caller.account, caller.session)


@put("/account/preferences", **allow(Who.SIGNED_IN), status_code=204)
async def preferences(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[Preferences]) -> None:
    """Set language and time zone."""
    await set_preferences(caller.account, data, request.app.state.clock())


@put("/account/pointers/{pointer:str}", **allow(Who.SIGNED_IN), status_code=204)
async def pointer(
    caller: NamedDependency[Caller], pointer: FromPath[Literal["settings", "ledger"]], data: JSONBody[Pointer]
) -> None:
    """Set the pointer to the settings or ledger record, once."""
    await keys.set_pointer(caller.account, pointer, data.record)


@post("/account/proof", **allow(Who.SIGNED_IN), status_code=204)
async def proof(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[Proof]) -> None:
    """Prove again who one is, for what asks for a proof not older than five minutes."""
    email = await keys.email_of(caller.account)
    async with proof_throttle(request, caller.session).count(WrongProof):
        if await keys.prove(email, data.method, data.auth) != caller.account:
            raise WrongProof
    await sessions.renew_proof(caller.session, request.app.state.clock())


@get("/account/slots", **allow(Who.SIGNED_IN, also=NOT_MODIFIED))
async def slots(request: ApiRequest, caller: NamedDependency[Caller]) -> Response[Slots]:
    """Give the account's key slots as they are now; nothing when they are as the client knows them."""
    return unless_known(request, await keys.current_slots(caller))


@put("/account/slots/{method:str}", **allow(Who.FRESH), status_code=204)
async def replace_slot(
    request: ApiRequest,
    caller: NamedDependency[Caller],
    method: FromPath[Literal["passphrase", "recovery"]],
    data: JSONBody[ReplaceSlot],
) -> None:
    """Replace the passphrase (which signs the other devices out) or the recovery kit."""
    if data.slot.method != method:
        raise MalformedKeys("The slot is of another method than the address.")
    async with database.transaction():
        await keys.replace_slot(
            caller, data.slot, request.app.state.installation.salt_secret, request.app.state.clock()
        )
        if method == "passphrase":
            await ending.end_other_sessions(caller.account, caller.session)


@get("/devices", **allow(Who.SIGNED_IN))
async def devices(request: ApiRequest, caller: NamedDependency[Caller]) -> list[Device]:
    """List the signed-in devices."""
    return await sessions.devices(caller.account, caller.session, request.app.state.clock())


@put("/devices/{device:uuid}/name", **allow(Who.SIGNED_IN), status_code=204)
async def rename_device(caller: NamedDependency[Caller], device: FromPath[UUID], data: JSONBody[Rename]) -> None:
    """Call a device something else."""
    await sessions.rename(caller.account, device, data.name)


@delete("/devices", **allow(Who.FRESH))
async def end_other_devices(caller: NamedDependency[Caller]) -> None:
    """Sign all other devices out."""
    async with database.transaction():
        await hold_account(caller.account)
        await ending.end_other_sessions(caller.account, caller.session)


@delete("/devices/{device:uuid}", **allow(Who.FRESH))
async def end_device(caller: NamedDependency[Caller], device: FromPath[UUID]) -> None:
    """Sign another device out."""
    await ending.end_session(caller.account, device)


@post("/account/erase", **allow(Who.FRESH), status_code=204)
async def erase(request: ApiRequest, caller: NamedDependency[Caller]) -> Response[None]:
    """Erase the account with all it owns."""
    await erasure.erase(caller.account, request.app.state.clock())
    response: Response[None] = Response(None, status_code=204)
    response.delete_cookie(COOKIE, path="/")
    return response


router = Router(
    path="/",
    route_handlers=[
        salt, sign_in, sign_out, account, preferences, pointer, proof, slots, replace_slot, devices, rename_device, end_other_devices, end_device, erase,
    ],
    tags=["accounts"],
)  # fmt: skip
