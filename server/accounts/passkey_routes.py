"""HTTP routes of passkeys. None takes a member `prf`, at whatever depth."""

from uuid import UUID

from litestar import Response, Router, delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server import database
from server.accounts import passkeys, sessions
from server.accounts.challenges import LASTS, Purpose
from server.accounts.errors import ChallengeOver, WrongPasskey
from server.accounts.passkey_structs import (
    Challenge,
    FutureAccount,
    NewPasskey,
    PasskeyProof,
    PasskeySignIn,
    PasskeyView,
)
from server.accounts.routes import passkey_throttle, proof_throttle, site_of, with_session
from server.accounts.structs import Me, Rename
from server.web.access import Caller, Who, allow
from server.web.messages import ApiRequest
from server.web.throttle import client_address, spend

MOST_CHALLENGES = 60
"""How many an address, or a session, may ask for in the time that they last."""


async def _challenge(
    request: ApiRequest, purpose: Purpose, subject: UUID | None, caller: Caller | None = None
) -> Challenge:
    state = request.app.state
    who = client_address(request) if caller is None else caller.session
    now = state.clock()
    await spend(state.installation.address_secret, now, f"challenge|{who}", most=MOST_CHALLENGES, window=LASTS)
    account = None if caller is None else caller.account
    return await passkeys.give_challenge(purpose, subject, site_of(request), now, account)


@post("/passkeys/challenges/sign-up", **allow(Who.ANYBODY, never="prf"), status_code=200)
async def challenge_to_sign_up(request: ApiRequest, data: JSONBody[FutureAccount]) -> Challenge:
    """Give a challenge to make the passkey of an account with, whether there is one with this id or not."""
    return await _challenge(request, "sign-up", data.account)


@post("/passkeys/challenges/sign-in", **allow(Who.ANYBODY), status_code=200)
async def challenge_to_sign_in(request: ApiRequest) -> Challenge:
    """Give a challenge to sign in with, whoever it will be: the device knows which passkeys it has."""
    return await _challenge(request, "sign-in", None)


@post("/passkeys/challenges/proof", **allow(Who.SIGNED_IN), status_code=200)
async def challenge_to_prove(request: ApiRequest, caller: NamedDependency[Caller]) -> Challenge:
    """Give a challenge for a fresh proof, with the passkeys that one has."""
    return await _challenge(request, "proof", caller.session, caller)


@post("/passkeys/challenges/register", **allow(Who.FRESH), status_code=200)
async def challenge_to_register(request: ApiRequest, caller: NamedDependency[Caller]) -> Challenge:
    """Give a challenge to make one more passkey with, and those that one has, which aren't made again."""
    return await _challenge(request, "register", caller.account, caller)


@post("/sign-in/passkey", **allow(Who.ANYBODY, never="prf"), status_code=200)
async def sign_in_by_passkey(request: ApiRequest, data: JSONBody[PasskeySignIn]) -> Response[Me]:
    """Sign in by passkey, without an e-mail; one that nobody has and a wrong signature are one answer after the same work."""
    now = request.app.state.clock()
    async with passkey_throttle(request).count(WrongPasskey, ChallengeOver):
        proved = await passkeys.prove(data.answer, "sign-in", None, site_of(request), now)
    started = await sessions.start_passkey_session(proved, data.device, now)
    return await with_session(request, proved.account, started, bearer=data.bearer)


@post("/account/proof/passkey", **allow(Who.SIGNED_IN, never="prf"), status_code=204)
async def prove_by_passkey(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[PasskeyProof]) -> None:
    """Prove again who one is, by passkey."""
    now = request.app.state.clock()
    async with proof_throttle(request, caller.session).count(WrongPasskey, ChallengeOver):
        proved = await passkeys.prove(data.answer, "proof", caller.session, site_of(request), now)
        if proved.account != caller.account:
            raise WrongPasskey
    await sessions.renew_proof(caller.session, now)


@get("/passkeys", **allow(Who.SIGNED_IN))
async def list_passkeys(caller: NamedDependency[Caller]) -> list[PasskeyView]:
    """List one's passkeys."""
    return await passkeys.passkeys_of(caller.account)


@post("/passkeys", **allow(Who.FRESH, never="prf"), status_code=200)
async def register(request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[NewPasskey]) -> PasskeyView:
    """Add a passkey with its key slot, in one; without a slot where the device has no PRF."""
    return await passkeys.register(caller.account, caller.gen, data, site_of(request), request.app.state.clock())


@put("/passkeys/{passkey:uuid}/name", **allow(Who.SIGNED_IN, never="prf"), status_code=204)
async def rename(caller: NamedDependency[Caller], passkey: FromPath[UUID], data: JSONBody[Rename]) -> None:
    """Call a passkey something else."""
    await passkeys.rename(caller.account, passkey, data.name)


@delete("/passkeys/{passkey:uuid}", **allow(Who.FRESH))
async def remove(caller: NamedDependency[Caller], passkey: FromPath[UUID]) -> None:
    """Remove a passkey with its key slot, never the last way in; other sessions that it opened end."""
    async with database.transaction():
        await passkeys.remove(caller, passkey)


router = Router(
    path="/",
    route_handlers=[
        challenge_to_sign_up, challenge_to_sign_in, challenge_to_prove, challenge_to_register, sign_in_by_passkey,
        prove_by_passkey, list_passkeys, register, rename, remove,
    ],
    tags=["passkeys"],
)  # fmt: skip
