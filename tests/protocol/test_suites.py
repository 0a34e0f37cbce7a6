"""Whole accounts made by each implementation, and by a third one from the text alone, open here byte for byte."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import pytest
from aftertide.protocol import padded_length
from aftertide.protocol.drafts import open_draft
from aftertide.protocol.encoding import b64, ctx, unb64
from aftertide.protocol.grants import Grant, check_named, open_grant
from aftertide.protocol.invitations import (
    InvitationSecret,
    Party,
    check_digits,
    invitee_tag,
    inviter_tag,
    open_card,
)
from aftertide.protocol.keys import AccountKey, Identity, RecordKey, key_id_of
from aftertide.protocol.kit import print_kit, read_kit
from aftertide.protocol.memory import Seen, judge, seen_of
from aftertide.protocol.primitives import mac
from aftertide.protocol.records import Head, check_proof, make_tombstone, open_body, prove, unwrap_key
from aftertide.protocol.slots import PRF_INPUT, kit_secrets, open_slot, passkey_key, passphrase_secrets

VECTORS = Path(__file__).parents[2] / "protocol" / "vectors"
FILES = ["suite1.json", "python.json", "typescript.json"]

Vectors: TypeAlias = dict[str, Any]


@pytest.fixture(scope="module", params=FILES)
def suite(request: pytest.FixtureRequest) -> Vectors:
    found: Vectors = json.loads((VECTORS / request.param).read_text(encoding="utf-8"))
    return found


def accounts(suite: Vectors) -> dict[str, Vectors]:
    return {account["id"]: account for account in suite["accounts"]}


def identity(suite: Vectors, account: str) -> Identity:
    return Identity(unb64(accounts(suite)[account]["private"]))


def head_of(revision: Vectors) -> Head:
    return Head(*(revision[name] for name in ("record", "owner", "about", "epoch", "revision", "base")))


def sealed_revisions(suite: Vectors) -> Iterator[tuple[Head, bytes, Vectors]]:
    for revision in suite["revisions"]:
        yield head_of(revision), unb64(revision["body"]), revision


def test_every_slot_opens_the_account_key_and_gives_the_same_auth(suite: Vectors) -> None:
    for account in suite["accounts"]:
        for slot in account["slots"]:
            if slot["method"] == "passphrase":
                secrets = passphrase_secrets(account["passphrase"], account["email"], unb64(slot["salt"]))
            elif slot["method"] == "recovery":
                secrets = kit_secrets(read_kit(slot["kit"]))
                assert print_kit(read_kit(slot["kit"])) == slot["kit"]
            else:
                continue
            assert b64(secrets.auth.reveal) == slot["auth"]
            opened = open_slot(
                secrets.slot_key, account["id"], slot["id"], slot["method"], slot["gen"], unb64(slot["sealed"])
            )
            assert b64(opened.reveal) == account["ak"]


@pytest.mark.parametrize("name", ["python.json", "typescript.json"])
def test_the_slot_of_a_passkey_opens_with_its_prf_output(name: str) -> None:
    suite: Vectors = json.loads((VECTORS / name).read_text(encoding="utf-8"))
    for account in suite["accounts"]:
        (slot,) = [one for one in account["slots"] if one["method"] == "passkey"]
        key = passkey_key(unb64(slot["prf"]))
        opened = open_slot(key, account["id"], slot["id"], "passkey", slot["gen"], unb64(slot["sealed"]))
        assert b64(opened.reveal) == account["ak"]


def test_a_passkey_is_asked_for_the_hash_of_the_protocols_words() -> None:
    assert PRF_INPUT.hex() == "3583fc9df89a3bd86e3ff4bae6a81fc37b8212939726eac623090e1caafd9da2"


def test_the_salt_of_an_email_follows_from_the_salt_secret(suite: Vectors) -> None:
    for account in suite["accounts"]:
        salts = {slot["salt"] for slot in account["slots"] if slot["method"] == "passphrase"}
        assert salts == {b64(mac(unb64(suite["salt_secret"]), account["email"].encode())[:16])}


def test_keys_follow_from_the_account_key_and_the_private_key(suite: Vectors) -> None:
    for account in suite["accounts"]:
        keys = AccountKey(unb64(account["ak"])).derive()
        derived = {
            "record-wrap": keys.record_wrap,
            "record-proof": keys.record_proof,
            "private-keys": keys.private_keys,
        }
        # A browser can't export them: the file it makes hasn't got them, and what they open shows that they are the same.
        assert {name: b64(key.reveal) for name, key in derived.items() if name in account} == {
            name: account[name] for name in derived if name in account
        }
        opened = Identity.open_private(
            keys, account["id"], account["key_id"], account["gen"], unb64(account["private_sealed"]), "present"
        )
        assert b64(opened.public) == account["public"]
        assert opened.key_id == account["key_id"] == key_id_of(unb64(account["public"]))


def test_every_revision_opens_for_its_owner_and_its_proof_is_the_same(suite: Vectors) -> None:
    for head, body, revision in sealed_revisions(suite):
        keys = AccountKey(unb64(accounts(suite)[head.owner]["ak"])).derive()
        check_proof(keys.record_proof, head, body, unb64(revision["proof"]))
        assert b64(prove(keys.record_proof, head, body)) == revision["proof"]
        key = unwrap_key(keys.record_wrap, head, unb64(revision["wrapped"]))
        assert b64(key.reveal) == revision["rk"]
        assert open_body(key, head, body) == revision["json"]


def test_revisions_follow_one_another(suite: Vectors) -> None:
    seen: dict[str, Seen] = {}
    for head, body, _ in sealed_revisions(suite):
        arrived = seen_of(head, body)
        assert judge(seen.get(head.record), arrived, head.base) == "new"
        assert judge(arrived, arrived, head.base) == "same"
        seen[head.record] = arrived
    assert any(state.revision > 1 for state in seen.values())


def test_every_grant_opens_the_key_of_its_epoch_and_is_named_in_the_body(suite: Vectors) -> None:
    for shown in suite["grants"]:
        grant = Grant(**{**shown, "sealed": unb64(shown["sealed"])})
        pinned = unb64(accounts(suite)[grant.owner]["public"])
        reader = identity(suite, grant.grantee)
        key = open_grant(reader, grant.grantee, grant, pinned)
        of_epoch = [
            (head, body)
            for head, body, _ in sealed_revisions(suite)
            if (head.record, head.epoch) == (grant.record, grant.epoch)
        ]
        assert of_epoch
        for head, body in of_epoch:
            check_named(open_body(key, head, body), grant.grantee, reader.key_id, grant.attention)


def test_the_tombstone_is_the_same(suite: Vectors) -> None:
    tombstone = suite["tombstone"]
    keys = AccountKey(unb64(accounts(suite)[tombstone["owner"]]["ak"])).derive()
    made = make_tombstone(keys.record_proof, tombstone["record"], tombstone["owner"], tombstone["revision"])
    assert b64(made) == tombstone["mac"]


def test_the_invitation_gives_the_same_tags_and_its_cards_open(suite: Vectors) -> None:
    invitation = suite["invitation"]
    secret = InvitationSecret(unb64(invitation["K"]))
    names = {}
    for card in invitation["cards"]:
        name = open_card(secret, invitation["id"], card["role"], card["account"], unb64(card["sealed"]))
        assert name == card["json"]["name"]
        names[card["role"]] = name
    inviter = Party(invitation["inviter"], identity(suite, invitation["inviter"]).public, names["inviter"])
    invitee = Party(invitation["invitee"], identity(suite, invitation["invitee"]).public, names["invitee"])
    assert b64(secret.redeem_hash) == invitation["redeem_hash"]
    assert b64(inviter_tag(secret, invitation["id"], inviter)) == invitation["tag_t"]
    answer = invitee_tag(secret, invitation["id"], (inviter.account, inviter.key), invitee)
    assert b64(answer) == invitation["tag_p"]


def test_check_digits_are_the_same_from_both_sides(suite: Vectors) -> None:
    one, other = ((account["id"], unb64(account["public"])) for account in suite["accounts"])
    assert check_digits(one, other) == check_digits(other, one) == suite["check_digits"]


def test_the_draft_opens_with_the_own_key(suite: Vectors) -> None:
    draft = suite["draft"]
    opened = open_draft(identity(suite, draft["account"]), draft["account"], draft["id"], unb64(draft["sealed"]))
    assert opened.decode() == draft["text"]


def test_padding_and_contexts_are_the_same(suite: Vectors) -> None:
    assert [[length, padded_length(length)] for length, _ in suite["padding"]] == suite["padding"]
    for arguments, printed in suite["ctx"]:
        assert ctx(*arguments).decode() == printed


def test_a_record_key_of_one_epoch_opens_nothing_of_another(suite: Vectors) -> None:
    by_record: dict[str, set[str]] = {}
    for head, _, revision in sealed_revisions(suite):
        RecordKey(unb64(revision["rk"]))
        by_record.setdefault(f"{head.record} {head.epoch}", set()).add(revision["rk"])
    assert all(len(keys) == 1 for keys in by_record.values())
    assert len(set().union(*by_record.values())) == len(by_record)
