"""The recovery kit: 20 random bytes as people write them down (Crockford's base 32 with its check symbol)."""

import secrets
from typing import Final

from aftertide.protocol.errors import KeyLengthError, KitLengthError, KitMistypedError

SECRET_LENGTH: Final = 20
_SYMBOLS: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ*~$=U"
_COUNT: Final = 32
_CHECK: Final = 37
_READ_AS: Final = str.maketrans("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ") | str.maketrans(
    "ilILoO", "111100"
)


def new_kit_secret() -> bytes:
    """Make the secret of a recovery slot: 20 random bytes."""
    return secrets.token_bytes(SECRET_LENGTH)


def print_kit(secret: bytes) -> str:
    """Write a kit: 32 symbols, most significant first, and the check symbol, in groups of four with hyphens.

    `KeyLengthError` for other than 20 bytes.
    """
    if len(secret) != SECRET_LENGTH:
        raise KeyLengthError("a kit holds 20 bytes")
    number = int.from_bytes(secret)
    symbols = "".join(_SYMBOLS[number >> 5 * place & 31] for place in reversed(range(_COUNT)))
    symbols += _SYMBOLS[number % _CHECK]
    return "-".join(symbols[start : start + 4] for start in range(0, len(symbols), 4))


def read_kit(typed: str) -> bytes:
    """Return the 20 bytes of a typed kit, read without regard to case, white space and hyphens; I and L as 1, O as 0.

    `KitLengthError` for other than 33 symbols, `KitMistypedError` for a foreign one or when the check symbol disagrees.
    """
    symbols = "".join(typed.translate(_READ_AS).split()).replace("-", "")
    if len(symbols) != _COUNT + 1:
        raise KitLengthError(f"a kit has {_COUNT + 1} symbols")
    values = [_SYMBOLS.find(symbol) for symbol in symbols]
    *digits, check = values
    if check < 0 or any(not 0 <= value < _COUNT for value in digits):
        raise KitMistypedError("a symbol that no kit has")
    number = 0
    for value in digits:
        number = number << 5 | value
    if number % _CHECK != check:
        raise KitMistypedError("the last symbol doesn't agree with the others")
    return number.to_bytes(SECRET_LENGTH)
