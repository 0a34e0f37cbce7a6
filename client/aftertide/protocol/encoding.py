"""Ids, base64 in its two strict forms, and `ctx`: the bytes that say what something was sealed for."""

import base64
import binascii
import hashlib
import json
import re
import uuid
from typing import Final

from aftertide.protocol.errors import Base64Error, ContextError, IdError

MAX_INTEGER: Final = 2**53 - 1
_ID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_PLAIN: Final = re.compile(r"[ !#-\[\]-~]*")


def new_id() -> str:
    """Make a random id (UUIDv4, lower case with hyphens)."""
    return str(uuid.uuid4())


def derived_id(of: str) -> str:
    """Return the id for what several devices make of the same thing, so that they make one record; `of` says of what."""
    hex_ = hashlib.sha256(f"aftertide {of}".encode()).hexdigest()
    return f"{hex_[:8]}-{hex_[8:12]}-4{hex_[13:16]}-8{hex_[17:20]}-{hex_[20:32]}"


def check_id(text: str) -> str:
    """Return `text` if it is an id in the one allowed form; `IdError` otherwise."""
    if not _ID.fullmatch(text):
        raise IdError("an id is a UUID in lower case with hyphens")
    return text


def ctx(*arguments: str | int) -> bytes:
    """Join arguments to the context of a sealing, as `JSON.stringify([...])` prints them, in UTF-8.

    Strings hold U+0020 to U+007E without quotation mark and backslash, integers 0 to 2^53 - 1; anything else is a
    `ContextError`, raised before anything is sealed.
    """
    for value in arguments:
        if isinstance(value, str):
            if not _PLAIN.fullmatch(value):
                raise ContextError("a string in a context is printable ASCII without quotation mark and backslash")
        elif isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INTEGER:
            raise ContextError("a number in a context is an integer from 0 to 2^53 - 1")
    return json.dumps(arguments, separators=(",", ":")).encode()


def b64(data: bytes) -> str:
    """Encode as standard base64 with padding (RFC 4648, section 4)."""
    return base64.b64encode(data).decode()


def unb64(text: str) -> bytes:
    """Decode standard base64 with padding; `Base64Error` for any other spelling of the same bytes."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Base64Error("not standard base64 with padding") from error
    if b64(data) != text:
        raise Base64Error("base64 with spare bits or foreign characters")
    return data


def b64u(data: bytes) -> str:
    """Encode as base64url without padding (RFC 4648, section 5)."""
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def unb64u(text: str) -> bytes:
    """Decode base64url without padding; `Base64Error` for any other spelling of the same bytes."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise Base64Error("not base64url without padding") from error
    if b64u(data) != text:
        raise Base64Error("base64url with padding, spare bits or foreign characters")
    return data
