"""What a record may say, and from whom a kind counts: one schema and one table for both clients."""

from functools import cache
from typing import Final, Literal, TypeAlias

from jsonschema_rs import Draft202012Validator, ValidationError

from aftertide.protocol.errors import ContentError, KindDoesNotCountError
from aftertide.protocol.ijson import Json, JsonObject
from aftertide.protocol.shared_data import document

Role: TypeAlias = Literal["patient", "therapist"]
Attention: TypeAlias = Literal[0, 1, 2]
"""0 for our session, 1 to read, 2 please read soon."""

_SCHEMA: Final = "kinds.schema.json"


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(document(_SCHEMA))


@cache
def _sources() -> dict[str, frozenset[str]]:
    return {kind: frozenset(sources) for kind, sources in document("kinds.json")["sources"].items()}


@cache
def known_kinds() -> frozenset[str]:
    """Return the kinds that the schema defines. Others are kept, and shown as what they are."""
    schema = document(_SCHEMA)
    return frozenset(part["if"]["properties"]["kind"]["const"] for part in schema["allOf"])


def check_content(content: JsonObject) -> JsonObject:
    """Return `content` if the schema of its kind takes it and no account stands twice in its `readers`.

    `ContentError` otherwise; its message says where, never what was written. A kind that the schema doesn't define
    needs `kind`, `v` and `readers` only.
    """
    try:
        _validator().validate(content)
    except ValidationError as error:
        where = "/".join(str(step) for step in error.schema_path)
        raise ContentError(f"what a record says doesn't fit its kind (at {where})") from None
    accounts = [reader["account"] for reader in readers_of(content)]
    if len(set(accounts)) != len(accounts):
        raise ContentError("an account stands twice among the readers")
    return content


def readers_of(content: JsonObject) -> list[dict[str, Json]]:
    """Return `readers` of content that `check_content` took."""
    readers = content["readers"]
    assert isinstance(readers, list)  # noqa: S101 - the schema says so; this tells the type checker
    return readers


def counts(kind: str, role: Role, *, party_to_about: bool) -> bool:
    """Say whether a record of `kind` counts from a contact of `role`.

    `party_to_about`: the contact owns or reads the record that it is about. A kind outside the table counts from
    oneself only. From oneself every kind counts.
    """
    sources = _sources().get(kind, frozenset())
    return role in sources or ("about" in sources and party_to_about)


def check_counts(kind: str, role: Role, *, party_to_about: bool) -> None:
    """Raise `KindDoesNotCountError` where `counts` says no."""
    if not counts(kind, role, party_to_about=party_to_about):
        raise KindDoesNotCountError(f"a record of kind {kind} doesn't count from a {role}")
