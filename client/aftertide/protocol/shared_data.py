"""The data both clients share (`protocol/` in the project), as it ships beside this package."""

import json
from functools import cache
from importlib.resources import files
from typing import Any, Final

_DATA: Final = files("aftertide") / "data"


@cache
def lines(name: str) -> tuple[str, ...]:
    """Read a list, one item a line; empty lines don't count."""
    return tuple(line for line in (_DATA / name).read_text(encoding="utf-8").split("\n") if line)


@cache
def document(name: str) -> Any:  # a JSON document has any shape; who asks for it knows which
    """Read a JSON document."""
    return json.loads((_DATA / name).read_text(encoding="utf-8"))
