"""Every shared case: what is altered, moved or forged is refused with a type of its own; its right twin is accepted."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aftertide.protocol import is_sealed_length, padded_length
from aftertide.protocol.email import canonical_email
from aftertide.protocol.encoding import b64u, check_id, ctx, unb64, unb64u
from aftertide.protocol.errors import BodyTooLargeError, ProtocolError, SealedFormError
from aftertide.protocol.grants import Grant, check_grants, check_named, open_grant
from aftertide.protocol.hpke import hpke_seal
from aftertide.protocol.ijson import dump, parse
from aftertide.protocol.invitations import (
    InvitationSecret,
    Party,
    accept_answer,
    check_inviter_tag,
    open_card,
    read_link,
)
from aftertide.protocol.keys import AccountKey, Identity, RecordKey, SecretKey
from aftertide.protocol.kinds import check_content, check_counts
from aftertide.protocol.kit import read_kit
from aftertide.protocol.memory import Seen, judge
from aftertide.protocol.padding import pad, unpad
from aftertide.protocol.passphrases import check_new_passphrase
from aftertide.protocol.primitives import unseal
from aftertide.protocol.records import Head, check_proof, check_tombstone, open_body, unwrap_key
from aftertide.protocol.rotation import open_previous
from aftertide.protocol.slots import check_generation, check_kdf, kit_secrets, open_slot, passkey_key

Case: TypeAlias = dict[str, Any]
CASES: list[Case] = json.loads(
    (Path(__file__).parents[2] / "protocol" / "vectors" / "negative.json").read_text(encoding="utf-8")
)


def head_of(case: Case) -> Head:
    return Head(
        case["record"],
        case["owner"],
        case.get("about", ""),
        case["epoch"],
        case.get("revision", 1),
        case.get("base", ""),
    )


def party(said: dict[str, str]) -> Party:
    return Party(said["account"], unb64(said["key"]), said["name"])


def secret(case: Case) -> SecretKey:
    return SecretKey(unb64(case["record-proof"]))


def try_pad(case: Case) -> None:
    padded = pad(bytes(case["length"]))
    assert len(padded) == case["padded"] == padded_length(case["length"] + 1)
    assert unpad(padded) == bytes(case["length"])


def try_sealed_length(case: Case) -> None:
    if not is_sealed_length(case["length"]):
        raise SealedFormError("not a step")


def try_kit(case: Case) -> None:
    assert read_kit(case["typed"]) == unb64(case["secret"])


def try_passphrase(case: Case) -> None:
    check_new_passphrase(case["typed"] if "typed" in case else "".join(map(chr, case["units"])))


def try_slot(case: Case) -> None:
    check_generation(case["gen"], case["highest_gen"])
    key = kit_secrets(unb64(case["secret"])).slot_key
    open_slot(key, case["account"], case["id"], case["method"], case["gen"], unb64(case["sealed"]))


def try_passkey_slot(case: Case) -> None:
    open_slot(
        passkey_key(unb64(case["prf"])), case["account"], case["id"], "passkey", case["gen"], unb64(case["sealed"])
    )


def try_memory(case: Case) -> None:
    arrived = dict(case["arrived"])
    base = arrived.pop("base")
    judge(Seen(**case["seen"]), Seen(**arrived), base)


def try_grant(case: Case) -> None:
    grant = Grant(
        case["record"], case["owner"], case["grantee"], case["epoch"], case["attention"], unb64(case["sealed"])
    )
    pinned = None if case["pinned"] is None else unb64(case["pinned"])
    open_grant(Identity(unb64(case["private"])), case["account"], grant, pinned)


def try_tag_p(case: Case) -> None:
    inviter = party(case["inviter"])
    pinned = case["pinned"] and (case["pinned"]["account"], unb64(case["pinned"]["key"]))
    accept_answer(
        InvitationSecret(unb64(case["K"])),
        case["invite"],
        (inviter.account, inviter.key),
        party(case["invitee"]),
        unb64(case["tag"]),
        pinned,
    )


def try_json(case: Case) -> None:
    value = parse(unb64(case["bytes"]))
    assert parse(dump(value)) == value


CONSTRUCTIONS: dict[str, Callable[[Case], object]] = {
    "ctx": lambda case: ctx(*case["arguments"]),
    "base64": lambda case: unb64(case["text"]),
    "b64u": lambda case: unb64u(case["text"]),
    "id": lambda case: check_id(case["text"]),
    "json": try_json,
    "pad": try_pad,
    "unpad": lambda case: unpad(unb64(case["bytes"])),
    "sealed-length": try_sealed_length,
    "open": lambda case: unseal(unb64(case["key"]), case["aad"].encode(), unb64(case["sealed"])),
    "argon2id": lambda case: check_kdf(case["kdf"], case["m"], case["t"], case["p"]),
    "email": lambda case: canonical_email(case["typed"]),
    "passphrase": try_passphrase,
    "kit": try_kit,
    "slot": try_slot,
    "passkey-slot": try_passkey_slot,
    "private-key": lambda case: Identity.open_private(
        AccountKey(unb64(case["ak"])).derive(),
        case["account"],
        case["key_id"],
        case["gen"],
        unb64(case["sealed"]),
        case["role"],
    ),
    "previous": lambda case: open_previous(
        AccountKey(unb64(case["ak"])), case["account"], case["gen"], unb64(case["sealed"])
    ),
    "body": lambda case: open_body(RecordKey(unb64(case["rk"])), head_of(case), unb64(case["body"])),
    "wrapped": lambda case: unwrap_key(SecretKey(unb64(case["record-wrap"])), head_of(case), unb64(case["wrapped"])),
    "proof": lambda case: check_proof(secret(case), head_of(case), unb64(case["body"]), unb64(case["proof"])),
    "tombstone": lambda case: check_tombstone(
        secret(case), case["record"], case["owner"], case["revision"], unb64(case["mac"])
    ),
    "memory": try_memory,
    "grant": try_grant,
    "named": lambda case: check_named({"readers": case["readers"]}, case["account"], case["key_id"], case["attention"]),
    "grants": lambda case: check_grants(
        {"readers": case["readers"]}, [(shown["grantee"], shown["attention"]) for shown in case["shown"]]
    ),
    "counts": lambda case: check_counts(case["kind"], case["role"], party_to_about=case["party_to_about"]),
    "content": lambda case: check_content(case["content"]),
    "seal-to": lambda case: hpke_seal(unb64(case["public"]), b"", b"x"),
    "tag_t": lambda case: check_inviter_tag(
        InvitationSecret(unb64(case["K"])), case["invite"], party(case["inviter"]), unb64(case["tag"])
    ),
    "tag_p": try_tag_p,
    "card": lambda case: open_card(
        InvitationSecret(unb64(case["K"])), case["invite"], case["role"], case["account"], unb64(case["sealed"])
    ),
    "link": lambda case: b64u(read_link(case["link"])[1].reveal),
}


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_what_is_altered_is_refused_and_what_is_right_is_accepted(case: Case) -> None:
    attempt = CONSTRUCTIONS[case["construction"]]
    if case["expect"] == "accepted":
        attempt(case)
    else:
        with pytest.raises(ProtocolError) as refused:
            attempt(case)
        assert type(refused.value) is not ProtocolError


def test_every_construction_has_cases_of_both_kinds() -> None:
    told = {(case["construction"], case["expect"]) for case in CASES}
    assert told == {(name, expect) for name in CONSTRUCTIONS for expect in ("accepted", "refused")}


def test_a_record_over_one_mebibyte_is_never_sealed() -> None:
    with pytest.raises(BodyTooLargeError):
        pad(bytes(2**20 + 1))
