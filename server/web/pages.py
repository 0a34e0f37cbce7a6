"""The built app: its page on every address the app itself answers, its files by name, nothing else."""

import functools
import gzip
import mimetypes
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from server.web.access import Who, allow
from server.web.messages import ApiRequest

APP_ADDRESSES = [
    "/", "/begin", "/sign-in", "/journal", "/journal/{rest:path}", "/write", "/write/{rest:path}", "/sessions",
    "/sessions/{rest:path}", "/you", "/you/{rest:path}", "/to-read", "/to-read/{rest:path}", "/patients", "/patients/{rest:path}",
    "/calendar", "/book", "/book/{rest:path}", "/practice", "/practice/{rest:path}", "/help", "/people/{rest:path}",
    "/notice", "/mail",
]  # fmt: skip
FOREVER = "public, max-age=31536000, immutable"
NOT_BUILT = b"<!doctype html><title>Aftertide</title><p>The app isn't built: run make.</p>"


class File(msgspec.Struct, frozen=True):
    """A file of the build, as it is and (where that is smaller) compressed."""

    body: bytes
    gzipped: bytes | None
    media_type: str


@functools.cache
def _compressed(body: bytes) -> bytes:
    """Compress a file once, at the start, in however many apps of one process it is."""
    return gzip.compress(body, mtime=0)


def _read(path: Path) -> File:
    body = path.read_bytes()
    kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    # What the API answers is sealed and stays as it is.
    gzipped = (
        _compressed(body) if kind.startswith("text/") or kind.endswith(("javascript", "json", "svg+xml")) else None
    )
    return File(body, gzipped, "text/javascript" if kind.endswith("javascript") else kind)


def _answer(request: Request[Any, Any, Any], file: File, cache: str) -> Response[bytes]:
    headers = {"Cache-Control": cache, "Vary": "Accept-Encoding"}
    if file.gzipped is not None and "gzip" in request.headers.get("accept-encoding", ""):
        return Response(file.gzipped, media_type=file.media_type, headers={**headers, "Content-Encoding": "gzip"})
    return Response(file.body, media_type=file.media_type, headers=headers)


class Pages:
    """The files of one build, read once: a file that a later build replaces is still served as it was."""

    def __init__(self, folder: Path) -> None:
        """Read the build in `folder`; without one the app's addresses say how to make it."""
        self._files = {
            "/" + path.relative_to(folder).as_posix(): _read(path)
            for path in (sorted(folder.rglob("*")) if folder.is_dir() else [])
            if path.is_file() and not path.name.startswith(".")
        }
        self._page = self._files.get("/index.html", File(NOT_BUILT, None, "text/html"))

    def file(self, request: ApiRequest) -> Response[bytes]:
        """Answer one file; hashed names are cached for good, unknown ones are 404 and never the page."""
        path = request.scope["path"]
        file = self._files.get(path)
        if file is None:
            raise NotFoundException
        return _answer(request, file, FOREVER if path.startswith("/assets/") else "no-cache")

    def page(self, request: ApiRequest, cache: str = "no-cache") -> Response[bytes]:
        """Answer the app's page."""
        return _answer(request, self._page, cache)

    def missing(self, request: Request[Any, Any, Any]) -> Response[bytes]:
        """Answer a person at an address that doesn't exist: the app says so in their language."""
        response = _answer(request, self._page, "no-store")
        response.status_code = 404
        return response

    @property
    def names(self) -> list[str]:
        """The addresses of the files that keep their names from build to build: the service worker, manifests, icons."""
        return [name for name in self._files if not name.startswith("/assets/") and name != "/index.html"]


def page_routes(pages: Pages) -> list[object]:
    """Make the routes of a build."""

    @get(APP_ADDRESSES, **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
    def app_page(request: ApiRequest) -> Response[bytes]:
        return pages.page(request)

    @get("/join/{invitation:str}", **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
    def join_page(request: ApiRequest, invitation: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - the page reads it
        return pages.page(request, "no-store")

    @get("/mail/stop/{token:str}", **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
    def stop_page(request: ApiRequest, token: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - the page reads it
        # Mail scanners open every link: looking at it stops nothing.
        return pages.page(request, "no-store")

    @get("/assets/{name:path}", **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
    def asset(request: ApiRequest, name: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - part of the address
        return pages.file(request)

    @post(
        "/share",
        status_code=303,
        **allow(Who.ANYBODY, changes_nothing=True),
        include_in_schema=False,
        sync_to_thread=False,
    )
    def shared() -> Response[bytes]:
        # The service worker takes what other apps share. Where there is none, nobody reads it: not this route, which leaves the
        # body where it is, and no log. The page says that it wasn't kept. A browser that shares names no origin (`null`).
        return Response(b"", headers={"Location": "/#not-kept"})

    routes: list[object] = [app_page, join_page, stop_page, asset, shared]
    if pages.names:

        @get(pages.names, **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
        def top_file(request: ApiRequest) -> Response[bytes]:
            return pages.file(request)

        routes.append(top_file)
    return routes
