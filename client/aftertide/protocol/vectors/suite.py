"""Whole accounts, made by this implementation for others to open."""

from dataclasses import dataclass, field
from typing import Any, Final

from aftertide.protocol.drafts import seal_draft
from aftertide.protocol.encoding import MAX_INTEGER, b64, ctx, new_id
from aftertide.protocol.grants import seal_grant
from aftertide.protocol.ijson import JsonObject
from aftertide.protocol.invitations import (
    CardRole,
    InvitationSecret,
    Party,
    check_digits,
    invitee_tag,
    inviter_tag,
    seal_card,
)
from aftertide.protocol.keys import AccountKey, DerivedKeys, Identity, RecordKey, SecretKey
from aftertide.protocol.kinds import Attention
from aftertide.protocol.kit import new_kit_secret, print_kit
from aftertide.protocol.padding import padded_length
from aftertide.protocol.primitives import mac
from aftertide.protocol.records import Head, make_tombstone, prove, seal_body, wrap_key
from aftertide.protocol.slots import (
    SALT_LENGTH,
    Method,
    SlotSecrets,
    kit_secrets,
    passkey_key,
    passphrase_secrets,
    seal_slot,
)

GEN: Final = 1
_EDGES: Final = (1, 1_023, 1_024, 1_025, 2_048, 8_193, 16_384, 16_385, 70_000, 2**20, 2**20 + 1)

Reading = tuple["Person", Attention]


@dataclass(frozen=True)
class Person:
    """An account with everything in the open, for vectors and tests."""

    email: str
    passphrase: str
    name: str
    id: str = field(default_factory=new_id)
    account_key: AccountKey = field(default_factory=AccountKey.new)
    identity: Identity = field(default_factory=Identity.new)

    @property
    def keys(self) -> DerivedKeys:
        """What its devices hold while unlocked."""
        return self.account_key.derive()

    @property
    def pin(self) -> tuple[str, bytes]:
        """Account and public key, as a contact pins them."""
        return self.id, self.identity.public

    @property
    def party(self) -> Party:
        """Its side of an invitation."""
        return Party(self.id, self.identity.public, self.name)


@dataclass
class Suite:
    """Collects what people make, in the shape of the vector files."""

    salt_secret: SecretKey = field(default_factory=SecretKey.new)
    revisions: list[dict[str, Any]] = field(default_factory=list)
    grants: list[dict[str, Any]] = field(default_factory=list)

    def account(self, person: Person) -> dict[str, Any]:
        """Seal an account key in a passphrase and a recovery slot, and the private key under it."""
        salt = mac(self.salt_secret.reveal, person.email.encode())[:SALT_LENGTH]
        kit = new_kit_secret()
        return {
            "id": person.id,
            "email": person.email,
            "gen": GEN,
            "passphrase": person.passphrase,
            "ak": b64(person.account_key.reveal),
            "private": b64(person.identity.private.private_bytes_raw()),
            "public": b64(person.identity.public),
            "key_id": person.identity.key_id,
            "record-wrap": b64(person.keys.record_wrap.reveal),
            "record-proof": b64(person.keys.record_proof.reveal),
            "private-keys": b64(person.keys.private_keys.reveal),
            "slots": [
                _slot(
                    person,
                    "passphrase",
                    passphrase_secrets(person.passphrase, person.email, salt),
                    {"salt": b64(salt)},
                ),
                _slot(person, "recovery", kit_secrets(kit), {"kit": print_kit(kit)}),
                passkey_slot(person, SecretKey.new().reveal),
            ],
            "private_sealed": b64(person.identity.seal_private(person.keys, person.id, GEN, "present")),
        }

    def save(
        self, owner: Person, head: Head, key: RecordKey, content: JsonObject, readers: tuple[Reading, ...] = ()
    ) -> bytes:
        """Seal a revision with its grants and keep both; returns the body."""
        said: JsonObject = {
            **content,
            "readers": [
                {"account": reader.id, "key_id": reader.identity.key_id, "attention": attention}
                for reader, attention in readers
            ],
        }
        body = seal_body(key, head, said)
        self.revisions.append(
            {
                "record": head.record,
                "owner": head.owner,
                "about": head.about,
                "epoch": head.epoch,
                "revision": head.revision,
                "base": head.base,
                "rk": b64(key.reveal),
                "wrapped": b64(wrap_key(owner.keys.record_wrap, head, key)),
                "body": b64(body),
                "proof": b64(prove(owner.keys.record_proof, head, body)),
                "json": said,
            }
        )
        for reader, attention in readers:
            grant = seal_grant(
                owner.identity, head.record, owner.id, reader.id, head.epoch, attention, reader.identity.public, key
            )
            self.grants.append(
                {
                    "record": grant.record,
                    "owner": grant.owner,
                    "grantee": grant.grantee,
                    "epoch": grant.epoch,
                    "attention": grant.attention,
                    "sealed": b64(grant.sealed),
                }
            )
        return body


