"""Puts the domains together: routes, errors, headers, what runs while the server does."""

import asyncio
import contextlib
import importlib
import itertools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import asyncpg
import structlog
from litestar import Litestar, Router, get
from litestar.di import Provide
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from piccolo.table import Table

import migrations
from server import database
from server.accounts import errors as accounts
from server.accounts import routes as account_routes
from server.accounts import tables as account_tables
from server.accounts.sessions import caller_finder, forget_ended_sessions
from server.appointments import calendar_routes
from server.appointments import errors as appointments
from server.appointments import routes as appointment_routes
from server.appointments import tables as appointment_tables
from server.care import errors as care
from server.care import leaving as _leaving  # noqa: F401 - registers what care does when an account is erased
from server.care import routes as care_routes
from server.care import tables as care_tables
from server.care.relations import close_ended_relations
from server.channels import errors as channels
from server.channels import mail_routes
from server.channels import routes as channel_routes
from server.channels import tables as channel_tables
from server.channels.mailbox import forget_old_links
from server.channels.mailing import MailSender
from server.channels.vapid import load_push_key
from server.clock import Clock, system_clock
from server.records import errors as records
from server.records import routes as record_routes
from server.records import tables as record_tables
from server.records.history import forget_old_revisions
from server.settings import Settings, read_settings
from server.web import access, messages, throttle
from server.web.headers import Headers
from server.web.installation import load_installation
from server.web.live import live
from server.web.notices import Notices
from server.web.pages import Pages, page_routes
from server.web.problems import Problems, ProblemType
from server.web.schema import Base64Bytes
from server.web.tables import Installation, Throttle

log = structlog.get_logger()


class UnfitDatabase(Exception):
    """The database isn't one that this server may serve."""


TABLES: list[type[Table]] = [
    Installation, Throttle, *account_tables.TABLES, *care_tables.TABLES, *record_tables.TABLES, *appointment_tables.TABLES,
    *channel_tables.TABLES,
]  # fmt: skip

PROBLEMS = {
    access.NotSignedIn: ProblemType(401, "not-signed-in", "Sign in first."),
    access.NotAllowed: ProblemType(403, "not-allowed", "This isn't for your kind of account."),
    access.ProofTooOld: ProblemType(403, "prove-again", "Show once more that it's you, by passphrase or kit."),
    access.ForeignOrigin: ProblemType(403, "foreign-origin", "This request doesn't come from this app."),
    messages.Malformed: ProblemType(400, "malformed", "The body doesn't have the form that this route takes."),
    throttle.SlowDown: ProblemType(429, "slow-down", "Too many tries. Wait a little, then try again."),
    accounts.WrongProof: ProblemType(401, "wrong-proof", "E-mail, passphrase or kit isn't right."),
    accounts.EmailTaken: ProblemType(409, "email-taken", "There is an account with this e-mail. Sign in to it."),
    accounts.AccountExists: ProblemType(409, "account-exists", "There is another account with this id."),
    accounts.MalformedEmail: ProblemType(
        422, "malformed-email", "The e-mail isn't one, or isn't in the protocol's form."
    ),
    accounts.MalformedKeys: ProblemType(422, "malformed-keys", "The keys don't fit together."),
    accounts.NoSuchDevice: ProblemType(404, "not-found", "There is nothing at this address."),
    accounts.PointerSet: ProblemType(409, "pointer-set", "This pointer already names another record."),
    accounts.UnknownTimeZone: ProblemType(422, "unknown-time-zone", "This isn't the name of a time zone."),
    care.LinkNotValid: ProblemType(
        404, "link-not-valid", "This link isn't valid: it was used, withdrawn, or is too old."
    ),
    care.InvitationTaken: ProblemType(409, "invitation-taken", "Somebody has already answered this invitation."),
    care.NoSuchInvitation: ProblemType(404, "not-found", "There is nothing at this address."),
    care.AdultNotConfirmed: ProblemType(422, "adult-not-confirmed", "Confirm that the person is 18 or older."),
    care.NoRelation: ProblemType(404, "not-found", "There is nothing at this address."),
    records.NoSuchRecord: ProblemType(404, "not-found", "There is nothing at this address."),
    records.StaleRevision: ProblemType(409, "stale", "The record has moved on. Merge, then save again."),
    records.RecordDeleted: ProblemType(409, "deleted", "The record was deleted."),
    records.StaleGen: ProblemType(409, "stale-gen", "Your keys were renewed on another device. Sign in again."),
    records.NoLongerShared: ProblemType(409, "no-longer-shared", "What this is about isn't shared with you."),
    records.MalformedRecord: ProblemType(422, "malformed-record", "The parts of this save don't fit together."),
    records.NotARelation: ProblemType(422, "not-a-relation", "A reader isn't somebody you work with now."),
    records.RequestReused: ProblemType(422, "request-reused", "This request id belongs to another save."),
    appointments.NoSuchTime: ProblemType(
        422, "no-such-time", "This isn't a date and time of day between 2000 and 2100."
    ),
    appointments.NoSuchAppointment: ProblemType(404, "not-found", "There is nothing at this address."),
    appointments.NoSuchFeed: ProblemType(404, "not-found", "There is nothing at this address."),
    appointments.AppointmentTaken: ProblemType(409, "appointment-taken", "There is another appointment with this id."),
    appointments.StaleAppointment: ProblemType(409, "stale", "The appointment has changed. Look at it again."),
    appointments.WrongState: ProblemType(409, "wrong-state", "The appointment isn't in a state that allows this."),
    appointments.NotBegun: ProblemType(409, "not-begun", "The appointment hasn't begun."),
    appointments.AlreadyBegun: ProblemType(409, "already-begun", "The appointment has begun."),
    appointments.NotARelation: ProblemType(422, "not-a-relation", "You don't work together now."),
    channels.UnknownPushService: ProblemType(
        422, "unknown-push-service", "This server sends nothing to that push service."
    ),
    channels.MalformedSubscription: ProblemType(
        422, "malformed-subscription", "The keys of the subscription aren't a browser's."
    ),
    channels.MailOff: ProblemType(409, "mail-off", "This server sends no e-mail."),
    channels.MailNotSent: ProblemType(503, "mail-not-sent", "The e-mail couldn't be sent now. Try again in a while."),
    channels.MailboxRefused: ProblemType(422, "mailbox-refused", "This address takes no e-mail."),
    channels.MailLinkNotValid: ProblemType(
        404, "link-not-valid", "This link isn't valid: it is too old, or was made for another address."
    ),
}

