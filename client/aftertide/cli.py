"""The command `aftertide`: a person's own journal as files, made on their machine."""

import argparse
import asyncio
import getpass
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from aftertide.client import Client, system_clock
from aftertide.errors import ClientError, ServerError
from aftertide.export import Exported, export
from aftertide.protocol.errors import ProtocolError

_FAILED = 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="aftertide", description="Aftertide on the command line.")
    commands = parser.add_subparsers(dest="command", required=True)
    command = commands.add_parser(
        "export",
        help="write your own journal as readable files",
        description="Writes your own journal as Markdown files and one JSON file. It is opened on this machine; what is "
        "written is plain text that only you can read.",
    )
    command.add_argument("--server", help="address of the server; asked for if left out")
    command.add_argument("--email", help="your e-mail; asked for if left out")
    command.add_argument(
        "--to", type=Path, default=Path("aftertide-export"), help="a new or empty folder (%(default)s)"
    )
    command.add_argument("--kit", action="store_true", help="open with the recovery kit in place of the passphrase")
    command.add_argument(
        "--secret-fd",
        type=int,
        metavar="N",
        help="read passphrase or kit from this file descriptor, up to the first line break, in place of asking",
    )
    return parser


def _secret(descriptor: int | None, *, kit: bool) -> str:
    """Ask for the secret, or read it from a descriptor: never from an argument, which other programs can see."""
    if descriptor is None:
        return getpass.getpass("Recovery kit: " if kit else "Passphrase: ")
    with os.fdopen(descriptor, encoding="utf-8", newline="\n") as file:
        return file.readline().removesuffix("\n").removesuffix("\r")


async def export_from(client: Client, email: str, secret: str, folder: Path, *, kit: bool = False) -> Exported:
    """Sign in, pull everything, write it, and sign out again. Raises ServerError, ProtocolError, ClientError, OSError."""
    account = await (client.sign_in_with_kit(email, secret) if kit else client.sign_in(email, secret))
    try:
        await account.sync()
        return export(account, folder, system_clock())
    finally:
        await account.access.sign_out()


async def _export(server: str, email: str, secret: str, folder: Path, *, kit: bool) -> Exported:
    async with Client(server, device="aftertide export") as client:
        return await export_from(client, email, secret, folder, kit=kit)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns the exit status."""
    options = _parser().parse_args(arguments)
    try:
        server = options.server or input("Server: ").strip()
        email = options.email or input("E-mail: ")
        secret = _secret(options.secret_fd, kit=options.kit)
        made = asyncio.run(_export(server, email, secret, options.to, kit=options.kit))
    except (ServerError, ProtocolError, ClientError, OSError) as error:
        print(f"aftertide: {error}", file=sys.stderr)
        return _FAILED
    print(f"{made.entries} entries and {made.comments} comments are in {made.folder}.")
    if made.faults:
        print(f'{made.faults} records didn\'t hold: they are named in journal.json under "faults".', file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
