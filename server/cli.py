"""The operator's command, `aftertide-server`."""

import argparse
import asyncio
import base64
import json
import os
import sys
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog
import uvloop

from server import database, migrating, returning, serving, working
from server.accounts.zones import is_zone
from server.app import create_app
from server.care.practices import create_first_therapist_link, create_practice, practices_named
from server.clock import system_clock
from server.opening import TABLES
from server.settings import Settings, SettingsError, read_settings
from server.web.installation import take_new_incarnation

LEVELS = {"debug": 10, "info": 20, "warning": 30, "error": 40}


def _begin_link(settings: Settings, token: bytes) -> str:
    return f"{settings.origin}/begin#{base64.urlsafe_b64encode(token).rstrip(b'=').decode()}"


async def migrate(settings: Settings, _: argparse.Namespace) -> int:
    """Bring the database to the present form."""
    with migrating.own_file(settings.database_url):
        print(await migrating.migrate(settings), end="")
    return 0


async def web(settings: Settings, _: argparse.Namespace) -> int:
    """Serve the app and the API."""
    if int(settings.processes) > 1 and serving.CHILD not in os.environ:
        return await serving.serve_several(settings)
    with migrating.own_file(settings.database_url):
        await serving.serve(settings, create_app(settings, sends=True))
    return 0


async def worker(settings: Settings, _: argparse.Namespace) -> int:
    """Send reminders, on PostgreSQL; on SQLite the web process does it."""
    if settings.database_url.startswith("sqlite:"):
        print("On SQLite `aftertide-server web` sends reminders, too: start that alone.", file=sys.stderr)
        return 2
    await working.work(settings)
    return 0


async def practice(settings: Settings, options: argparse.Namespace) -> int:
    """Make a practice and a one-time link for its first therapist."""
    if not is_zone(options.time_zone):
        print(f"{options.time_zone!r} is not the name of a time zone, such as Europe/Madrid", file=sys.stderr)
        return 2
    with migrating.own_file(settings.database_url):
        await database.connect(settings.database_url, 1, TABLES)
        try:
            now = system_clock()
            made = await create_practice(
                name=options.name, phone=options.phone, emergency_number=options.emergency_number,
                reading_line=options.reading_line, time_zone=options.time_zone, now=now,
            )  # fmt: skip
            token = await create_first_therapist_link(made, now)
        finally:
            await database.disconnect()
    print(
        f"{options.name} is ready. Its first therapist begins here, once, within seven days:\n\n  {_begin_link(settings, token)}\n"
    )
    return 0


async def therapist(settings: Settings, options: argparse.Namespace) -> int:
    """Make a one-time link for one more therapist of a practice, or for one who has lost every way in."""
    with migrating.own_file(settings.database_url):
        await database.connect(settings.database_url, 1, TABLES)
        try:
            found = await practices_named(options.practice)
            token = await create_first_therapist_link(found[0].id, system_clock()) if len(found) == 1 else None
        finally:
            await database.disconnect()
    if token is None:
        ids = "".join(f"\n  {one.id}" for one in found)
        why = f"several practices are called {options.practice!r}; name one by its id:{ids}"
        print(why if found else f"there is no practice {options.practice!r}", file=sys.stderr)
        return 2
    print(
        f"A therapist of {found[0].name} begins here, once, within seven days:\n\n  {_begin_link(settings, token)}\n\n"
        "It makes a new account. Who had one before gets nothing of it by this: each of their patients makes a reconnect "
        "link from that contact's page, and decides anew what to share.\n"
    )
    return 0


async def restored(settings: Settings, _: argparse.Namespace) -> int:
    """Say, before it serves again, that the database was put back from a backup: devices then give back what it lost."""
    with migrating.own_file(settings.database_url):
        await database.connect(settings.database_url, 1, TABLES)
        try:
            await take_new_incarnation()
        finally:
            await database.disconnect()
    print(
        "Every device compares what it holds with this database as soon as it comes by, and gives back what is missing."
    )
    return 0


async def bounced(settings: Settings, options: argparse.Namespace) -> int:
    """Take one mail that came back, from standard input."""
    if not settings.mail_returns:
        raise SettingsError("`bounced` reads what is sent to AFTERTIDE_MAIL_RETURNS, which isn't set")
    return await returning.take_returned(settings, sys.stdin.buffer, options.recipient)


