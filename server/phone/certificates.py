"""A certificate authority of this machine's own, and a certificate for its address.

The authority is good for local addresses only (name constraints, RFC 5280 section 4.2.1.10): whoever took its key could
stand in for no site beyond the local network.
"""

import datetime as dt
import ipaddress
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from server.phone.addresses import LOCAL

AUTHORITY = dt.timedelta(days=730)
LEAF = dt.timedelta(days=90)
"""Phones refuse longer ones: iOS takes at most 825 days."""
EARLIER = dt.timedelta(days=1)
"""A phone's clock may be behind."""


@dataclass(frozen=True)
class Certificates:
    """Where the certificates lie: `authority` is what a phone is asked to trust, the others are the server's."""

    authority: Path
    certificate: Path
    key: Path


def certificates_for(address: ipaddress.IPv4Address, folder: Path, now: dt.datetime) -> Certificates:
    """Make what `folder` lacks: the authority once, so that a phone trusts it once; a certificate for `address` each time.

    `now` is aware. Keys are readable by their owner only.
    """
    folder.mkdir(parents=True, exist_ok=True)
    made = Certificates(folder / "authority.crt", folder / "certificate.pem", folder / "key.pem")
    authority_key = folder / "authority-key.pem"
    if not _lasts(made.authority, now) or not authority_key.exists():
        key = ec.generate_private_key(ec.SECP256R1())
        _write_key(authority_key, key)
        # DER: what iOS and Android take for a certificate to install.
        made.authority.write_bytes(_authority(key, now).public_bytes(serialization.Encoding.DER))
    authority = x509.load_der_x509_certificate(made.authority.read_bytes())
    signer = serialization.load_pem_private_key(authority_key.read_bytes(), password=None)
    if not isinstance(signer, ec.EllipticCurvePrivateKey):
        raise TypeError("the authority's key isn't one that was made here")
    key = ec.generate_private_key(ec.SECP256R1())
    _write_key(made.key, key)
    leaf = _leaf(address, key, authority, signer, now)
    made.certificate.write_bytes(leaf.public_bytes(serialization.Encoding.PEM))
    return made


def _lasts(authority: Path, now: dt.datetime) -> bool:
    if not authority.exists():
        return False
    return x509.load_der_x509_certificate(authority.read_bytes()).not_valid_after_utc > now + LEAF


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as file:
        file.write(pem)


def _builder(
    name: str, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, now: dt.datetime, lasts: dt.timedelta
) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + lasts)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs, key_cert_sign=signs, crl_sign=signs, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip


def _authority(key: ec.EllipticCurvePrivateKey, now: dt.datetime) -> x509.Certificate:
    name = "Aftertide on this network"
    issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    permitted = [*(x509.IPAddress(network) for network in LOCAL), x509.DNSName("localhost")]
    return (
        _builder(name, issuer, key, now, AUTHORITY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(_usage(signs=True), critical=True)
        .add_extension(x509.NameConstraints(permitted, None), critical=True)
        .sign(key, hashes.SHA256())
    )


def _leaf(
    address: ipaddress.IPv4Address,
    key: ec.EllipticCurvePrivateKey,
    authority: x509.Certificate,
    signer: ec.EllipticCurvePrivateKey,
    now: dt.datetime,
) -> x509.Certificate:
    by = x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key())
    return (
        _builder("Aftertide", authority.subject, key, now, LEAF)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(address)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(by, critical=False)
        .sign(signer, hashes.SHA256())
    )
