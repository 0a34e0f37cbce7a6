"""A therapist whose access was taken back, together with the server: nothing written after opens, no word slips in."""

from dataclasses import replace
from functools import partial
from typing import Any

import msgspec
import pytest
from aftertide import wire
from aftertide.journal import Record, head_of
from aftertide.protocol.encoding import new_id, unb64u
from aftertide.protocol.errors import (
    DoesNotOpenError,
    KindDoesNotCountError,
    ProofError,
    ProtocolError,
    ReaderNotNamedError,
)
from aftertide.protocol.grants import Grant, open_grant, seal_grant
from aftertide.protocol.keys import RecordKey
from aftertide.protocol.kinds import readers_of
from aftertide.protocol.records import Head, open_body, prove, seal_body

from tests.client.conftest import Two
from tests.client.test_lying_server import about_record, fault_of, resealed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


async def shown_to_ana(two: Two, record: str) -> wire.RecordView:
    """A record as the server has it: all bytes, which a server that works with the therapist hands over."""
    page = await two.patient._api.ask(wire.Changes, "GET", "/changes")
    return next(row.record for row in page.changes if row.id == record and row.record)


async def taken_back(two: Two) -> tuple[Record, wire.GrantView]:
    """What the therapist keeps of an entry that was shared and taken back: the record with its key, and the grant."""
    entry = await two.patient.write("While it was shared.")
    await two.patient.share(entry.id, two.therapist.id, 1)
    await two.therapist.sync()
    kept = two.therapist.record(entry.id)
    assert kept.grant is not None
    await two.patient.take_back(entry.id, two.therapist.id)
    return kept, kept.grant


async def test_no_key_that_was_kept_opens_what_is_written_after(two: Two) -> None:
    kept, former = await taken_back(two)
    await two.patient.edit(kept.id, lambda old: {**old, "text": "After."})
    view = await shown_to_ana(two, kept.id)
    for head in (head_of(view), replace(head_of(view), epoch=kept.head.epoch)):
        with pytest.raises(DoesNotOpenError):
            open_body(kept.key, head, view.body)
    # Nor does the former grant, passed off as one of the new epoch.
    identity, pinned = two.therapist.journal.keyring.identity, two.therapist.contacts[two.patient.id].key
    grant = Grant(kept.id, two.patient.id, two.therapist.id, view.epoch, former.attention, former.sealed)
    with pytest.raises(DoesNotOpenError):
        open_grant(identity, two.therapist.id, grant, pinned)
    own = {record.id: record.key for record in two.therapist.journal.records.values()}
    for key in own.values():
        with pytest.raises(DoesNotOpenError):
            open_body(key, head_of(view), view.body)


async def test_the_therapists_app_shows_nothing_of_it_though_the_server_hands_it_over(two: Two) -> None:
    kept, former = await taken_back(two)
    await two.patient.edit(kept.id, lambda old: {**old, "text": "After."})
    view = await shown_to_ana(two, kept.id)
    handed = msgspec.structs.replace(
        view, wrapped=None, readers=[], grant=msgspec.structs.replace(former, epoch=view.epoch)
    )

    def lie(page: wire.Changes) -> wire.Changes:
        row = wire.Change(counter=page.cursor, id=kept.id, state="record", record=handed)
        return msgspec.structs.replace(page, changes=[*(r for r in page.changes if r.id != kept.id), row])

    two.town.wires["rivera"].lies["/changes"] = (wire.Changes, lie)
    await two.therapist.sync()
    assert fault_of(two.therapist, kept.id) is DoesNotOpenError
    assert "After." not in {record.content.get("text") for record in two.therapist.journal.records.values()}


@pytest.mark.parametrize("lie", [True, False])
async def test_a_reader_whom_the_server_adds_gets_no_key_with_the_next_save(two: Two, *, lie: bool) -> None:
    kept, former = await taken_back(two)
    reader = wire.ReaderView(
        account=two.therapist.id, epoch=3, attention=former.attention, granted=two.town.now(),
        read=None, read_revision=None, reviewed=None, reviewed_revision=None,
    )  # fmt: skip
    if lie:
        about_record(two.town.wires["ana"], kept.id, lambda view: msgspec.structs.replace(view, readers=[reader]))
    await two.patient.sync()
    assert fault_of(two.patient, kept.id) is (ReaderNotNamedError if lie else None)
    saved = await two.patient.edit(kept.id, lambda old: {**old, "text": "After."})
    assert readers_of(saved.content) == []
    what, body = two.town.wires["ana"].requests[-1]
    assert what == f"PUT /api/records/{kept.id}"
    assert not msgspec.msgpack.decode(body, type=wire.Save).grants