async def schema(settings: Settings, _: argparse.Namespace) -> int:
    """Print the OpenAPI schema."""
    print(json.dumps(create_app(settings).openapi_schema.to_schema(), indent=2, sort_keys=True))
    return 0


async def run(settings: Settings, _: argparse.Namespace) -> int:
    """Migrate, fill an empty development database with a demo practice, and serve: what `make run` starts."""
    from server.demo import show_sign_ins, tell_demo  # noqa: PLC0415 - only this command needs the client's cryptography

    with migrating.own_file(settings.database_url):
        await migrating.migrate(settings)
        if settings.development:
            await tell_demo(settings)
        await serving.serve(settings, create_app(settings, sends=True), ready=lambda: show_sign_ins(settings))
    return 0


async def phone(settings: Settings, options: argparse.Namespace) -> int:
    """Serve a demo practice over TLS on the local network, for a real phone: what `make phone` starts."""
    from server.demo import show_sign_ins, tell_demo  # noqa: PLC0415 - only this command needs the client's cryptography
    from server.phone import NoLocalAddress, certificates_for, guide_server, local_address, show_guide  # noqa: PLC0415

    if not settings.development:
        raise SettingsError("`phone` is for development: AFTERTIDE_ENV=development")
    try:
        address = local_address(options.address)
    except NoLocalAddress as error:
        raise serving.CannotStart(str(error)) from error
    port = int(settings.port)
    settings = replace(settings, origin=f"https://{address}:{port}", host="0.0.0.0")  # noqa: S104 - phones on the local network are who it is for
    now = datetime.fromtimestamp(system_clock() / 1000, UTC)
    made = certificates_for(address, Path(options.folder), now)

    def ready() -> None:
        show_sign_ins(settings)
        show_guide(f"http://{address}:{port + 1}")

    with (
        migrating.own_file(settings.database_url),
        guide_server(settings.origin, made.authority.read_bytes(), port + 1),
    ):
        await migrating.migrate(settings)
        await tell_demo(settings)
        await serving.serve(settings, create_app(settings, sends=True), ready=ready, tls=(made.certificate, made.key))
    return 0


Command = Callable[[Settings, argparse.Namespace], Coroutine[Any, Any, int]]
COMMANDS: dict[str, Command] = {
    "migrate": migrate,
    "web": web,
    "worker": worker,
    "run": run,
    "practice": practice,
    "therapist": therapist,
    "restored": restored,
    "bounced": bounced,
    "phone": phone,
    "schema": schema,
}


def parser() -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    top = argparse.ArgumentParser(prog="aftertide-server", description="Run and look after an Aftertide.")
    commands = top.add_subparsers(dest="command", required=True, metavar="COMMAND")
    made = {
        name: commands.add_parser(name, help=function.__doc__, description=function.__doc__)
        for name, function in COMMANDS.items()
    }
    made["phone"].add_argument(
        "--address", default="", help="this machine's address on the local network; found where it isn't named"
    )
    made["phone"].add_argument("--folder", default="data/phone", help="where the certificates are kept")
    made["practice"].add_argument("name", help="the practice's name, as its patients know it")
    made["practice"].add_argument("--phone", default="", help="the number shown under Help")
    made["practice"].add_argument(
        "--emergency-number", default="", help="the emergency number of the place, such as 112"
    )
    made["practice"].add_argument("--reading-line", default="", help="one line on when shared entries are read")
    made["practice"].add_argument("--time-zone", default="UTC", help="an IANA zone, such as Europe/Madrid")
    made["therapist"].add_argument("practice", help="the practice's name, or its id where several have one name")
    made["bounced"].add_argument(
        "recipient",
        nargs="?",
        default="",
        help="where it was sent to, by the envelope; without it the mail's own head says so",
    )
    return top


def main() -> None:
    """Run one command; exits with 2 on a setting or argument that makes no sense."""
    options = parser().parse_args()
    try:
        # The schema is the same whatever the environment says.
        settings = Settings() if options.command == "schema" else read_settings()
    except SettingsError as error:
        sys.exit(f"aftertide-server: {error}")
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper("iso"),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[settings.log_level]),
        logger_factory=structlog.WriteLoggerFactory(sys.stderr),
    )
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            sys.exit(runner.run(COMMANDS[options.command](settings, options)))
    except SettingsError as error:
        sys.exit(f"aftertide-server: {error}")
    except (migrating.DatabaseInUse, migrating.MigrationFailed, serving.CannotStart) as error:
        sys.exit(f"aftertide-server: {error}")


if __name__ == "__main__":
    main()
