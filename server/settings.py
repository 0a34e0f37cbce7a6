"""Every setting, read from the environment once, with its default and the reason for it.

Nothing else reads the environment. `docs/configuration.md` lists the same names; a test compares the two.
"""

import ipaddress
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import lru_cache
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

Environment = Literal["production", "development"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message names it and says what it should be."""


def _setting(name: str, default: str, why: str) -> str:
    value: str = field(default=default, metadata={"name": name, "why": why})
    return value


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one server process."""

    environment: str = _setting(
        "AFTERTIDE_ENV",
        "production",
        "`development` only for a server on one's own machine: it allows http and demo data.",
    )
    database_url: str = _setting(
        "DATABASE_URL",
        "sqlite:data/aftertide.sqlite",
        "`sqlite:PATH` or `postgresql://…`; SQLite needs nothing installed.",
    )
    origin: str = _setting(
        "AFTERTIDE_ORIGIN",
        "",
        "The one address people open, exactly; requests from any other origin are refused. In development `http://localhost:PORT`.",
    )
    host: str = _setting("AFTERTIDE_HOST", "127.0.0.1", "Where to listen; a reverse proxy with TLS stands in front.")
    port: str = _setting("PORT", "8700", "The port to listen on; the name that process managers set.")
    processes: str = _setting(
        "AFTERTIDE_PROCESSES", "1", "Web processes; more than one only on PostgreSQL, one a core."
    )
    pool: str = _setting("AFTERTIDE_POOL", "10", "Database connections a process may hold (readers on SQLite).")
    trusted_proxies: str = _setting(
        "AFTERTIDE_TRUSTED_PROXIES",
        "127.0.0.1,::1",
        "Addresses and networks (`10.0.0.0/8`) whose X-Forwarded-For is believed, separated by commas.",
    )
    pwa: str = _setting("AFTERTIDE_PWA", "pwa/dist", "The folder with the built app.")
    log_level: str = _setting(
        "AFTERTIDE_LOG_LEVEL", "info", "`debug`, `info`, `warning` or `error`; no level logs content."
    )

    @property
    def development(self) -> bool:
        """Whether this is a server on one's own machine."""
        return self.environment == "development"

    @property
    def secure(self) -> bool:
        """Whether people reach the server by https; cookies are then bound to it."""
        return self.origin.startswith("https://")

    @property
    def pwa_folder(self) -> Path:
        """Where the built app lies."""
        return Path(self.pwa)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks whose X-Forwarded-For is believed; raises SettingsError for what is none."""
        return _networks(self.trusted_proxies)


@lru_cache(maxsize=8)
def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"AFTERTIDE_TRUSTED_PROXIES has addresses and networks, parted by commas: {error}"
        ) from None


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings from `environ`; raises SettingsError, naming the setting, when one makes no sense."""
    values: dict[str, str] = {f.name: environ.get(f.metadata["name"], str(f.default)) for f in fields(Settings)}
    if values["environment"] == "development" and not values["origin"]:
        values["origin"] = f"http://localhost:{values['port']}"
    settings = Settings(**values)
    if settings.environment not in ("production", "development"):
        raise SettingsError("AFTERTIDE_ENV is `production` or `development`")
    origin = urlsplit(settings.origin)
    if (
        origin.scheme not in ("http", "https")
        or not origin.netloc
        or settings.origin != f"{origin.scheme}://{origin.netloc}"
    ):
        raise SettingsError("AFTERTIDE_ORIGIN is an address without a path, such as https://journal.example.org")
    if not settings.development and not settings.secure:
        raise SettingsError(
            "AFTERTIDE_ORIGIN must begin with https:// in production: browsers give keys to secure pages only"
        )
    for name in ("port", "processes", "pool"):
        if not getattr(settings, name).isdigit() or int(getattr(settings, name)) < 1:
            variable = next(f.metadata["name"] for f in fields(Settings) if f.name == name)
            raise SettingsError(f"{variable} is a whole number above 0")
    if not settings.database_url.startswith(("sqlite:", "postgresql://", "postgres://")):
        raise SettingsError("DATABASE_URL begins with sqlite: or postgresql://")
    if settings.database_url.startswith("sqlite:") and settings.processes != "1":
        raise SettingsError("AFTERTIDE_PROCESSES is 1 on SQLite: one process owns the file")
    _networks(settings.trusted_proxies)
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingsError("AFTERTIDE_LOG_LEVEL is debug, info, warning or error")
    return settings
