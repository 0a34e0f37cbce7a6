"""What goes with appointments: what the schema takes and refuses (the front end's tests ask the same of the same schema)."""

from typing import Any

import pytest
from aftertide.protocol.encoding import derived_id, new_id
from aftertide.protocol.errors import ContentError
from aftertide.protocol.kinds import check_content, counts

BARE: dict[str, Any] = {"kind": "appointment", "v": 1, "readers": [], "appointment": new_id()}
STEP = {"id": new_id(), "text": "Nothing to eat from now on", "at": {"days_before": 0, "time": "10:00"}}
FULL = {
    **BARE, "title": "Third session", "place": "Shore Street 4", "link": "https://video.example.org/r/7", "bring": "A blanket",
    "mind": "Somebody who takes you home", "reason": "The room is flooded", "steps": [STEP, {"id": new_id(), "text": "A quiet evening"}],
}  # fmt: skip


@pytest.mark.parametrize("content", [BARE, FULL, {**FULL, "later": {"a": 1}}])
def test_details_of_an_appointment_are_taken(content: dict[str, Any]) -> None:
    assert check_content(content) == content


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2},
        {"appointment": "seven"},
        {"title": ""},
        {"title": "x" * 201},
        {"bring": "x" * 4001},
        {"link": "javascript:alert(1)"},
        {"link": "http://video.example.org"},
        {"link": "https://video.example.org/ r"},
        {"steps": [STEP] * 51},
        {"steps": [{"text": "no id"}]},
        {"steps": [{**STEP, "at": {"days_before": 31, "time": "10:00"}}]},
        {"steps": [{**STEP, "at": {"days_before": 1, "time": "24:00"}}]},
        {"steps": [{**STEP, "at": {"days_before": 1}}]},
    ],
)
def test_details_in_another_form_are_refused(changed: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        check_content({**FULL, **changed})


def test_an_appointment_needs_to_name_the_servers() -> None:
    with pytest.raises(ContentError):
        check_content({name: value for name, value in FULL.items() if name != "appointment"})


def test_details_of_an_appointment_count_from_a_therapist_only() -> None:
    assert counts("appointment", "therapist", party_to_about=False)
    assert not counts("appointment", "patient", party_to_about=True)


READY: dict[str, Any] = {"kind": "readiness", "v": 1, "readers": [], "appointment": new_id(), "done": [new_id()]}
SESSION: dict[str, Any] = {"kind": "dosing", "day": 0, "minutes": 120}
REGIMEN: dict[str, Any] = {"kind": "regimen", "v": 1, "readers": [], "name": "Six in two weeks", "sessions": [SESSION]}


@pytest.mark.parametrize("content", [READY, {**READY, "done": []}, REGIMEN, {**REGIMEN, "sessions": [SESSION] * 60}])
def test_readiness_and_regimens_are_taken(content: dict[str, Any]) -> None:
    assert check_content(content) == content


@pytest.mark.parametrize(
    "content",
    [
        {**READY, "done": ["fasting"]},
        {**READY, "appointment": "seven"},
        {**REGIMEN, "name": ""},
        {**REGIMEN, "sessions": []},
        {**REGIMEN, "sessions": [SESSION] * 61},
        {**REGIMEN, "sessions": [{**SESSION, "kind": "party"}]},
        {**REGIMEN, "sessions": [{**SESSION, "day": -1}]},
        {**REGIMEN, "sessions": [{**SESSION, "minutes": 4}]},
    ],
)
def test_readiness_and_regimens_in_another_form_are_refused(content: dict[str, Any]) -> None:
    with pytest.raises(ContentError):
        check_content(content)


@pytest.mark.parametrize("kind", ["readiness", "regimen", "ledger"])
def test_what_is_ones_own_counts_from_nobody_else(kind: str) -> None:
    assert not counts(kind, "therapist", party_to_about=True)
    assert not counts(kind, "patient", party_to_about=True)


def test_a_kept_comment_says_whose_words_it_holds() -> None:
    comment: dict[str, Any] = {"kind": "comment", "v": 1, "readers": [], "text": "Kept.", "revision": 2}
    kept = {"record": new_id(), "account": new_id(), "name": "Dr. Rivera"}
    assert check_content({**comment, "kept": kept}) == {**comment, "kept": kept}
    with pytest.raises(ContentError):
        check_content({**comment, "kept": {**kept, "account": "somebody"}})


def test_devices_derive_the_same_id_of_the_same_thing() -> None:
    # The front end's test has the same pair.
    assert derived_id("kept copy of 6f3ddc6a-0d0c-4b0c-9c55-1c8f0a4b9a01") == "703d8e71-22a3-4e14-8ca0-721ec8f44d20"


LISTED = [new_id(), 2, 5, "A" * 21 + "Q"]
LEDGER: dict[str, Any] = {
    "kind": "ledger", "v": 1, "readers": [], "gen": 1, "at": "2026-11-24T21:40:00Z", "incarnation": new_id(), "records": [LISTED],
}  # fmt: skip


@pytest.mark.parametrize("content", [LEDGER, {**LEDGER, "records": []}, {**LEDGER, "records": [[*LISTED[:3], ""]]}])
def test_ledgers_are_taken(content: dict[str, Any]) -> None:
    assert check_content(content) == content


@pytest.mark.parametrize(
    "row",
    [LISTED[:3], [*LISTED, 1], ["one", *LISTED[1:]], [LISTED[0], 0, *LISTED[2:]], [*LISTED[:3], "A" * 43], [*LISTED[:3], "A" * 21 + "B"]],
)  # fmt: skip
def test_ledgers_in_another_form_are_refused(row: list[Any]) -> None:
    with pytest.raises(ContentError):
        check_content({**LEDGER, "records": [row]})