async def test_no_word_of_theirs_becomes_the_owners(two: Two) -> None:
    kept, _ = await taken_back(two)
    mine = two.patient.record(kept.id)
    # With the key that they kept, as the next revision of the former epoch, of the present one, and as another record.
    for head in ({"epoch": kept.head.epoch}, {"epoch": mine.head.epoch}):
        forged = resealed(replace(mine, key=kept.key), "Slipped in.", revision=4, base=mine.hash, **head)
        about_record(two.town.wires["ana"], kept.id, partial(msgspec.structs.replace, **forged, **head))
        two.patient._cursor = 0
        await two.patient.sync()
        assert fault_of(two.patient, kept.id) is ProofError
        assert two.patient.record(kept.id) == mine


async def test_a_record_that_they_make_in_the_owners_name_is_refused(two: Two) -> None:
    kept, _ = await taken_back(two)
    view = await shown_to_ana(two, kept.id)
    head = Head(new_id(), two.patient.id, "", 1, 1, "")
    body = seal_body(kept.key, head, {**kept.content, "readers": [], "text": "Slipped in."})
    proof = prove(RecordKey(b"\1" * 32), head, body)
    made = msgspec.structs.replace(view, id=head.record, epoch=1, revision=1, base=None, body=body, proof=proof)
    made = msgspec.structs.replace(made, readers=[])

    def lie(page: wire.Changes) -> wire.Changes:
        row = wire.Change(counter=page.cursor, id=head.record, state="record", record=made)
        return msgspec.structs.replace(page, changes=[*page.changes, row])

    two.town.wires["ana"].lies["/changes"] = (wire.Changes, lie)
    await two.patient.sync()
    assert fault_of(two.patient, head.record) is ProofError
    assert {entry.content["text"] for entry in two.patient.journal.own("entry")} == {"While it was shared."}


@pytest.mark.parametrize("names", ["what they read", "what they never read"])
async def test_a_comment_of_theirs_counts_only_on_what_they_could_read(two: Two, names: str) -> None:
    kept, _ = await taken_back(two)
    await two.patient.sync()
    after = two.patient.record(kept.id).head.revision
    revision = kept.head.revision if names == "what they read" else after
    head, key = Head(new_id(), two.therapist.id, kept.id, 1, 1, ""), RecordKey(b"\2" * 32)
    me, pinned = two.therapist.journal.keyring.identity, two.therapist.contacts[two.patient.id].key
    grant = seal_grant(me, head.record, head.owner, two.patient.id, 1, 0, pinned, key)
    content: dict[str, Any] = {
        "kind": "comment", "v": 1, "written": "2026-11-28T10:00:00+01:00", "zone": "Europe/Madrid", "text": "About it.", "revision": revision,
        "readers": [{"account": two.patient.id, "key_id": two.patient.journal.keyring.identity.key_id, "attention": 0}],
    }  # fmt: skip
    body = seal_body(key, head, content)
    view = wire.RecordView(
        id=head.record, owner=head.owner, about=kept.id, epoch=1, revision=1, base=None, body=body, proof=bytes(32), saved=two.town.now(),
        wrapped=None, readers=[],
        grant=wire.GrantView(
            epoch=1, attention=0, sealed=grant.sealed, granted=two.town.now(),
            read=None, read_revision=None, reviewed=None, reviewed_revision=None,
        ),
    )  # fmt: skip

    def lie(page: wire.Changes) -> wire.Changes:
        row = wire.Change(counter=page.cursor, id=head.record, state="record", record=view)
        return msgspec.structs.replace(page, changes=[*page.changes, row])

    # Refused by the server that is ours: this one is theirs.
    two.town.wires["ana"].lies["/changes"] = (wire.Changes, lie)
    await two.patient.sync()
    shown = [comment.content["text"] for comment in two.patient.journal.about(kept.id, "comment")]
    if names == "what they read":
        assert (shown, fault_of(two.patient, head.record)) == (["About it."], None)
    else:
        assert (shown, fault_of(two.patient, head.record)) == ([], KindDoesNotCountError)


async def test_the_server_alone_forges_no_grant(two: Two) -> None:
    """Without a private key of either side there is nothing that opens as a grant."""
    kept, former = await taken_back(two)
    for sealed in (former.sealed, bytes(len(former.sealed)), unb64u(kept.hash) * 3):
        grant = Grant(kept.id, two.patient.id, two.therapist.id, 3, 1, sealed[: len(former.sealed)])
        with pytest.raises(ProtocolError):
            open_grant(
                two.therapist.journal.keyring.identity,
                two.therapist.id,
                grant,
                two.therapist.contacts[two.patient.id].key,
            )
