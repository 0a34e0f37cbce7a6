"""The one form of an e-mail address: the one that is stored, hashed and sent."""

import re
from typing import Final

from aftertide.protocol.errors import EmailError

_CANONICAL: Final = re.compile(r"[!#-?A-\[\]-~]+@[!#-?A-\[\]-~]+")
_LONGEST: Final = 254
_LOWER: Final = {upper: upper + 32 for upper in range(ord("A"), ord("Z") + 1)}


def canonical_email(typed: str) -> str:
    """Return the form that everything is bound to: spaces and tabs cut off at both ends, A-Z lower-cased.

    `EmailError` unless what is left is printable ASCII without space, quotation mark and backslash, with one `@` and
    something on both sides of it, at most 254 characters. An international domain is written as `xn--`.
    """
    email = typed.strip(" \t").translate(_LOWER)
    if len(email) > _LONGEST or not _CANONICAL.fullmatch(email):
        raise EmailError("not an e-mail address in plain characters")
    return email
