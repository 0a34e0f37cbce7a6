"""I-JSON (RFC 7493) as the protocol seals it: one meaning on every runtime.

Refused, when reading and when writing: text that isn't UTF-8, lone surrogates, duplicate names, NaN and infinities,
integral numbers beyond 2^53 - 1, and names that aren't strings.
"""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Final, NoReturn, TypeAlias

from aftertide.protocol.encoding import MAX_INTEGER
from aftertide.protocol.errors import JsonError

Json: TypeAlias = "str | int | float | bool | Sequence[Json] | Mapping[str, Json] | None"
JsonObject: TypeAlias = dict[str, Json]

_BAD_SURROGATE: Final = "a lone surrogate"


def _pairs(pairs: list[tuple[str, Json]]) -> JsonObject:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise JsonError("a name occurs twice")
    return found


def _constant(name: str) -> NoReturn:
    raise JsonError(f"{name} is not a number of JSON")


def _check_number(number: float) -> None:
    if isinstance(number, float) and not math.isfinite(number):
        raise JsonError("a number is not finite")
    if number == int(number) and abs(number) > MAX_INTEGER:
        raise JsonError("an integer is beyond 2^53 - 1")


def _check(value: object) -> None:
    match value:
        case None | bool():
            pass
        case str():
            if any("\ud800" <= character <= "\udfff" for character in value):
                raise JsonError(_BAD_SURROGATE)
        case int() | float():
            _check_number(value)
        case Mapping():
            for name, inner in value.items():
                if not isinstance(name, str):
                    raise JsonError("a name is not a string")
                _check(name)
                _check(inner)
        case list() | tuple():
            for inner in value:
                _check(inner)
        case _:
            raise JsonError(f"{type(value).__name__} has no form in JSON")


def parse(data: bytes) -> JsonObject:
    """Read one object from UTF-8 bytes; `JsonError` for everything that isn't I-JSON, or isn't an object."""
    try:
        value = json.loads(data.decode("utf-8"), object_pairs_hook=_pairs, parse_constant=_constant)
        _check(value)
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise JsonError("not JSON in UTF-8") from error
    if not isinstance(value, dict):
        raise JsonError("not an object")
    return value


def dump(value: Mapping[str, Json]) -> bytes:
    """Write an object as compact UTF-8; `JsonError` for what `parse` would refuse."""
    try:
        _check(value)
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode("utf-8")
    except RecursionError as error:
        raise JsonError("nested too deep") from error
