"""Negative cases of records, grants, kinds, keys and invitations."""

import json
from dataclasses import asdict, replace
from typing import Final

from aftertide.protocol.encoding import b64, b64u, new_id
from aftertide.protocol.grants import seal_grant
from aftertide.protocol.ijson import JsonObject
from aftertide.protocol.invitations import InvitationSecret, invitee_tag, inviter_tag, make_link, seal_card
from aftertide.protocol.keys import AccountKey, Identity, KeyRole, RecordKey, SecretKey
from aftertide.protocol.padding import pad
from aftertide.protocol.primitives import digest, seal
from aftertide.protocol.records import Head, base_of, make_tombstone, prove, seal_body, wrap_key
from aftertide.protocol.rotation import seal_previous
from aftertide.protocol.vectors.case import ACCEPTED, REFUSED, Case, case, flip, person, variations

ENTRY: Final[JsonObject] = {
    "kind": "entry",
    "v": 1,
    "readers": [],
    "form": "free",
    "written": "2026-11-20T23:05:00-08:00",
    "zone": "America/Vancouver",
    "text": "",
    "sliders": {},
    "feelings": [],
}


def _records() -> list[Case]:
    owner, key = person("ana"), RecordKey.new()
    head = Head(new_id(), owner.id, new_id(), 2, 3, base_of(b"before"))
    body = seal_body(key, head, ENTRY)
    other: dict[str, Case] = {
        "another id": {"record": new_id()},
        "another owner": {"owner": new_id()},
        "another epoch": {"epoch": 1},
        "another revision": {"revision": 4},
    }
    moved: dict[str, Case] = {"moved to another record": {"about": new_id()}, "made to stand alone": {"about": ""}}
    based: dict[str, Case] = {"another base": {"base": base_of(b"other")}, "no base": {"base": ""}}
    placed = asdict(head)
    keyed: dict[str, Case] = {"another key": {"rk": b64(RecordKey.new().reveal)}}
    cases = variations(
        "body", {**placed, "rk": b64(key.reveal), "body": b64(body)}, {**other, **moved, **based, **keyed}
    )
    for name, inner in (
        ("not padded", b'{"kind":"x","v":1,"readers":[]}'),
        ("a duplicate name", pad(b'{"kind":"x","v":1,"v":1,"readers":[]}')),
        ("without readers", pad(b'{"kind":"x","v":1}')),
    ):
        context = json.dumps(["aftertide/1/record", *placed.values()], separators=(",", ":")).encode()
        sealed = {**placed, "rk": b64(key.reveal), "body": b64(seal(key.reveal, context, inner))}
        cases.append(case("body", f"body: {name}", REFUSED, **sealed))
    wrapped = wrap_key(owner.keys.record_wrap, head, key)
    at = {name: placed[name] for name in ("record", "owner", "epoch")}
    cases += variations(
        "wrapped",
        {**at, "record-wrap": b64(owner.keys.record_wrap.reveal), "wrapped": b64(wrapped)},
        {name: change for name, change in other.items() if name != "another revision"}
        | {"another account's key": {"record-wrap": b64(SecretKey.new().reveal)}},
    )
    proof = prove(owner.keys.record_proof, head, body)
    cases += variations(
        "proof",
        {
            **{name: placed[name] for name in ("record", "owner", "epoch", "revision")},
            "record-proof": b64(owner.keys.record_proof.reveal),
            "body": b64(body),
            "proof": b64(proof),
        },
        other
        | {
            "another body": {"body": b64(seal_body(key, head, ENTRY))},
            "made by a reader": {"proof": b64(prove(SecretKey.new(), head, body))},
            "cut": {"proof": b64(proof[:-1])},
            "nothing": {"proof": ""},
        },
    )
    tombstone = make_tombstone(owner.keys.record_proof, head.record, head.owner, 3)
    return cases + variations(
        "tombstone",
        {
            "record": head.record,
            "owner": head.owner,
            "revision": 3,
            "record-proof": b64(owner.keys.record_proof.reveal),
            "mac": b64(tombstone),
        },
        {name: change for name, change in other.items() if name != "another epoch"}
        | {"forged": {"mac": b64(flip(tombstone))}, "a proof in its place": {"mac": b64(proof)}},
    )


