"""Passphrases: which may be set, what is stretched, and five words to offer."""

import secrets
import unicodedata
from bisect import bisect_right
from functools import cache
from typing import Final, Literal, TypeAlias

from aftertide.protocol.errors import (
    CommonPassphraseError,
    LoneSurrogateError,
    PassphraseTooShortError,
    UnassignedCharacterError,
)
from aftertide.protocol.shared_data import document, lines

SHORTEST_PASSPHRASE: Final = 12
WordLanguage: TypeAlias = Literal["en", "es"]


@cache
def _unassigned() -> tuple[tuple[int, int], ...]:
    return tuple((first, last) for first, last in document("unicode14-unassigned.json"))


@cache
def _common() -> frozenset[str]:
    return frozenset(lines("common-passphrases.txt"))


def _is_unassigned(character: str) -> bool:
    point = ord(character)
    at = bisect_right(_unassigned(), (point, 0x110000)) - 1
    return at >= 0 and point <= _unassigned()[at][1]


def passphrase_bytes(passphrase: str) -> bytes:
    """Return what Argon2id gets: UTF-8 of NFKC, not trimmed. `LoneSurrogateError` for what has no UTF-8."""
    try:
        return unicodedata.normalize("NFKC", passphrase).encode("utf-8")
    except UnicodeEncodeError as error:
        raise LoneSurrogateError("half a surrogate pair has no UTF-8") from error


def check_new_passphrase(passphrase: str) -> None:
    """Refuse a passphrase that can't be set.

    `LoneSurrogateError`; `UnassignedCharacterError` for code points that Unicode 14 doesn't assign, whose NFKC differs
    between runtimes; `PassphraseTooShortError` under twelve code points after NFKC; `CommonPassphraseError` when NFKC
    in lower case is on the shipped list.
    """
    normal = passphrase_bytes(passphrase).decode("utf-8")
    if any(_is_unassigned(character) for character in passphrase):
        raise UnassignedCharacterError("a character that not every device knows")
    if len(normal) < SHORTEST_PASSPHRASE:
        raise PassphraseTooShortError(f"a passphrase has at least {SHORTEST_PASSPHRASE} characters")
    if normal.lower() in _common():
        raise CommonPassphraseError("a passphrase that many people use")


def five_words(language: WordLanguage = "en") -> str:
    """Choose five words of 7,776 at random (64 bits), separated by spaces: a passphrase to offer."""
    return " ".join(secrets.choice(lines(f"words/{language}.txt")) for _ in range(5))
