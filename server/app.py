"""Puts the domains together: routes, errors, headers, what runs while the server does."""

import asyncio
import contextlib
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any

import structlog
from litestar import Litestar, Router, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from server import database
from server.accounts import passkey_routes
from server.accounts import routes as account_routes
from server.accounts.challenges import forget_old_challenges
from server.accounts.sessions import caller_finder, forget_ended_sessions
from server.appointments import calendar_routes
from server.appointments import routes as appointment_routes
from server.care import leaving as _leaving  # noqa: F401 - registers what care does when an account is erased
from server.care import routes as care_routes
from server.care.relations import close_ended_relations
from server.channels import mail_routes
from server.channels import routes as channel_routes
from server.channels.mailbox import forget_old_links
from server.channels.mailing import MailSender
from server.clock import Clock, system_clock
from server.opening import open_database
from server.records import routes as record_routes
from server.records.history import forget_old_revisions
from server.refusals import PROBLEMS
from server.reminders import routes as reminder_routes
from server.reminders.history import forget_old
from server.reminders.planner import plan_on
from server.reminders.waking import DueNotices
from server.returning import take_spooled
from server.rotation import routes as rotation_routes
from server.settings import Settings, read_settings
from server.web import access, messages, throttle
from server.web.headers import Headers
from server.web.live import live
from server.web.notices import Notices
from server.web.pages import Pages, page_routes
from server.web.problems import Problems
from server.web.schema import Base64Bytes
from server.working import at_work

log = structlog.get_logger()


LARGEST_BODY = 2**17
SWEEP_SECONDS = 60
SWEEPS_AN_HOUR = 60

Part = Callable[[int], Awaitable[object]]
EACH_MINUTE: tuple[Part, ...] = (
    close_ended_relations, forget_ended_sessions, forget_old_challenges, throttle.forget_old_failures, plan_on,
)  # fmt: skip
EACH_HOUR: tuple[Part, ...] = (forget_old_revisions, forget_old_links, forget_old)


@get("/health", **access.allow(access.Who.ANYBODY))
async def health() -> dict[str, str]:
    """Say that the server answers and reaches its database."""
    await database.fetch("SELECT 1 AS one")
    return {"status": "ok"}


API = Router(
    path="/api",
    route_handlers=[
        health,
        account_routes.router,
        passkey_routes.router,
        care_routes.router,
        record_routes.router,
        rotation_routes.router,
        appointment_routes.router,
        calendar_routes.router,
        channel_routes.router,
        mail_routes.router,
        reminder_routes.router,
    ],
)
"""Put together once a process: an app copies the routes that it is given, and would copy these a second time."""


async def sweep(now: int, parts: Sequence[Part] = (*EACH_MINUTE, *EACH_HOUR)) -> None:
    """Do what time asks for: close ended relations, forget what is past keeping. A part that fails stops no other."""
    for part in parts:
        try:
            await part(now)
        except Exception as error:  # noqa: BLE001 - the next sweep tries again
            log.error("sweep failed", part=getattr(part, "__name__", ""), kind=type(error).__name__)


async def _sweep_each_minute(clock: Clock, besides: Sequence[Part]) -> None:
    for number in itertools.count():
        await sweep(clock(), (*EACH_MINUTE, *besides, *(() if number % SWEEPS_AN_HOUR else EACH_HOUR)))
        await asyncio.sleep(SWEEP_SECONDS)


@contextlib.asynccontextmanager
async def _in_background(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def create_app(settings: Settings, clock: Clock = system_clock, *, sends: bool = False) -> Litestar:
    """Make the app: one process's routes and life, with the time taken from `clock`.

    `sends`: this process also sends reminders where no other can, on SQLite.
    """
    pages = Pages(settings.pwa_folder)
    problems = Problems(PROBLEMS, pages.missing)

    @contextlib.asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        live.start()
        try:
            opened = await open_database(settings, clock())
        except Exception as error:
            app.state.startup_error = error  # granian keeps it to itself
            raise
        app.state.installation, app.state.push_key = opened.installation, opened.push_key
        if not app.state.mail.available:
            log.warning("mail is off", setting="AFTERTIDE_SMTP")
        async with contextlib.AsyncExitStack() as life:
            life.push_async_callback(database.disconnect)
            if opened.engine.kind == "postgresql":
                for notices in (Notices(settings.database_url, live), DueNotices(settings.database_url)):
                    await notices.start()
                    life.push_async_callback(notices.stop)
            elif sends:
                await life.enter_async_context(at_work(settings, opened, app.state.mail, clock))
            besides = [take_spooled(settings, opened.installation)] if opened.engine.kind == "sqlite" else []
            await life.enter_async_context(_in_background(_sweep_each_minute(clock, besides)))
            life.callback(live.stop)
            yield

    app = Litestar(
        route_handlers=[
            API,
            calendar_routes.feed,
            mail_routes.stop_at_once,
            *page_routes(pages),  # type: ignore[list-item]  # handlers of several kinds
        ],
        guards=[access.admit],
        dependencies={"caller": Provide(access.caller_of, sync_to_thread=False)},
        exception_handlers=problems.handlers(),
        request_class=messages.ApiRequest,
        response_class=messages.ApiResponse,
        request_max_body_size=LARGEST_BODY,
        lifespan=[running],
        openapi_config=OpenAPIConfig(
            title="Aftertide",
            version="1",
            description="Sealed records in, sealed records out. See docs/api.md and docs/protocol.md.",
            render_plugins=[JsonRenderPlugin()],  # the other renderers load scripts from elsewhere
            openapi_router=Router(
                path="/api/schema", route_handlers=[], opt={"who": access.Who.ANYBODY}, include_in_schema=False
            ),
        ),
        plugins=[Base64Bytes()],
        logging_config=None,
        debug=False,
    )
    # Around the whole app: answers that no route gives carry the headers, too.
    app.asgi_handler = Headers(app.asgi_handler, secure=settings.secure)
    app.state.settings = settings
    app.state.clock = clock
    app.state.find_caller = caller_finder(clock)
    app.state.mail = MailSender(settings, clock)
    return app


def from_environment() -> Any:
    """Make the app from the environment's settings (what granian loads)."""
    return create_app(read_settings())