def _memory() -> list[Case]:
    mine, next_one, foreign = (b64u(digest(text)) for text in (b"mine", b"next", b"foreign"))
    seen = {"epoch": 2, "revision": 3, "hash": mine}
    arrivals: list[tuple[str, int, int, str, str, str]] = [
        ("the same again", 2, 3, mine, "", ACCEPTED),
        ("the next revision", 2, 4, next_one, mine, ACCEPTED),
        ("the next revision in the next epoch", 3, 4, next_one, mine, ACCEPTED),
        ("a later revision, some between not seen", 5, 9, next_one, foreign, ACCEPTED),
        ("the same revision with another body", 2, 3, foreign, "", REFUSED),
        ("the same revision in another epoch", 3, 3, mine, "", REFUSED),
        ("an earlier revision", 2, 2, foreign, "", REFUSED),
        ("an earlier epoch", 1, 3, mine, "", REFUSED),
        ("a higher revision in a lower epoch", 1, 4, next_one, mine, REFUSED),
        ("a lower revision in a higher epoch", 3, 2, next_one, mine, REFUSED),
        ("the next revision on another base", 2, 4, next_one, foreign, REFUSED),
        ("the next revision without a base", 2, 4, next_one, "", REFUSED),
    ]
    return [
        case(
            "memory",
            f"memory: {name}",
            expect,
            seen=seen,
            arrived={"epoch": epoch, "revision": revision, "hash": hashed, "base": base},
        )
        for name, epoch, revision, hashed, base, expect in arrivals
    ]


def _grants() -> list[Case]:
    owner, reader, stranger = person("ana"), person("rivera"), person("stranger")
    record, key = new_id(), RecordKey.new()
    grant = seal_grant(owner.identity, record, owner.id, reader.id, 2, 1, reader.identity.public, key)
    forged = seal_grant(stranger.identity, record, owner.id, reader.id, 2, 1, reader.identity.public, key)
    own = seal_grant(reader.identity, record, reader.id, reader.id, 2, 1, reader.identity.public, key)
    right = {
        "private": b64(reader.identity.private.private_bytes_raw()),
        "account": reader.id,
        "pinned": b64(owner.identity.public),
        **asdict(grant),
        "sealed": b64(grant.sealed),
    }
    cases = variations(
        "grant",
        right,
        {
            "another record": {"record": new_id()},
            "another owner": {"owner": stranger.id},
            "to somebody else": {"grantee": stranger.id},
            "another epoch": {"epoch": 3},
            "another attention": {"attention": 2},
            "no contact": {"pinned": None},
            "another key pinned": {"pinned": b64(stranger.identity.public)},
            "a sender that isn't pinned": {"sealed": b64(forged.sealed)},
            "of an own record": {
                **asdict(own),
                "sealed": b64(own.sealed),
                "pinned": b64(reader.identity.public),
            },
            "another recipient": {"private": b64(stranger.identity.private.private_bytes_raw())},
            "a sender of small order": {"pinned": b64(bytes(32))},
            "a capsule of small order": {"sealed": b64(bytes(32) + grant.sealed[32:])},
            "cut": {"sealed": b64(grant.sealed[:47])},
        },
    )
    named = {"account": reader.id, "key_id": reader.identity.key_id, "attention": 1}
    cases += variations(
        "named",
        {"readers": [named], "account": reader.id, "key_id": reader.identity.key_id, "attention": 1},
        {
            "a flipped attention": {"attention": 2},
            "a lowered attention": {"attention": 0},
            "a reader whom the owner didn't name": {"readers": []},
            "another key": {"key_id": stranger.identity.key_id},
            "another account": {"account": stranger.id},
        },
    )
    shown = {"grantee": reader.id, "attention": 1}
    return (
        cases
        + variations(
            "grants",
            {"readers": [named], "shown": [shown]},
            {
                "a reader added": {"shown": [shown, {"grantee": stranger.id, "attention": 0}]},
                "a flipped attention": {"shown": [{**shown, "attention": 2}]},
            },
        )
        + [case("grants", "grants: one closed by the server", ACCEPTED, readers=[named], shown=[])]
    )


