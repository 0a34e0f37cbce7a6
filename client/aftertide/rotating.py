"""New keys for an account whose old ones somebody may have: made, everything of the account made anew under them, swapped.

Cut off anywhere it goes on: whoever signs in with the new passphrase or kit finds the keys to come, and finishes.
"""

from dataclasses import dataclass, field

from aftertide import wire, wire_rotation
from aftertide.api import Api
from aftertide.errors import RefusedError
from aftertide.keyring import new_kit_slot, new_passphrase_slot
from aftertide.memory import Memory
from aftertide.protocol.encoding import b64u
from aftertide.protocol.keys import AccountKey, DerivedKeys, Identity
from aftertide.protocol.records import Head
from aftertide.protocol.rotation import (
    open_previous,
    renew_identity,
    renew_proof,
    renew_tombstone,
    renew_wrap,
    seal_previous,
)

_UNFINISHED = "rotation-unfinished"
_NONE = "no-rotation"
_ROUNDS = 20
"""Times that everything is looked through: once is enough unless somebody goes on writing meanwhile."""


@dataclass(frozen=True, slots=True)
class Prepared:
    """New keys that nobody else knows yet; `kit` is to be on paper before they are sent."""

    kit: str = field(repr=False)
    keys: wire_rotation.NewKeys = field(repr=False)
    new: AccountKey = field(repr=False)
    former: AccountKey = field(repr=False)


async def prepare(me: wire.Me, former: AccountKey, passphrase: str, salt: bytes) -> Prepared:
    """Make new keys for an account; raises PassphraseError."""
    new, identity, gen = AccountKey.new(), Identity.new(), me.gen + 1
    by_passphrase = await new_passphrase_slot(me.id, gen, passphrase, me.email, salt, new)
    by_kit, kit = new_kit_slot(me.id, gen, new)
    keys = wire_rotation.NewKeys(
        gen=gen,
        slots=[by_passphrase, by_kit],
        previous=seal_previous(new, me.id, gen, former),
        identity=wire.Identity(
            key_id=identity.key_id,
            public_key=identity.public,
            private_sealed=identity.seal_private(new.derive(), me.id, gen, "present"),
            gen=gen,
        ),
    )
    return Prepared(kit, keys, new, former)


def open_former(me: wire.Me, coming: wire.KeysToCome, new: AccountKey) -> AccountKey:
    """Open the account key so far with the one to come; `DoesNotOpenError` where they don't belong together."""
    return open_previous(new, me.id, coming.gen, coming.previous)


class Rotating:
    """Makes everything that an account owns anew under its keys to come."""

    def __init__(
        self, api: Api, account: str, to: wire.Identity, keys: tuple[DerivedKeys, DerivedKeys], memory: Memory
    ) -> None:
        """Go from the former of two `keys` to the new; `to` is the identity that comes with these."""
        self._api = api
        self._account = account
        self._gen = to.gen
        self._key_id = to.key_id
        self._former, self._new = keys
        self._memory = memory

    async def finish(self) -> None:
        """Make everything anew, page by page, and have the server swap it; raises what `Api.ask` raises."""
        for _ in range(_ROUNDS):
            try:
                await self._renew_all()
                await self._api.tell("POST", "/account/rotation/finish", wire_rotation.Finish(self._gen, self._key_id))
            except RefusedError as error:
                if error.code == _NONE and (await self._api.ask(wire.Me, "GET", "/account")).gen == self._gen:
                    return  # another device has finished it at the same time
                if error.code != _UNFINISHED:  # else something was saved meanwhile
                    raise
            else:
                return
        raise RefusedError(409, _UNFINISHED, "another device goes on writing")

    async def _renew_all(self) -> None:
        after: str | None = None
        while True:
            params = {} if after is None else {"after": after}
            page = await self._api.ask(wire_rotation.ToRenew, "GET", "/account/rotation/records", params=params)
            await self._api.tell("PUT", "/account/rotation/records", self._renewed(page))
            after = page.after
            if after is None:
                return

    def _renewed(self, page: wire_rotation.ToRenew) -> wire_rotation.Renewed:
        former, new, owner = self._former, self._new, self._account
        return wire_rotation.Renewed(
            gen=self._gen,
            key_id=self._key_id,
            identities=[
                wire_rotation.NewIdentity(
                    key_id=one.key_id,
                    private_sealed=renew_identity(
                        former, new, owner, one.key_id, (one.gen, self._gen), one.private_sealed
                    ),
                )
                for one in page.identities
            ],
            wraps=[
                wire_rotation.NewWrap(
                    record=one.record,
                    epoch=one.epoch,
                    wrapped=renew_wrap(former, new, Head(one.record, owner, "", one.epoch, 1, ""), one.wrapped),
                )
                for one in page.wraps
            ],
            proofs=[
                wire_rotation.NewProof(record=one.record, revision=one.revision, proof=self._proof(one))
                for one in page.proofs
            ],
            tombstones=[
                wire_rotation.NewTombstone(
                    record=one.record,
                    mac=renew_tombstone(former, new, one.record, owner, one.revision, one.mac),
                )
                for one in page.tombstones
            ],
        )

    def _proof(self, one: wire_rotation.OldProof) -> bytes:
        """Prove a revision anew, unless this device has seen another one under its number."""
        seen = self._memory.seen.get(one.record)
        body_hash = b64u(one.hash)
        if seen is not None and seen.revision == one.revision and seen.hash != body_hash:
            return one.proof
        head = Head(one.record, self._account, "", one.epoch, one.revision, "")
        return renew_proof(self._former, self._new, head, body_hash, one.proof)
