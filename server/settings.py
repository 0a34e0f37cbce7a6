"""Every setting, read from the environment once, with its default and the reason for it.

Nothing else reads the environment. `docs/configuration.md` lists the same names; a test compares the two.
"""

import ipaddress
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from email.utils import parseaddr
from functools import lru_cache
from pathlib import Path
from typing import Literal, NamedTuple
from urllib.parse import unquote, urlsplit

Environment = Literal["production", "development"]
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_HOST = rf"{_LABEL}(?:\.{_LABEL})*"
_PUSH_SERVICE = re.compile(rf"(?:\*\.)?{_HOST}")
_OWN_PUSH_SERVICE = re.compile(rf"{_HOST}:[0-9]{{1,5}}")
MAIL_ADDRESS = re.compile(rf"[A-Za-z0-9.!#$%&'*+/=?^_`{{|}}~-]+@({_HOST})")
"""An address as mail servers take it (RFC 5321, without quoted local parts and address literals); the host is its group 1."""
_RETURNS = re.compile(rf"[a-z0-9](?:[a-z0-9.-]{{0,18}}[a-z0-9])?@{_HOST}")
"""Room is left for a `+` and what stands for a letter: 64 characters are the most before the @ (RFC 5321)."""
_NOBODYS = re.compile(r"(?:.*\.)?(?:example(?:\.com|\.net|\.org)?|invalid|localhost|test)")
"""Hosts that nobody can have (RFC 2606, RFC 6761)."""


class SettingsError(Exception):
    """A setting is missing or makes no sense; the message names it and says what it should be."""


class MailServer(NamedTuple):
    """Where mail is handed over."""

    host: str
    port: int
    username: str | None
    password: str | None
    tls: bool
    """Whether the connection begins with TLS; without it STARTTLS follows, in production always."""


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
    contact: str = _setting(
        "AFTERTIDE_CONTACT",
        "",
        "`mailto:` or `https:`: whom push services reach about this server. Theirs to see; Apple refuses made-up ones.",
    )
    push_services: str = _setting(
        "AFTERTIDE_PUSH_SERVICES",
        "fcm.googleapis.com,updates.push.services.mozilla.com,*.push.services.mozilla.com,*.push.apple.com,*.notify.windows.com",
        "Hosts that a browser's push address may name, separated by commas; `*.` stands for any name below.",
    )
    push_ca: str = _setting(
        "AFTERTIDE_PUSH_CA",
        "",
        "In development only: the authority (PEM file) of a push service of one's own, named with its port above.",
    )
    smtp: str = _setting(
        "AFTERTIDE_SMTP",
        "",
        "`smtp://user:password@host:587` (with STARTTLS) or `smtps://host:465`. Empty: no mail; in development it is shown on the console.",
    )
    mail_from: str = _setting(
        "AFTERTIDE_MAIL_FROM", "", "Whom mail comes from: `Aftertide <reminders@journal.example.org>`."
    )
    mail_returns: str = _setting(
        "AFTERTIDE_MAIL_RETURNS",
        "",
        "Where mail that can't be delivered comes back to: `returned@journal.example.org`, with a variable part behind a `+`. Empty: to whom it is from, unread.",
    )
    lease: str = _setting(
        "AFTERTIDE_LEASE_SECONDS",
        "60",
        "How long a worker may have a reminder before another takes it over; longer than the slowest push or mail takes.",
    )
    metrics_port: str = _setting(
        "AFTERTIDE_METRICS_PORT",
        "0",
        "Where a process that sends reminders shows its figures to this machine, for Prometheus; 0: nowhere.",
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
    def rp_id(self) -> str | None:
        """The name that passkeys are bound to (WebAuthn's RP id): the host people open; None where it is an address."""
        host = urlsplit(self.origin).hostname
        return host if host and not _is_address(host) else None

    @property
    def pwa_folder(self) -> Path:
        """Where the built app lies."""
        return Path(self.pwa)

    @property
    def proxies(self) -> tuple[Network, ...]:
        """The networks whose X-Forwarded-For is believed; raises SettingsError for what is none."""
        return _networks(self.trusted_proxies)

    @property
    def push_hosts(self) -> tuple[str, ...]:
        """The hosts of push services: `host`, `*.suffix`, in development also `host:port`. Raises SettingsError."""
        return _push_hosts(self.push_services, self.development)

    @property
    def mail_server(self) -> MailServer | None:
        """Where mail is handed over, None where it isn't; raises SettingsError."""
        return _mail_server(self.smtp) if self.smtp else None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=8)
