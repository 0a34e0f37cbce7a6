"""`aftertide export`: one's own journal as files that only one's own account on the machine can read."""

import json
import os
import stat
from pathlib import Path

import pytest
from aftertide.cli import export_from, main
from aftertide.errors import WrongProofError
from aftertide.export import FolderNotEmptyError

from server.care.relations import close_ended_relations
from tests.client.conftest import PASSPHRASE, Two


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


async def write_a_week(two: Two) -> str:
    entry = await two.patient.write("The tide went out.\nIt left a shell. 🐚", feelings=["calm"], sliders={"mood": 6})
    await two.patient.write("Nobody's business.", form="dream", prompt="What did you dream?")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.therapist.sync()
    await two.therapist.comment(entry.id, "Which shell?\nTell me.")
    return entry.id


async def test_an_export_has_every_entry_with_the_comments_of_others_beside_it(two: Two, tmp_path: Path) -> None:
    entry = await write_a_week(two)
    made = await export_from(two.town.device("laptop"), "ana@example.org", PASSPHRASE, tmp_path / "mine")
    assert (made.entries, made.comments, made.faults) == (2, 1, 0)
    pages = sorted((tmp_path / "mine" / "entries").glob("*.md"))
    shared, dream = sorted(pages, key=lambda page: " dream " in page.name)
    text = shared.read_text(encoding="utf-8")
    assert "The tide went out.\nIt left a shell. 🐚" in text
    assert 'readers: ["Dr. Rivera, to read"]' in text
    assert "## Dr. Rivera, " in text
    assert "> Which shell?\n> Tell me." in text
    assert 'prompt: "What did you dream?"' in dream.read_text(encoding="utf-8")
    whole = json.loads((tmp_path / "mine" / "journal.json").read_text(encoding="utf-8"))
    kinds = sorted(record["content"]["kind"] for record in whole["records"])
    assert kinds == ["agreement", "comment", "contact", "entry", "entry", "receipt", "settings"]
    assert entry in {record["id"] for record in whole["records"]}
    assert whole["account"]["name"] == "Ana"


async def test_what_was_kept_when_working_together_ended_is_exported_under_its_writers_name(
    two: Two, tmp_path: Path
) -> None:
    await write_a_week(two)
    await two.patient.end_relation(two.therapist.id)
    both = await export_from(two.town.device("laptop"), "ana@example.org", PASSPHRASE, tmp_path / "both")
    two.town.running.time.move_days(15)
    await close_ended_relations(two.town.running.time.now)
    made = await export_from(two.town.device("desk"), "ana@example.org", PASSPHRASE, tmp_path / "mine")
    assert (both.comments, made.comments, made.faults) == (1, 1, 0)
    [text] = [page.read_text(encoding="utf-8") for page in (tmp_path / "mine" / "entries").glob("*free*.md")]
    assert "## Dr. Rivera, " in text
    assert "> Which shell?\n> Tell me." in text


async def test_only_the_owner_of_the_files_can_read_them(two: Two, tmp_path: Path) -> None:
    await write_a_week(two)
    folder = tmp_path / "mine"
    before = os.umask(0)
    try:
        await export_from(two.town.device("laptop"), "ana@example.org", two.kit, folder, kit=True)
    finally:
        os.umask(before)
    assert mode(folder) == mode(folder / "entries") == 0o700
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert len(files) == 3
    assert {mode(path) for path in files} == {0o600}


async def test_an_export_overwrites_nothing_and_leaves_no_session(two: Two, tmp_path: Path) -> None:
    (tmp_path / "here.txt").write_text("mine")
    with pytest.raises(FolderNotEmptyError):
        await export_from(two.town.device("laptop"), "ana@example.org", PASSPHRASE, tmp_path)
    with pytest.raises(WrongProofError):
        await export_from(two.town.device("laptop"), "ana@example.org", "not the passphrase", tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert {device.label for device in await two.patient.access.devices()} == {"ana"}


async def test_a_therapists_export_holds_no_secret_and_no_patients_entry(two: Two, tmp_path: Path) -> None:
    await write_a_week(two)
    invited = await two.therapist.invitations.invite("Dr. Rivera", "Bea", adult=True)
    await export_from(two.town.device("desk"), "rivera@example.org", PASSPHRASE, tmp_path / "mine")
    text = (tmp_path / "mine" / "journal.json").read_text(encoding="utf-8")
    assert '"secret"' not in text
    assert str(invited.record.content["secret"]) not in text
    assert "The tide went out." not in text
    assert "Which shell?" in text


def test_the_command_says_what_is_wrong_and_takes_the_secret_from_a_descriptor(
    capfd: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    read, write = os.pipe()
    os.write(write, b"a secret\n")
    os.close(write)
    arguments = ["export", "--server", "http://example.org", "--email", "ana@example.org", "--secret-fd", str(read)]
    assert main([*arguments, "--to", str(tmp_path / "mine")]) == 1
    assert "https" in capfd.readouterr().err