def _kinds() -> list[Case]:
    table: list[tuple[str, str, bool, str]] = [
        ("entry", "patient", False, ACCEPTED),
        ("entry", "therapist", False, REFUSED),
        ("agreement", "therapist", False, ACCEPTED),
        ("agreement", "patient", False, REFUSED),
        ("comment", "therapist", True, ACCEPTED),
        ("comment", "therapist", False, REFUSED),
        ("receipt", "patient", True, ACCEPTED),
        ("receipt", "patient", False, REFUSED),
        ("unheard-of", "therapist", True, REFUSED),
        ("constructor", "therapist", True, REFUSED),
    ]
    for kind in ("contact", "invitation", "settings", "ledger", "note", "draft"):
        table += [(kind, role, True, REFUSED) for role in ("patient", "therapist")]
    cases = [
        case(
            "counts",
            f"counts: {kind} from a {role}{', about a record of both' if about else ''}",
            expect,
            kind=kind,
            role=role,
            party_to_about=about,
        )
        for kind, role, about, expect in table
    ]
    reader: JsonObject = {"account": new_id(), "key_id": Identity.new().key_id, "attention": 0}
    wrong: dict[str, JsonObject] = {
        "a reader twice": {"readers": [reader, {**reader, "attention": 1}]},
        "a fourth attention": {"readers": [{**reader, "attention": 3}]},
        "a reader without a key": {"readers": [{"account": new_id(), "attention": 0}]},
        "a form in capitals": {"form": "Free"},
        "a slider over ten": {"sliders": {"mood": 11}},
        "a slider between numbers": {"sliders": {"mood": 1.5}},
        "a time without offset": {"written": "2026-11-20T23:05:00"},
        "text that is a number": {"text": 1},
        "another v": {"v": 2},
        "no kind": {"kind": ""},
    }
    changed = {name: {"content": {**ENTRY, **change}} for name, change in wrong.items()}
    cases += variations("content", {"content": ENTRY}, changed)
    more: list[tuple[str, JsonObject]] = [
        ("a kind of later", {"kind": "unheard-of", "v": 7, "readers": [], "x": 1}),
        ("a field of later", {**ENTRY, "readers": [reader], "later": {"kept": True}, "sliders": {"hope": 10}}),
    ]
    return cases + [case("content", f"content: {name}", ACCEPTED, content=content) for name, content in more]


def _keys() -> list[Case]:
    private = Identity.new().private.private_bytes_raw()
    # The points of small order on curve25519 and on its twist (cr.yp.to/ecdh.html#validate).
    small = (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    )
    cases = [case("seal-to", "seal-to: a key as made", ACCEPTED, public=b64(Identity.new().public))]
    cases += [
        case("seal-to", f"seal-to: small order, {key[:8]}", REFUSED, public=b64(bytes.fromhex(key))) for key in small
    ]
    cases.append(case("seal-to", "seal-to: 31 bytes", REFUSED, public=b64(private[:31])))
    return cases


def _private_keys() -> list[Case]:
    """Seal one key as the present one and as a former: which it is, is never the server's word."""
    account, ak, identity = new_id(), AccountKey.new(), Identity.new()
    roles: tuple[KeyRole, KeyRole] = ("present", "former")
    cases: list[Case] = []
    for role, other in (roles, roles[::-1]):
        sealed = identity.seal_private(ak.derive(), account, 2, role)
        right = {"ak": b64(ak.reveal), "account": account, "key_id": identity.key_id, "gen": 2, "role": role}
        changed: dict[str, Case] = {
            f"shown as the {other} one": {"role": other},
            "another account": {"account": new_id()},
            "another key's id": {"key_id": Identity.new().key_id},
            "another generation": {"gen": 1},
            "another account key": {"ak": b64(AccountKey.new().reveal)},
            "flipped": {"sealed": b64(flip(sealed))},
        }
        cases += variations(f"private-key ({role})", {**right, "sealed": b64(sealed)}, changed)
    return [{**made, "construction": "private-key"} for made in cases]


