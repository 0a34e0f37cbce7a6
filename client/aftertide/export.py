"""A person's own journal as readable files, made on their machine: Markdown for people, one JSON for programs.

Folders are made with mode 0700 and files with 0600: from here on it is plain text.
"""

import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from aftertide.account import Account
from aftertide.errors import ClientError
from aftertide.journal import Record

FORMAT: Final = 1
_FOLDER_MODE: Final = 0o700
_FILE_MODE: Final = 0o600
_ASKED: Final = ("for our session", "to read", "please read soon")


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote."""

    folder: Path
    entries: int
    comments: int
    faults: int


class FolderNotEmptyError(ClientError):
    """An export goes into a new or an empty folder: it never overwrites."""


def export(account: Account, folder: Path, now: datetime) -> Exported:
    """Write what `account` holds after a `sync`: its own records, and what others said about its entries.

    `entries/` has one Markdown file an entry, comments below it; `journal.json` has everything, unknown kinds and fields
    included, but no key and no secret of an invitation. Raises FolderNotEmptyError, and OSError as the file system does.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FolderNotEmptyError(f"{folder} isn't empty")
    folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
    folder.chmod(_FOLDER_MODE)
    (folder / "entries").mkdir(mode=_FOLDER_MODE)
    entries = sorted(account.journal.own("entry"), key=_written)
    comments = 0
    for entry in entries:
        about = _thread(account, entry)
        comments += len(about)
        _write(folder / "entries" / _file_name(entry), entry_as_markdown(account, entry, about))
    _write(folder / "journal.json", json.dumps(journal_as_json(account, now), ensure_ascii=False, indent=2) + "\n")
    return Exported(folder, len(entries), comments, len(account.faults))


def _write(path: Path, text: str) -> None:
    # O_EXCL: neither a file nor a link that somebody put there is written through.
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)


def _written(record: Record) -> datetime:
    written = record.content.get("written")
    return datetime.fromisoformat(written) if isinstance(written, str) else record.saved


def _file_name(entry: Record) -> str:
    return f"{_written(entry):%Y-%m-%d %H%M} {entry.content['form']} {entry.id[:8]}.md"


def _name(account: Account, other: str) -> str:
    if other == account.id:
        return account.name or account.email
    contact = account.contacts.get(other)
    return contact.name if contact else other


def _author(account: Account, comment: Record) -> str:
    """Return who wrote a comment: somebody else, where its owner has kept it since working together ended."""
    kept = comment.content.get("kept")
    return str(kept["name"]) if isinstance(kept, dict) else _name(account, comment.owner)


def _thread(account: Account, entry: Record) -> list[Record]:
    """Return the comments about an entry, each once: what was kept of somebody's stands for what is gone."""
    found = account.journal.about(entry.id, "comment")
    here = {comment.id for comment in found}
    kept = {comment.id: comment.content.get("kept") for comment in found}
    return [
        comment
        for comment in found
        if not (isinstance(original := kept[comment.id], dict) and original["record"] in here)
    ]


def entry_as_markdown(account: Account, entry: Record, comments: list[Record]) -> str:
    """Return an entry as Markdown: what is known of it above, the words, then the comments with who wrote them when."""
    content = entry.content
    known = {
        "id": entry.id,
        "written": content["written"],
        "zone": content["zone"],
        "form": content["form"],
        "feelings": content["feelings"],
        "sliders": content["sliders"],
        "prompt": content.get("prompt"),
        "readers": [f"{_name(account, who)}, {_ASKED[level]}" for who, level in entry.named_readers.items()],
    }
    lines = ["---"]
    lines += [f"{name}: {json.dumps(value, ensure_ascii=False)}" for name, value in known.items() if value]
    lines += ["---", "", str(content["text"]).rstrip(), ""]
    for comment in comments:
        lines += [f"## {_author(account, comment)}, {_written(comment):%Y-%m-%d %H:%M}", ""]
        lines += [f"> {line}".rstrip() for line in str(comment.content["text"]).splitlines()]
        lines += [""]
    return "\n".join(lines)


def journal_as_json(account: Account, now: datetime) -> dict[str, Any]:
    """Return the whole own journal: own records, and the comments, receipts and agreements that others made for it."""
    own = {record.id for record in account.journal.own()}
    theirs = [
        record
        for record in account.journal.shared()
        if record.head.about in own or (record.kind == "agreement" and record.content.get("patient") == account.id)
    ]
    return {
        "format": FORMAT,
        "exported": now.isoformat(timespec="seconds"),
        "account": {"id": account.id, "email": account.email, "name": account.name, "role": account.role},
        "records": [_as_json(account, record) for record in (*account.journal.own(), *theirs)],
        "faults": [
            {
                "record": fault.record,
                "owner": fault.owner,
                "error": type(fault.error).__name__,
                "says": str(fault.error),
            }
            for fault in account.faults
        ],
    }


def _as_json(account: Account, record: Record) -> dict[str, Any]:
    secret = {"secret"} if record.kind == "invitation" else set[str]()
    return {
        "id": record.id,
        "owner": record.owner,
        "owner_name": _name(account, record.owner),
        "about": record.head.about or None,
        "epoch": record.head.epoch,
        "revision": record.head.revision,
        "saved": record.saved.isoformat(timespec="seconds"),
        "content": {name: value for name, value in record.content.items() if name not in secret},
    }
