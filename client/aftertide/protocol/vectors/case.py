"""The shape of a negative case: `{name, construction, ..., expect}`."""

from typing import Any, Final

from aftertide.protocol.vectors.suite import Person

Case = dict[str, Any]
ACCEPTED: Final = "accepted"
REFUSED: Final = "refused"


def case(construction: str, name: str, expect: str, **inputs: Any) -> Case:
    """Make a case; `inputs` are what its construction is given."""
    return {"name": name, "construction": construction, **inputs, "expect": expect}


def variations(construction: str, right: Case, wrong: dict[str, Case]) -> list[Case]:
    """Give the right inputs, accepted, and each with something changed, refused."""
    cases = [case(construction, f"{construction}: as made", ACCEPTED, **right)]
    cases += [
        case(construction, f"{construction}: {name}", REFUSED, **{**right, **change}) for name, change in wrong.items()
    ]
    return cases


def flip(data: bytes, at: int = -1) -> bytes:
    """Flip one bit of a byte."""
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


def person(name: str) -> Person:
    """Make somebody whose passphrase doesn't matter."""
    return Person(f"{name}@example.org", "not used here", name)
