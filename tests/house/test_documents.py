"""README, docs and code agree: no route, setting or command is undocumented, no documented one is missing."""

import re
from dataclasses import fields
from pathlib import Path

from server.app import create_app
from server.cli import COMMANDS
from server.refusals import PROBLEMS
from server.settings import Settings
from server.web.access import Who

ROOT = Path(__file__).parents[2]


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def table_rows(text: str, columns: int) -> list[tuple[str, ...]]:
    """The rows of all Markdown tables with so many columns, without their heads."""
    rows = [
        tuple(cell.strip() for cell in line.strip("|").split("|")) for line in text.splitlines() if line.startswith("|")
    ]
    return [row for row in rows if len(row) == columns and not set(row[0]) <= {"-", ":"}]


def test_every_route_is_documented_with_who_may_call_it() -> None:
    documented = {
        (method, path.strip("`"), who)
        for method, path, who, _ in table_rows(read("docs/api.md"), 4)
        if path.startswith("`")
    }
    there = set()
    for route in create_app(Settings()).routes:
        for handler in getattr(route, "route_handlers", ()):
            who = handler.opt.get("who")
            api = route.path.startswith("/api/") and not route.path.startswith("/api/schema")
            if not isinstance(who, Who) or not (api or who is Who.ADDRESS):
                continue
            path = re.sub(r"\{(\w+):\w+\}", r"{\1}", route.path)
            there |= {(method, path, who.value) for method in handler.http_methods if method != "OPTIONS"}
    assert documented == there


def test_every_problem_is_documented_with_its_status() -> None:
    documented = {
        (code.strip("`"), status) for code, status, _ in table_rows(read("docs/api.md"), 3) if code.startswith("`")
    }
    assert {(entry.code, str(entry.status)) for entry in PROBLEMS.values()} <= documented


def test_every_setting_is_documented_with_its_default() -> None:
    documented = {
        name.strip("`"): default.strip("`")
        for name, default, _ in table_rows(read("docs/configuration.md"), 3)
        if name.startswith("`")
    }
    assert documented == {f.metadata["name"]: str(f.default) for f in fields(Settings)}


def test_every_command_is_documented() -> None:
    text = read("docs/operating.md")
    documented = set(re.findall(r"^### `aftertide-server (\w+)`", text, flags=re.MULTILINE))
    assert documented == set(COMMANDS)


def test_the_readme_names_commands_that_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", read("Makefile"), flags=re.MULTILINE))
    assert set(re.findall(r"`make ([a-z]+)`", read("README.md"))) <= targets
    assert {"run", "test"} <= set(re.findall(r"`?make ([a-z]+)`?", read("README.md")))


def test_links_between_documents_lead_somewhere() -> None:
    for page in [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}"


def test_no_source_file_is_longer_than_a_sitting() -> None:
    long = [
        str(path.relative_to(ROOT))
        for folder in ("server", "client/aftertide", "pwa/src", "tests", "bench")
        for path in (ROOT / folder).rglob("*")
        if path.suffix in (".py", ".ts", ".svelte", ".css")
        and path.name != "schema.ts"  # made from the OpenAPI schema
        and len(path.read_text(encoding="utf-8").splitlines()) > 500
    ]
    assert long == []
