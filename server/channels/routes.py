"""HTTP routes of push: what a browser subscribes with, what it has subscribed, and which devices work."""

from litestar import Router, delete, get, put
from litestar.di import NamedDependency
from litestar.params import JSONBody

from server.channels import subscriptions
from server.channels.structs import NewSubscription, OwnSubscription, PushDevice, PushKey, SubscriptionView
from server.channels.vapid import public_push_key
from server.web.access import Caller, Who, allow
from server.web.messages import ApiRequest


@get("/push/key", **allow(Who.SIGNED_IN), sync_to_thread=False)
def push_key(request: ApiRequest) -> PushKey:
    """Give the key that a browser subscribes with."""
    return PushKey(public_push_key(request.app.state.push_key))


@get("/push/subscription", **allow(Who.SIGNED_IN))
async def show_subscription(caller: NamedDependency[Caller]) -> OwnSubscription:
    """Say how the subscription of the calling device stands, where there is one."""
    return await subscriptions.own(caller.session)


@put("/push/subscription", **allow(Who.SIGNED_IN))
async def keep_subscription(
    request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[NewSubscription]
) -> SubscriptionView:
    """Compare what the calling device's browser has subscribed with what is kept, and keep what is new."""
    state = request.app.state
    return await subscriptions.keep(
        caller, data, state.settings.push_hosts, state.clock(), secret=state.installation.address_secret
    )


@delete("/push/subscription", **allow(Who.SIGNED_IN))
async def end_subscription(caller: NamedDependency[Caller]) -> None:
    """Forget the subscription of the calling device: nothing more is sent to it."""
    await subscriptions.end(caller.session)


@get("/push/devices", **allow(Who.SIGNED_IN))
async def push_devices(request: ApiRequest, caller: NamedDependency[Caller]) -> list[PushDevice]:
    """List one's devices that take pushes, or did, with how each stands."""
    return await subscriptions.devices(caller, request.app.state.clock())


router = Router(
    path="/",
    route_handlers=[push_key, show_subscription, keep_subscription, end_subscription, push_devices],
    tags=["channels"],
)
