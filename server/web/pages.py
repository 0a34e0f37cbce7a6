"""The built app: its page on every address the app itself answers, its files by name, nothing else."""

import mimetypes
from pathlib import Path

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from server.web.access import Who, allow
from server.web.messages import ApiRequest

APP_ADDRESSES = [
    "/", "/begin", "/sign-in", "/journal", "/journal/{rest:path}", "/write", "/write/{rest:path}", "/you", "/you/{rest:path}",
    "/to-read", "/to-read/{rest:path}", "/patients", "/patients/{rest:path}", "/practice", "/practice/{rest:path}", "/help",
    "/people/{rest:path}",
]  # fmt: skip
FOREVER = "public, max-age=31536000, immutable"


class Pages:
    """The files of one build, read once: a file that a later build replaces is still served as it was."""

    def __init__(self, folder: Path) -> None:
        """Read the build in `folder`; without one the app's addresses say how to make it."""
        self._files = {
            "/" + path.relative_to(folder).as_posix(): path.read_bytes()
            for path in (sorted(folder.rglob("*")) if folder.is_dir() else [])
            if path.is_file() and not path.name.startswith(".")
        }

    def file(self, path: str) -> Response[bytes]:
        """Answer one file; hashed names are cached for good, unknown ones are 404 and never the page."""
        body = self._files.get(path)
        if body is None:
            raise NotFoundException
        kind = mimetypes.guess_type(path)[0] or "application/octet-stream"
        cache = FOREVER if path.startswith("/assets/") else "no-cache"
        return Response(
            body,
            media_type="text/javascript" if kind.endswith("javascript") else kind,
            headers={"Cache-Control": cache},
        )

    def page(self, cache: str = "no-cache") -> Response[bytes]:
        """Answer the app's page."""
        body = self._files.get(
            "/index.html", b"<!doctype html><title>Aftertide</title><p>The app isn't built: run make.</p>"
        )
        return Response(body, media_type="text/html", headers={"Cache-Control": cache})

    def missing(self) -> Response[bytes]:
        """Answer a person at an address that doesn't exist: the app says so in their language."""
        response = self.page("no-store")
        response.status_code = 404
        return response

    @property
    def names(self) -> list[str]:
        """The addresses of the files at the top of the build, such as icons."""
        return [name for name in self._files if "/" not in name[1:] and name != "/index.html"]


def page_routes(pages: Pages) -> list[object]:
    """Make the routes of a build."""

    @get(APP_ADDRESSES, **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
    def app_page() -> Response[bytes]:
        return pages.page()

    @get("/join/{invitation:str}", **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
    def join_page(invitation: FromPath[str]) -> Response[bytes]:  # noqa: ARG001 - the page itself reads the address
        return pages.page("no-store")

    @get("/assets/{name:path}", **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
    def asset(name: FromPath[str]) -> Response[bytes]:
        return pages.file(f"/assets{name}")

    routes: list[object] = [app_page, join_page, asset]
    if pages.names:

        @get(pages.names, **allow(Who.ANYBODY), include_in_schema=False, sync_to_thread=False)
        def top_file(request: ApiRequest) -> Response[bytes]:
            return pages.file(request.scope["path"])

        routes.append(top_file)
    return routes
