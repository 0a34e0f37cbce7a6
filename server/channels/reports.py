"""Reading what a mail server says of a letter that it couldn't deliver, or not yet (RFC 3464). Pure functions over a message.

Anybody can send one: what it says counts only together with the address it was sent to (`returns.py`).
"""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.message import Message
from email.utils import getaddresses
from typing import Literal, NamedTuple

MOST_BYTES = 2**18
"""A report says what matters at its beginning; the letter that it returns may be cut off."""

Fate = Literal["gone", "lost", "delayed"]
"""No letter reaches the address; this one didn't, which says nothing about the address; this one is still tried."""

_TO = ("To", "Delivered-To", "X-Original-To", "Envelope-To")
"""Headers in which the address that a report was sent to may stand, depending on the mail server."""
_STATUS = re.compile(r"\s*([245]\.([0-9]{1,3}\.[0-9]{1,3}))(?![0-9])")
_NOT_HERE = re.compile(r"\s*smtp\s*;\s*55[013](?![0-9])", re.IGNORECASE)
_ABOUT_US = ("1.7", "1.8", "2.3")
"""RFC 3463: the sender's address is bad, the letter is too long."""
_ABOUT_THE_ADDRESS = ("4.1", "4.4")
"""Exchange Online says 5.4.1 of who isn't there; 5.4.4 is a domain that doesn't exist."""


class NoReport(Exception):
    """It isn't a report of a letter that has failed or is late; the message says what it is instead, in fixed words."""


class Report(NamedTuple):
    """What a report says."""

    sent_to: list[str]
    """Addresses that it may have been sent to, small letters."""
    fate: Fate
    status: str
    """The reason by RFC 3463, such as `5.1.1`; empty where it has none."""


def read_report(content: bytes) -> Report:
    """Read a report of one letter; raises NoReport.

    Only a report by its own type counts, not one that is enclosed in another message. Where a letter was handed on to several
    addresses it is gone when all of them are, and no report when one of them has it.
    """
    try:
        message = message_from_bytes(content[:MOST_BYTES])
        found = list(_fates(message))
        sent_to = [
            address.lower()
            for _, address in getaddresses([str(value) for name in _TO for value in message.get_all(name, [])][:20])
        ]
    except (LookupError, RecursionError, TypeError, ValueError):  # what the parser raises on what was made to break it
        raise NoReport("garbage") from None
    fates = {fate for fate, _ in found}
    if "arrived" in fates:
        raise NoReport("arrived")
    for fate in ("delayed", "lost", "gone"):
        if fate in fates:
            return Report(sent_to, fate, next(status for one, status in found if one == fate))
    raise NoReport("nothing failed")


def _fates(message: Message) -> Iterator[tuple[str, str]]:
    """Yield what became of each recipient, with the status."""
    if (
        message.get_content_type() != "multipart/report"
        or str(message.get_param("report-type")).lower() != "delivery-status"
    ):
        raise NoReport("no report")
    parts = message.get_payload()
    for part in parts if isinstance(parts, list) else []:
        if isinstance(part, Message) and part.get_content_type() == "message/delivery-status":
            blocks = part.get_payload()
            for block in blocks if isinstance(blocks, list) else []:
                if isinstance(block, Message) and block.get("Action") is not None:
                    yield _fate(block)
            return


def _fate(block: Message) -> tuple[str, str]:
    action = str(block["Action"]).strip().lower()
    found = _STATUS.match(str(block.get("Status", "")))
    status = found[1] if found is not None else ""
    if action == "delayed":
        return "delayed", status
    if action != "failed":
        return "arrived", status
    return ("gone" if _is_about_the_address(status, str(block.get("Diagnostic-Code", ""))) else "lost"), status


def _is_about_the_address(status: str, diagnostic: str) -> bool:
    """Tell whether no letter would reach the address: what policy, content, routing or time refuse may be otherwise tomorrow."""
    kind, _, reason = status.partition(".")
    if kind != "5":
        return False
    if reason == "0.0":  # the mail server at the other end gave no reason but its code
        return _NOT_HERE.match(diagnostic) is not None
    return reason in _ABOUT_THE_ADDRESS or (reason.startswith(("1.", "2.")) and reason not in _ABOUT_US)