def _slot(person: Person, method: Method, secrets: SlotSecrets, said: dict[str, str]) -> dict[str, Any]:
    slot = new_id()
    sealed = seal_slot(secrets.slot_key, person.id, slot, method, GEN, person.account_key)
    auth = b64(secrets.auth.reveal)
    return {"id": slot, "method": method, "gen": GEN, **said, "auth": auth, "sealed": b64(sealed)}


def passkey_slot(person: Person, prf: bytes) -> dict[str, Any]:
    """Seal an account key in the slot of a passkey that gives this PRF output."""
    slot = new_id()
    sealed = seal_slot(passkey_key(prf), person.id, slot, "passkey", GEN, person.account_key)
    return {"id": slot, "method": "passkey", "gen": GEN, "prf": b64(prf), "sealed": b64(sealed)}


def first_head(owner: Person, about: str = "") -> Head:
    """Return the head of a new record's first revision."""
    return Head(new_id(), owner.id, about, 1, 1, "")


def _entry(text: str, **fields: Any) -> JsonObject:
    return {
        "kind": "entry",
        "v": 1,
        "form": "free",
        "written": "2026-11-20T23:05:00-08:00",
        "zone": "America/Vancouver",
        "text": text,
        "sliders": {},
        "feelings": [],
        **fields,
    }


def _write_entries(suite: Suite, patient: Person, therapist: Person) -> Head:
    head, key = first_head(patient), RecordKey.new()
    body = suite.save(patient, head, key, _entry("The tide went out. ‘Why’ stayed.", sliders={"mood": 4}))
    head, key = head.following(body, new_epoch=True), RecordKey.new()
    shared = _entry("The tide went out. Niño, 海, 🐚: all of it lay there.", feelings=["calm", "añoranza"])
    body = suite.save(patient, head, key, shared, ((therapist, 1),))
    head = head.following(body, new_epoch=False)
    changed: JsonObject = {**shared, "prompt": "What did the water bring?", "colour-of-the-sea": ["kept", {"as": 1.5}]}
    suite.save(patient, head, key, changed, ((therapist, 1),))
    soon = first_head(patient)
    suite.save(patient, soon, RecordKey.new(), _entry("Please look at this one."), ((therapist, 2),))
    taken, key = first_head(patient), RecordKey.new()
    body = suite.save(patient, taken, key, _entry("x" * 20_000, form="after-session"), ((therapist, 0),))
    suite.save(patient, taken.following(body, new_epoch=True), RecordKey.new(), _entry("Mine again."))
    return head


