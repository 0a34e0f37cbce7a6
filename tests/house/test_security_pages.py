"""The pages on security are whole and true: measured against the protocol's text and the files that they name."""

import re
from pathlib import Path

import pytest

from tests.house.test_documents import ROOT, read, table_rows

PROTOCOL = read("docs/protocol.md")
AUDITOR = read("docs/security/for-an-auditor.md")
KEYS = read("docs/security/keys-on-one-page.md")


def section(text: str, title: str) -> str:
    """What stands below a heading of the second level, up to the next one."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, flags=re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def in_one_line(text: str) -> str:
    return " ".join(text.split())


def not_claimed() -> list[str]:
    """The sentences of the protocol's own list."""
    said = in_one_line(section(PROTOCOL, "What it must withstand")).split("Not claimed, and said in the docs: ")[1]
    # A sentence ends at a full stop before a capital; "RFC 9180 section 9.1)." ends one, too.
    return [f"{sentence.rstrip('.')}." for sentence in re.split(r"(?<=[.)])\. |\. (?=[A-Z])", said)]


def test_each_adversary_of_the_protocol_is_answered_with_where_and_by_what() -> None:
    described = [row[0] for row in table_rows(section(PROTOCOL, "What it must withstand"), 3)]
    rows = table_rows(section(AUDITOR, "What it must withstand"), 3)
    assert described
    assert [adversary for adversary, _, _ in rows] == described
    for adversary, held, shown in rows[1:]:
        assert held, adversary
        assert "tests/" in shown or shown.startswith("the same"), adversary


def test_what_is_not_claimed_is_there_whole() -> None:
    sentences = not_claimed()
    assert len(sentences) >= 8
    listed = [in_one_line(line.removeprefix("- ")) for line in section(AUDITOR, "Not claimed").splitlines()]
    assert [sentence for sentence in sentences if sentence not in listed] == []


def named_files(page: str) -> list[str]:
    """Paths in backticks; a bare file name stands for one beside the path before it."""
    found, folder = [], ""
    for name in re.findall(r"`([\w./@*-]+)`", page):
        if "/" in name and not name.startswith(("@", "/")):
            found.append(name)
            folder = name if name.endswith("/") else f"{Path(name).parent}/"
        elif re.fullmatch(r"\w+\.(py|ts)", name):
            found.append(f"{folder}{name}")
    return found


@pytest.mark.parametrize("page", [AUDITOR, KEYS], ids=["auditor", "keys"])
def test_every_file_that_a_page_names_is_there(page: str) -> None:
    assert [name for name in named_files(page) if not (ROOT / name).exists()] == []


def test_the_auditors_page_names_files() -> None:
    assert len(named_files(AUDITOR)) > 60


JARGON = (
    r"HPKE|AES|Argon2id|SHA|hash|epoch|revision|key slots?|PRF|WebAuthn|ciphertext|encrypted|nonce|token|AAD|X25519"
)


def test_the_page_for_everybody_is_one_page_and_without_jargon() -> None:
    assert re.findall(rf"\b({JARGON})\b", KEYS, flags=re.IGNORECASE) == []
    assert len(KEYS.split()) <= 1000


def test_the_page_for_everybody_tells_each_way_in_and_what_to_do_without_it() -> None:
    opens, lost = section(KEYS, "What opens your journal"), section(KEYS, "When something is lost")
    methods = {"passphrase": "Your passphrase", "recovery": "Your recovery kit", "passkey": "A passkey"}
    rows = [row for row in table_rows(section(PROTOCOL, "Account keys"), 4) if row[0].startswith("`")]
    assert {row[0].strip("`") for row in rows} == set(methods)
    assert all(f"**{title}.**" in opens for title in methods.values())
    assert all(f"**{title}.**" in lost for title in ("Your phone", "Your passphrase", "Your kit", "All of them"))
    assert "nobody can reset it" in lost