LARGEST_BODY = 2**17
SWEEP_SECONDS = 60
SWEEPS_AN_HOUR = 60

Part = Callable[[int], Awaitable[object]]
EACH_MINUTE: tuple[Part, ...] = (close_ended_relations, forget_ended_sessions, throttle.forget_old_failures)
EACH_HOUR: tuple[Part, ...] = (forget_old_revisions, forget_old_links)


@get("/health", **access.allow(access.Who.ANYBODY))
async def health() -> dict[str, str]:
    """Say that the server answers and reaches its database."""
    await database.fetch("SELECT 1 AS one")
    return {"status": "ok"}


async def sweep(now: int, parts: Sequence[Part] = (*EACH_MINUTE, *EACH_HOUR)) -> None:
    """Do what time asks for: close ended relations, forget what is past keeping. A part that fails stops no other."""
    for part in parts:
        try:
            await part(now)
        except Exception as error:  # noqa: BLE001 - the next sweep tries again
            log.error("sweep failed", part=getattr(part, "__name__", ""), kind=type(error).__name__)


async def _sweep_each_minute(clock: Clock) -> None:
    for number in itertools.count():
        await sweep(clock(), EACH_MINUTE if number % SWEEPS_AN_HOUR else (*EACH_MINUTE, *EACH_HOUR))
        await asyncio.sleep(SWEEP_SECONDS)


async def _check_migrated() -> None:
    """Raise UnfitDatabase when a migration hasn't run on the database."""
    known = {
        importlib.import_module(f"migrations.{path.stem}").ID
        for path in Path(migrations.__file__).parent.glob("20*.py")
    }
    try:
        rows = await database.fetch("SELECT name FROM migration WHERE app_name = $1", "aftertide")
    except (sqlite3.OperationalError, asyncpg.UndefinedTableError):
        rows = []
    if known - {row["name"] for row in rows}:
        raise UnfitDatabase("the database isn't up to date: run `aftertide-server migrate` first")


async def _open(app: Litestar, settings: Settings, clock: Clock) -> database.Engine:
    """Open the database and read what belongs to it; raises UnfitDatabase, closing it again, for demo data in production."""
    engine = await database.connect(settings.database_url, int(settings.pool), TABLES)
    try:
        await _check_migrated()
        app.state.installation = await load_installation()
        if app.state.installation.demo and not settings.development:
            raise UnfitDatabase("this database holds demo data: production doesn't start on it")
        app.state.push_key = await load_push_key(clock())
    except BaseException:
        await database.disconnect()
        raise
    return engine


def create_app(settings: Settings, clock: Clock = system_clock) -> Litestar:
    """Make the app: one process's routes and life, with the time taken from `clock`."""
    pages = Pages(settings.pwa_folder)
    problems = Problems(PROBLEMS, pages.missing)

    @contextlib.asynccontextmanager
    async def running(app: Litestar) -> AsyncIterator[None]:
        live.start()
        try:
            engine = await _open(app, settings, clock)
        except Exception as error:
            app.state.startup_error = error  # granian keeps it to itself
            raise
        if not app.state.mail.available:
            log.warning("mail is off", setting="AFTERTIDE_SMTP")
        sweeping = asyncio.create_task(_sweep_each_minute(clock))
        notices = Notices(settings.database_url, live) if engine.kind == "postgresql" else None
        if notices is not None:
            await notices.start()
        try:
            yield
        finally:
            live.stop()
            sweeping.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await sweeping
            if notices is not None:
                await notices.stop()
            await database.disconnect()

    app = Litestar(
        route_handlers=[
            Router(
                path="/api",
                route_handlers=[
                    health,
                    account_routes.router,
                    care_routes.router,
                    record_routes.router,
                    appointment_routes.router,
                    calendar_routes.router,
                    channel_routes.router,
                    mail_routes.router,
                ],
            ),
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