def _write_the_rest(suite: Suite, patient: Person, therapist: Person, entry: Head, invite: str) -> None:
    at, zone = "2026-11-21T09:00:00Z", "America/Vancouver"
    comment: JsonObject = {"kind": "comment", "v": 1, "written": at, "zone": zone, "text": "Thank you.", "revision": 3}
    suite.save(therapist, first_head(therapist, entry.record), RecordKey.new(), comment, ((patient, 0),))
    agreement = first_head(therapist)
    words: JsonObject = {
        "kind": "agreement",
        "v": 1,
        "written": at,
        "zone": zone,
        "version": 1,
        "patient": patient.id,
        "text": "I read on Mondays.",
        "answers": "in-session",
    }
    suite.save(therapist, agreement, RecordKey.new(), words, ((patient, 0),))
    accepted: JsonObject = {"kind": "receipt", "v": 1, "written": at, "purpose": "accepted", "revision": 1}
    suite.save(patient, first_head(patient, agreement.record), RecordKey.new(), accepted, ((therapist, 0),))
    for owner, known, role in ((patient, therapist, "therapist"), (therapist, patient, "patient")):
        contact: JsonObject = {
            "kind": "contact",
            "v": 1,
            "account": known.id,
            "key": b64(known.identity.public),
            "name": known.name,
            "role": role,
            "verified": {"how": "invitation", "at": at, "invitation": invite},
        }
        suite.save(owner, first_head(owner), RecordKey.new(), contact)
    answered: JsonObject = {
        "kind": "invitation",
        "v": 1,
        "name": patient.name,
        "created": at,
        "expires": "2026-11-28T09:00:00Z",
        "state": "answered",
        "contact": patient.id,
    }
    suite.save(therapist, Head(invite, therapist.id, "", 1, 1, ""), RecordKey.new(), answered)
    settings: JsonObject = {"kind": "settings", "v": 1, "name": patient.name, "language": "es"}
    suite.save(patient, first_head(patient), RecordKey.new(), settings)
    unsent = {name: value for name, value in _entry("Not yet said.").items() if name not in {"kind", "v"}}
    draft: JsonObject = {"kind": "draft", "v": 1, "written": at, "base": 3, "entry": unsent}
    suite.save(patient, first_head(patient, entry.record), RecordKey.new(), draft)


def _invitation(patient: Person, therapist: Person, invite: str) -> dict[str, Any]:
    secret = InvitationSecret.new()
    sides: tuple[tuple[CardRole, Person], ...] = (("inviter", therapist), ("invitee", patient))
    return {
        "id": invite,
        "K": b64(secret.reveal),
        "inviter": therapist.id,
        "invitee": patient.id,
        "cards": [
            {
                "role": role,
                "account": named.id,
                "json": {"name": named.name},
                "sealed": b64(seal_card(secret, invite, role, named.id, named.name)),
            }
            for role, named in sides
        ],
        "redeem_hash": b64(secret.redeem_hash),
        "tag_t": b64(inviter_tag(secret, invite, therapist.party)),
        "tag_p": b64(invitee_tag(secret, invite, therapist.pin, patient.party)),
    }


def make() -> dict[str, Any]:
    """Make a suite: two accounts, every kind of this version, grants, a tombstone, an invitation, a draft."""
    patient = Person("ana@example.org", "Übergang-ﬁn ½ marée ", "Ana Muñoz")
    therapist = Person("rivera@example.org", "five plain words for her", "Dr. Rivera")
    suite, invite = Suite(), new_id()
    entry = _write_entries(suite, patient, therapist)
    _write_the_rest(suite, patient, therapist, entry, invite)
    gone, draft, text = new_id(), new_id(), "half a sentence, ½"
    contexts: tuple[tuple[str | int, ...], ...] = (("a", 0, ""), ("aftertide/1/x", " ~", MAX_INTEGER))
    return {
        "suite": 1,
        "note": "made by client/aftertide/protocol (python -m aftertide.protocol.vectors)",
        "accounts": [suite.account(patient), suite.account(therapist)],
        "salt_secret": b64(suite.salt_secret.reveal),
        "revisions": suite.revisions,
        "grants": suite.grants,
        "tombstone": {
            "record": gone,
            "owner": patient.id,
            "revision": 4,
            "mac": b64(make_tombstone(patient.keys.record_proof, gone, patient.id, 4)),
        },
        "invitation": _invitation(patient, therapist, invite),
        "check_digits": check_digits(patient.pin, therapist.pin),
        "draft": {
            "id": draft,
            "account": patient.id,
            "text": text,
            "sealed": b64(seal_draft(patient.identity.public, patient.id, draft, text.encode())),
        },
        "padding": [[length, padded_length(length)] for length in _EDGES],
        "ctx": [[list(arguments), ctx(*arguments).decode()] for arguments in contexts],
    }