def _previous() -> list[Case]:
    """Seal the account key so far under the one to come: what resumes a rotation."""
    account, new = new_id(), AccountKey.new()
    sealed = seal_previous(new, account, 2, AccountKey.new())
    right = {"ak": b64(new.reveal), "account": account, "gen": 2, "sealed": b64(sealed)}
    return variations(
        "previous",
        right,
        {
            "another account": {"account": new_id()},
            "another generation": {"gen": 3},
            "another key": {"ak": b64(AccountKey.new().reveal)},
            "flipped": {"sealed": b64(flip(sealed))},
        },
    )


def _invitations() -> list[Case]:
    therapist, patient, stranger = person("rivera"), person("ana"), person("stranger")
    invite, secret = new_id(), InvitationSecret.new()
    inviter = {"account": therapist.id, "key": b64(therapist.identity.public), "name": therapist.name}
    invitee = {"account": patient.id, "key": b64(patient.identity.public), "name": patient.name}
    common = {"K": b64(secret.reveal), "invite": invite}
    tag = inviter_tag(secret, invite, therapist.party)
    another: dict[str, Case] = {
        "another secret": {"K": b64(InvitationSecret.new().reveal)},
        "another invitation": {"invite": new_id()},
    }
    cases = variations(
        "tag_t",
        {**common, "inviter": inviter, "tag": b64(tag)},
        another
        | {
            "another key": {"inviter": {**inviter, "key": b64(stranger.identity.public)}},
            "another account": {"inviter": {**inviter, "account": stranger.id}},
            "a name that the tag doesn't cover": {"inviter": {**inviter, "name": "Dr. Rivero"}},
            "nothing": {"tag": ""},
        },
    )
    answer = invitee_tag(secret, invite, therapist.pin, patient.party)
    second = invitee_tag(secret, invite, therapist.pin, stranger.party)
    rightly = {**common, "inviter": inviter, "invitee": invitee, "tag": b64(answer), "pinned": None}
    pinned = {"account": patient.id, "key": b64(patient.identity.public)}
    other_key = replace(patient, identity=stranger.identity)
    cases += variations(
        "tag_p",
        rightly,
        another
        | {
            "for another inviter key": {"inviter": {**inviter, "key": b64(stranger.identity.public)}},
            "for another inviter": {"inviter": {**inviter, "account": stranger.id}},
            "another key": {"invitee": {**invitee, "key": b64(stranger.identity.public)}},
            "another account": {"invitee": {**invitee, "account": stranger.id}},
            "another name": {"invitee": {**invitee, "name": "Anna"}},
            "the inviter's tag": {"tag": b64(tag)},
            "a second right answer": {
                "invitee": {
                    "account": stranger.id,
                    "key": b64(stranger.identity.public),
                    "name": stranger.name,
                },
                "tag": b64(second),
                "pinned": pinned,
            },
            "a second right answer of the same account": {
                "invitee": {**invitee, "key": b64(stranger.identity.public)},
                "tag": b64(invitee_tag(secret, invite, therapist.pin, other_key.party)),
                "pinned": pinned,
            },
        },
    )
    cases.append(case("tag_p", "tag_p: the first answer again", ACCEPTED, **{**rightly, "pinned": pinned}))
    card = seal_card(secret, invite, "inviter", therapist.id, therapist.name)
    cases += variations(
        "card",
        {**common, "role": "inviter", "account": therapist.id, "sealed": b64(card)},
        another | {"another role": {"role": "invitee"}, "another account": {"account": stranger.id}},
    )
    link = make_link("https://aftertide.example", invite, secret)
    links = [
        ("as made", link, ACCEPTED),
        ("without the fragment", link.split("#")[0], REFUSED),
        ("cut", link[:-1], REFUSED),
        ("another page", link.replace("/join/", "/other/"), REFUSED),
        ("another id", link.replace(invite, "1"), REFUSED),
    ]
    return cases + [case("link", f"link: {name}", expect, link=text) for name, text, expect in links]


def make() -> list[Case]:
    """Make the cases of this module; keys in them are new each time."""
    return [
        made
        for part in (_records, _memory, _grants, _kinds, _keys, _private_keys, _previous, _invitations)
        for made in part()
    ]
