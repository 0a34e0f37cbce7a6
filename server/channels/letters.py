"""Letters: what a mail to a person looks like, as text and as accessible HTML, without anything that loads or tells.

Words come from whoever writes: here are only those that stand in every letter.
"""

import re
import secrets
from collections.abc import Sequence
from email.errors import HeaderParseError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import EmailPolicy
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any, Literal, NamedTuple

from server.clock import to_datetime
from server.settings import MAIL_ADDRESS

Language = Literal["en", "es"]

STOP: dict[Language, str] = {"en": "Stop these mails", "es": "No recibir más correos como este"}
_WEB_ADDRESS = re.compile(r"https?://[!#-;=?-\[\]^-~]+")
"""Printable ASCII without what would end it in a header or an attribute."""

_BODY = "margin:0;padding:24px;font:18px/1.5 system-ui,sans-serif"
_COLUMN = "max-width:34em;margin:0 auto"
# No colours: the reader's own, light or dark, have the contrast that they chose.
_BUTTON = (
    "display:inline-block;padding:12px 24px;border:2px solid;border-radius:8px;text-decoration:none;font-weight:bold"
)


class UnfitAddress(ValueError):
    """What should be an e-mail address isn't one that a mail can be sent to."""


class Button(NamedTuple):
    """The one thing a letter asks for."""

    words: str
    address: str
    """http or https."""


class Letter(NamedTuple):
    """What a letter says."""

    locale: str
    subject: str
    paragraphs: Sequence[str]
    button: Button | None = None
    stop: str | None = None
    """The address that stops these mails: a GET shows a page, a POST stops them (RFC 8058)."""
    return_path: str | None = None
    """The sender on the envelope (RFC 5321), where it isn't whom the letter is from: what can't be delivered comes back to it."""


class _Policy(EmailPolicy):
    """As `email.policy.SMTP`, but an address in a header stays whole: folding would encode it, which nobody decodes."""

    def fold_binary(self, name: str, value: Any) -> bytes:
        """Write one header."""
        if name == "List-Unsubscribe":
            return f"{name}: {value}{self.linesep}".encode("ascii")
        return super().fold_binary(name, value)


_POLICY = _Policy(linesep="\r\n")


def language_of(locale: str) -> Language:
    """Return the language that a letter is written in for a locale: Spanish for all of Spanish, else English."""
    return "es" if locale.split("-", maxsplit=1)[0] == "es" else "en"


def write(letter: Letter, *, sender: str, to: str, now: int) -> EmailMessage:
    """Write a letter from `sender` (an address, with a name before it or without) to the address `to`.

    `as_bytes()` gives it as SMTP sends it. Raises UnfitAddress for an address that isn't one, ValueError for a line break in a
    header or a link that isn't http.
    """
    for link in (letter.button.address if letter.button else None, letter.stop):
        if link is not None and _WEB_ADDRESS.fullmatch(link) is None:
            raise ValueError("a letter's links are http or https")
    name, own = parseaddr(sender)
    language = language_of(letter.locale)
    message = EmailMessage(policy=_POLICY)
    message["From"] = _address(own, name)
    message["To"] = _address(to)
    message["Subject"] = letter.subject
    message["Date"] = format_datetime(to_datetime(now).replace(microsecond=0))
    message["Message-ID"] = f"<{secrets.token_hex(16)}@{own.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if letter.stop is not None:
        message["List-Unsubscribe"] = f"<{letter.stop}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    # Quoted-printable needs nothing of the servers on the way.
    message.set_content(_text(letter, language), cte="quoted-printable")
    message.add_alternative(_html(letter, language), subtype="html", cte="quoted-printable")
    message["Content-Language"] = language  # last: what sets the content removes headers about it
    return message


def _address(address: str, name: str = "") -> Address:
    if MAIL_ADDRESS.fullmatch(address) is None:
        raise UnfitAddress("not an e-mail address")
    try:
        return Address(name, addr_spec=address)
    except (HeaderParseError, ValueError):
        raise UnfitAddress("not an e-mail address") from None


def _text(letter: Letter, language: Language) -> str:
    parts = list(letter.paragraphs)
    if letter.button is not None:
        parts.append(f"{letter.button.words}:\n{letter.button.address}")
    if letter.stop is not None:
        parts.append(f"--\n{STOP[language]}:\n{letter.stop}")
    return "\n\n".join(parts) + "\n"


def _html(letter: Letter, language: Language) -> str:
    parts = [f"<p>{escape(paragraph)}</p>" for paragraph in letter.paragraphs]
    if letter.button is not None:
        link = f'<a href="{escape(letter.button.address)}" style="{_BUTTON}">{escape(letter.button.words)}</a>'
        parts.append(f"<p>{link}</p>")
    if letter.stop is not None:
        parts.append(f'<p><a href="{escape(letter.stop)}">{escape(STOP[language])}</a></p>')
    title = escape(letter.subject)
    return (
        f'<!doctype html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n<meta name="color-scheme" content="light dark">\n'
        f"<title>{title}</title>\n</head>\n"
        f'<body style="{_BODY}">\n<div style="{_COLUMN}" lang="{language}">\n'
        + "\n".join(parts)
        + "\n</div>\n</body>\n</html>\n"
    )
