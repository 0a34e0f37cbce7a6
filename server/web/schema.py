"""How bytes appear in the OpenAPI schema: as standard base64 of a length that follows from theirs."""

import msgspec
from litestar._openapi.schema_generation.schema import SchemaCreator
from litestar.openapi.spec import OpenAPIType, Schema
from litestar.plugins import OpenAPISchemaPlugin
from litestar.typing import FieldDefinition


def _base64_length(size: int) -> int:
    return -(-size // 3) * 4


class Base64Bytes(OpenAPISchemaPlugin):
    """Describe `bytes` fields, with or without limits on their length."""

    @staticmethod
    def is_plugin_supported_type(value: object) -> bool:
        """Take bytes only."""
        return value is bytes

    @staticmethod
    def is_plugin_supported_field(field_definition: FieldDefinition) -> bool:
        """Take fields whose type is bytes."""
        return field_definition.annotation is bytes

    def to_openapi_schema(self, field_definition: FieldDefinition, schema_creator: SchemaCreator) -> Schema:  # noqa: ARG002
        """Return the schema of a field of bytes."""
        limits = next((meta for meta in field_definition.metadata if isinstance(meta, msgspec.Meta)), msgspec.Meta())
        exact = limits.max_length if limits.max_length == limits.min_length else None
        return Schema(
            type=OpenAPIType.STRING,
            content_encoding="base64",
            pattern=None if exact is None else _pattern(exact),
            min_length=None if limits.min_length is None else _base64_length(limits.min_length),
            max_length=None if limits.max_length is None else _base64_length(limits.max_length),
        )


def _pattern(size: int) -> str:
    """Return the pattern of base64 for exactly `size` bytes, spare bits zero."""
    whole, rest = divmod(size, 3)
    tail = {0: "", 1: "[A-Za-z0-9+/][AQgw]==", 2: "[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]="}[rest]
    return f"^[A-Za-z0-9+/]{{{whole * 4}}}{tail}$"
