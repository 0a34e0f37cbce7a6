"""Answers that a client may know already (RFC 9110, 13): a strong ETag, and 304 without a body when it names that one."""

import hashlib
from collections.abc import Mapping
from typing import TypeVar

import msgspec
from litestar import Response
from litestar.openapi.datastructures import ResponseSpec

from server.web.messages import ApiRequest, ApiResponse, wants_messagepack

T = TypeVar("T")

NOT_MODIFIED: Mapping[int, ResponseSpec] = {
    304: ResponseSpec(None, description="Nothing has changed", generate_examples=False)
}
"""What a route with `unless_known` may answer besides."""


def unless_known(request: ApiRequest, content: T) -> Response[T]:
    """Answer with `content` and its ETag, or with 304 when that is the one that `If-None-Match` names.

    The two formats have tags of their own: a strong one stands for the very bytes.
    """
    tag = _tag("m" if wants_messagepack(request) else "j", msgspec.msgpack.encode(content))
    headers = {"ETag": tag, "Vary": "Accept"}
    if _is_known(request, tag):
        return ApiResponse(None, status_code=304, headers=headers)
    return ApiResponse(content, headers=headers)


def file_unless_known(
    request: ApiRequest, content: bytes, media_type: str, headers: Mapping[str, str]
) -> Response[bytes | None]:
    """Answer with a file and its ETag, or with 304, as `unless_known` does; `headers` go with both."""
    tag = _tag("f", content)
    if _is_known(request, tag):
        return Response(None, status_code=304, media_type=media_type, headers={**headers, "ETag": tag})
    return Response(content, media_type=media_type, headers={**headers, "ETag": tag})


def _tag(form: str, content: bytes) -> str:
    return f'"{form}{hashlib.sha256(content).hexdigest()[:32]}"'


def _is_known(request: ApiRequest, tag: str) -> bool:
    """Compare weakly, as the header asks for: a proxy that compresses on its way makes a tag weak."""
    header = request.headers.get("if-none-match", "")
    return any(said.strip().removeprefix("W/") in (tag, "*") for said in header.split(","))
