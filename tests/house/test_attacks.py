"""The page of attacks is whole and true: every adversary of the protocol's table, and every test that it names is there."""

import re

import pytest

from tests.house.test_documents import ROOT, read, table_rows
from tests.house.test_security_pages import PROTOCOL, section

PAGE = read("docs/security/attacks.md")
ADVERSARIES = table_rows(section(PROTOCOL, "What it must withstand"), 3)[1:]
NAMED = re.compile(r"`((?:pwa/)?tests/[\w./-]+)`|`(test_\w+)`|“([^”]+)”")


def part(adversary: str) -> str:
    """What the page says of one of the protocol's adversaries."""
    return section(PAGE, adversary[0].upper() + adversary[1:])


def claims(adversary: str) -> list[tuple[str, ...]]:
    """What they try, and what shows it for the Python client, the browser client and the server."""
    return table_rows(part(adversary), 4)[1:]


def named_tests(text: str) -> list[tuple[str, str]]:
    """The tests that a text names: file and name; a name without a file stands in the file before it."""
    found, file = [], ""
    for path, function, title in NAMED.findall(text):
        file = path or file
        if function or title:
            found.append((file, function or title))
    return found


def is_there(file: str, name: str) -> bool:
    """Whether a file has a test of this name."""
    path = ROOT / file
    if not path.is_file():
        return False
    said = f"def {name}(" if file.endswith(".py") else f'("{name}"'
    return said in path.read_text(encoding="utf-8")


def test_every_adversary_is_there_in_the_protocols_own_words() -> None:
    titles = re.findall(r"^## (.*)$", PAGE, flags=re.MULTILINE)
    assert titles == [*(who[0].upper() + who[1:] for who, _, _ in ADVERSARIES), "Not held"]
    for who, must_not, _ in ADVERSARIES:
        assert f"Must not be able to: {must_not}.\n" in part(who)


@pytest.mark.parametrize("adversary", [who for who, _, _ in ADVERSARIES])
def test_each_claim_is_shown_by_a_test_and_each_cell_without_one_says_why(adversary: str) -> None:
    rows = claims(adversary)
    assert len(rows) >= 2
    for tried, *cells in rows:
        assert all(cells), tried
        assert any(named_tests(cell) for cell in cells), tried


@pytest.mark.parametrize("adversary", [who for who, _, _ in ADVERSARIES])
def test_every_test_that_the_page_names_is_there(adversary: str) -> None:
    named = [one for _, *cells in claims(adversary) for cell in cells for one in named_tests(cell)]
    assert named
    assert [f"{file}: {name}" for file, name in named if not is_there(file, name)] == []


def test_a_name_that_is_nowhere_would_be_noticed() -> None:
    assert is_there("tests/house/test_attacks.py", "test_a_name_that_is_nowhere_would_be_noticed")
    assert not is_there("tests/house/test_attacks.py", "test_that_nobody_wrote")
    assert not is_there("tests/house/no_such_file.py", "test_that_nobody_wrote")
    assert not is_there("pwa/tests/store/lies.test.ts", "a test that nobody wrote")


def test_each_client_is_attacked_by_each_adversary_that_meets_it() -> None:
    for adversary, _, _ in ADVERSARIES:
        for column in (1, 2):
            assert any(named_tests(row[column]) for row in claims(adversary)), (adversary, column)


def test_the_page_is_found_from_the_others() -> None:
    assert "(docs/security/attacks.md)" in read("README.md")
    assert "(attacks.md)" in read("docs/security/for-an-auditor.md")
