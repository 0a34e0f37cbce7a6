"""HTTP routes of reminders."""

from functools import partial
from uuid import UUID, uuid4

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from server import database
from server.clock import HOUR, MINUTE
from server.reminders import following as _following  # noqa: F401 - registers what follows from changes below
from server.reminders import history, planner, preferences, reach, receipts, steps
from server.reminders.structs import Action, Done, ReminderSettings, ReminderView, Steps, Token, Unreachable
from server.web.access import Caller, NotSignedIn, Who, allow
from server.web.messages import ApiRequest
from server.web.throttle import spend

TESTS_AN_HOUR = 10
TEST_LASTS = 10 * MINUTE


@get("/reminders/settings", **allow(Who.SIGNED_IN))
async def settings(caller: NamedDependency[Caller]) -> ReminderSettings:
    """Give what one wants to be told and when."""
    return await database.in_transaction(partial(preferences.settings_of, caller.account))


@put("/reminders/settings", **allow(Who.SIGNED_IN))
async def change_settings(
    request: ApiRequest, caller: NamedDependency[Caller], data: JSONBody[ReminderSettings]
) -> ReminderSettings:
    """Replace what one wants to be told and when; what isn't sent yet is planned anew."""

    async def work() -> ReminderSettings:
        changed = await preferences.write_settings(caller.account, caller.role, data)
        await planner.replan(caller.account, request.app.state.clock())
        return changed

    return await database.in_transaction(work)


@get("/reminders", **allow(Who.SIGNED_IN))
async def list_reminders(request: ApiRequest, caller: NamedDependency[Caller]) -> list[ReminderView]:
    """List one's reminders: what became of them, and what is planned."""
    return await history.reminders_of(caller.account, request.app.state.clock())


@get("/reminders/{reminder:uuid}", **allow(Who.SIGNED_IN))
async def reminder(caller: NamedDependency[Caller], reminder: FromPath[UUID]) -> ReminderView:
    """Give one reminder of one's own."""
    return await history.reminder_of(caller.account, reminder)


@post("/reminders/test", **allow(Who.SIGNED_IN), status_code=200)
async def test(request: ApiRequest, caller: NamedDependency[Caller]) -> ReminderView:
    """Send oneself a test at once, at most ten an hour."""
    now = request.app.state.clock()
    secret = request.app.state.installation.address_secret
    await spend(secret, now, f"test|{caller.account}", most=TESTS_AN_HOUR, window=HOUR)

    async def work() -> UUID:
        found = await planner.standing(caller.account, now)
        if found is None:
            raise NotSignedIn
        return await planner.add_by_itself(
            found, "test", (uuid4(),), None, due=now, useful_until=now + TEST_LASTS, now=now
        )

    return await history.reminder_of(caller.account, await database.in_transaction(work))


@put("/reminders/steps/{appointment:uuid}", **allow(Who.PATIENT), status_code=204)
async def change_steps(
    request: ApiRequest, caller: NamedDependency[Caller], appointment: FromPath[UUID], data: JSONBody[Steps]
) -> None:
    """Say at which hours the steps before an appointment are due; what they are stays sealed."""
    await steps.set_steps(caller.account, appointment, data.steps, request.app.state.clock())


@get("/reminders/unreachable", **allow(Who.THERAPIST))
async def unreachable(request: ApiRequest, caller: NamedDependency[Caller]) -> list[Unreachable]:
    """List one's patients whom a reminder may not reach, and why."""
    return await reach.unreachable_of(caller.account, request.app.state.clock())


@post("/notices/receipts", **allow(Who.ANYBODY), status_code=204)
async def receipt(request: ApiRequest, data: JSONBody[Token]) -> None:
    """Note that a device showed a notice; its token says which."""
    await receipts.note_receipt(data.token, request.app.state.clock())


@post("/notices/actions", **allow(Who.ANYBODY), status_code=200)
async def action(request: ApiRequest, data: JSONBody[Action]) -> Done:
    """Confirm, or be told again in an hour, from a notice; its token says which."""
    return await receipts.act(data, request.app.state.clock())


router = Router(
    path="/",
    route_handlers=[
        settings, change_settings, list_reminders, reminder, test, change_steps, unreachable, receipt, action,
    ],
    tags=["reminders"],
)  # fmt: skip