def _networks(text: str) -> tuple[Network, ...]:
    try:
        return tuple(ipaddress.ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise SettingsError(
            f"AFTERTIDE_TRUSTED_PROXIES has addresses and networks, parted by commas: {error}"
        ) from None


@lru_cache(maxsize=8)
def _push_hosts(text: str, development: bool) -> tuple[str, ...]:  # noqa: FBT001 - one of two environments
    hosts = tuple(part.strip() for part in text.split(",") if part.strip())
    for host in hosts:
        if _PUSH_SERVICE.fullmatch(host) is None and not (development and _OWN_PUSH_SERVICE.fullmatch(host)):
            raise SettingsError(
                "AFTERTIDE_PUSH_SERVICES has hosts such as fcm.googleapis.com or *.push.apple.com, parted by commas"
            )
    return hosts


def _mail_server(address: str) -> MailServer:
    # The address holds a password: no message repeats it.
    wrong = SettingsError("AFTERTIDE_SMTP is smtp://user:password@host:587 or smtps://user:password@host:465")
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise wrong from None
    if (
        parts.scheme not in ("smtp", "smtps")
        or not parts.hostname
        or parts.path.strip("/")
        or parts.query
        or parts.fragment
    ):
        raise wrong
    return MailServer(
        parts.hostname,
        port or (465 if parts.scheme == "smtps" else 587),
        unquote(parts.username) if parts.username else None,
        unquote(parts.password) if parts.password else None,
        parts.scheme == "smtps",
    )


def _check_contact(contact: str, *, development: bool) -> None:
    parts = urlsplit(contact)
    address = MAIL_ADDRESS.fullmatch(parts.path) if parts.scheme == "mailto" else None
    host = address[1] if address else parts.hostname if parts.scheme == "https" else None
    if (
        host is None
        or not re.fullmatch(_HOST, host)
        or (not development and ("." not in host or _NOBODYS.fullmatch(host)))
    ):
        raise SettingsError(
            "AFTERTIDE_CONTACT is an address where push services reach you, such as mailto:you@your.domain or https://your.domain/contact"
        )


def _check_channels(settings: Settings) -> None:
    _push_hosts(settings.push_services, settings.development)
    if settings.push_ca and not settings.development:
        raise SettingsError("AFTERTIDE_PUSH_CA is for development only")
    if settings.push_ca and not Path(settings.push_ca).is_file():
        raise SettingsError("AFTERTIDE_PUSH_CA is a PEM file")
    _check_contact(settings.contact, development=settings.development)
    sender = parseaddr(settings.mail_from)[1]
    if settings.smtp:
        _mail_server(settings.smtp)
    if (settings.smtp or settings.mail_from) and (
        not MAIL_ADDRESS.fullmatch(sender) or not settings.mail_from.isprintable()
    ):
        raise SettingsError("AFTERTIDE_MAIL_FROM is an e-mail address, with a name before it or without")
    if settings.mail_returns and not _RETURNS.fullmatch(settings.mail_returns):
        raise SettingsError(
            "AFTERTIDE_MAIL_RETURNS is an e-mail address; before the @ it has at most 20 small letters, digits, dots and hyphens"
        )


def _for_development(port: str) -> dict[str, str]:
    return {
        "origin": f"http://localhost:{port}",
        "contact": "mailto:nobody@localhost",
        "mail_from": "Aftertide <nobody@localhost>",
    }


def _check_numbers(settings: Settings) -> None:
    for name, least in (("port", 1), ("processes", 1), ("pool", 1), ("lease", 1), ("metrics_port", 0)):
        value = getattr(settings, name)
        if not value.isdigit() or int(value) < least:
            variable = next(f.metadata["name"] for f in fields(Settings) if f.name == name)
            raise SettingsError(f"{variable} is a whole number {'above 0' if least else 'from 0 on'}")


def read_settings(environ: Mapping[str, str] = os.environ) -> Settings:
    """Read all settings from `environ`; raises SettingsError, naming the setting, when one makes no sense."""
    values: dict[str, str] = {f.name: environ.get(f.metadata["name"], str(f.default)) for f in fields(Settings)}
    if values["environment"] == "development":
        values |= {name: values[name] or default for name, default in _for_development(values["port"]).items()}
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
    _check_numbers(settings)
    if not settings.database_url.startswith(("sqlite:", "postgresql://", "postgres://")):
        raise SettingsError("DATABASE_URL begins with sqlite: or postgresql://")
    if settings.database_url.startswith("sqlite:") and settings.processes != "1":
        raise SettingsError("AFTERTIDE_PROCESSES is 1 on SQLite: one process owns the file")
    _networks(settings.trusted_proxies)
    if settings.log_level not in ("debug", "info", "warning", "error"):
        raise SettingsError("AFTERTIDE_LOG_LEVEL is debug, info, warning or error")
    _check_channels(settings)
    return settings
