"""What devices make and sign with passkeys, checked by `webauthn` (Web Authentication Level 3): for this site, by a verified person."""

from functools import cache
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric import ec
from webauthn import verify_authentication_response, verify_registration_response
from webauthn.helpers import bytes_to_base64url, encode_cbor, parse_attestation_object, parse_client_data_json
from webauthn.helpers.cose import COSEAlgorithmIdentifier
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AttestationFormat,
    AuthenticationCredential,
    AuthenticatorAssertionResponse,
    AuthenticatorAttestationResponse,
    CredentialDeviceType,
    RegistrationCredential,
)

from server.accounts.errors import MalformedPasskey, PasskeysOff, WrongPasskey
from server.accounts.passkey_structs import Assertion, Attestation

ALGORITHMS = [
    COSEAlgorithmIdentifier.EDDSA,
    COSEAlgorithmIdentifier.ECDSA_SHA_256,
    COSEAlgorithmIdentifier.RSASSA_PKCS1_v1_5_SHA_256,
]
"""Which the app asks for, too (`pwa/src/store/authenticator.ts`)."""

# What the libraries below raise for bytes that no device makes.
_UNREADABLE = (
    WebAuthnException, ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, RecursionError,
)  # fmt: skip


class Site(NamedTuple):
    """Where passkeys are made and used: the exact origin, and the name that they are bound to, if there is one."""

    origin: str
    rp_id: str | None

    def require_name(self) -> str:
        """Return the name; raises PasskeysOff where there is none."""
        if self.rp_id is None:
            raise PasskeysOff
        return self.rp_id


class Made(NamedTuple):
    """A new passkey, as its device says."""

    credential: bytes
    public_key: bytes
    """COSE_Key (RFC 9052)."""
    sign_count: int
    backup_eligible: bool
    backed_up: bool


class Used(NamedTuple):
    """How a passkey stood when it signed."""

    sign_count: int
    backup_eligible: bool
    backed_up: bool


def challenge_of(answer: Attestation | Assertion) -> bytes:
    """Return the challenge that is answered; raises MalformedPasskey or WrongPasskey, also for a frame in somebody's page."""
    refusal = MalformedPasskey if isinstance(answer, Attestation) else WrongPasskey
    try:
        said = parse_client_data_json(answer.client_data)
    except _UNREADABLE:
        raise refusal from None
    if said.cross_origin:
        raise refusal
    return said.challenge


def check_made(answer: Attestation, challenge: bytes, site: Site) -> Made:
    """Check a new passkey.

    Raises PasskeysOff, and MalformedPasskey for another site, nobody verified, other algorithms, or an attestation, which
    nobody asked for: what would check one isn't reached.
    """
    name = site.require_name()
    try:
        if parse_attestation_object(answer.attestation_object).fmt != AttestationFormat.NONE:
            raise MalformedPasskey
        found = verify_registration_response(
            credential=RegistrationCredential(
                id=bytes_to_base64url(answer.id),
                raw_id=answer.id,
                response=AuthenticatorAttestationResponse(
                    client_data_json=answer.client_data, attestation_object=answer.attestation_object
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=name,
            expected_origin=site.origin,
            require_user_verification=True,
            supported_pub_key_algs=ALGORITHMS,
        )
    except _UNREADABLE:
        raise MalformedPasskey from None
    if found.credential_id != answer.id:
        raise MalformedPasskey
    return Made(
        found.credential_id,
        found.credential_public_key,
        found.sign_count,
        found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        found.credential_backed_up,
    )


def check_used(answer: Assertion, challenge: bytes, site: Site, public_key: bytes) -> Used:
    """Check what a passkey signed; raises PasskeysOff, and WrongPasskey for another site, nobody verified, or another key.

    The counter is the caller's to judge: it counts only once the signature is known to be right.
    """
    name = site.require_name()
    try:
        found = verify_authentication_response(
            credential=AuthenticationCredential(
                id=bytes_to_base64url(answer.id),
                raw_id=answer.id,
                response=AuthenticatorAssertionResponse(
                    client_data_json=answer.client_data,
                    authenticator_data=answer.authenticator_data,
                    signature=answer.signature,
                    user_handle=answer.user_handle,
                ),
            ),
            expected_challenge=challenge,
            expected_rp_id=name,
            expected_origin=site.origin,
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except _UNREADABLE:
        raise WrongPasskey from None
    return Used(
        found.new_sign_count,
        found.credential_device_type is CredentialDeviceType.MULTI_DEVICE,
        found.credential_backed_up,
    )


@cache
def nobodys_key() -> bytes:
    """Return a public key whose private part nobody kept, so that an unknown passkey costs as much work as a known one."""
    numbers = ec.generate_private_key(ec.SECP256R1()).public_key().public_numbers()
    return encode_cbor({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)})
