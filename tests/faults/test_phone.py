"""`make phone`: the same app over TLS on the local network, with a certificate that a phone trusts once."""

import contextlib
import os
import signal
import ssl
import stat
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

import httpx
import pytest
from cryptography import x509

from server.phone import NoLocalAddress, certificates_for, local_address
from server.phone.addresses import LOCAL
from tests.conftest import CONTACT, ORIGIN
from tests.faults.processes import free_port

NOW = datetime(2026, 11, 25, tzinfo=UTC)


@contextlib.contextmanager
def phone(folder: Path, *arguments: str) -> Iterator[tuple[int, list[str]]]:
    """Run `aftertide-server phone` until it has said how to get there; gives its port and what it said."""
    port = free_port()
    environment = {
        **os.environ, "AFTERTIDE_ENV": "development", "DATABASE_URL": f"sqlite:{folder}/phone.sqlite", "PORT": str(port),
    }  # fmt: skip
    command = [
        sys.executable,
        "-m",
        "server.cli",
        "phone",
        "--folder",
        str(folder),
        "--address",
        "127.0.0.1",
        *arguments,
    ]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = []
        for line in process.stdout:
            said.append(line)
            if "leads to the app" in line:
                break
        try:
            yield port, said
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def trusting(certificate: bytes) -> ssl.SSLContext:
    """A phone that has installed this certificate and knows no other."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(certificate))
    return context


def test_a_phone_gets_the_certificate_trusts_it_once_and_opens_the_app(tmp_path: Path) -> None:
    with phone(tmp_path) as (port, said):
        assert f"http://127.0.0.1:{port + 1}" in "".join(said)
        assert "▀" in "".join(said), "no QR code was printed"
        guide = httpx.get(f"http://127.0.0.1:{port + 1}/")
        assert f'href="https://127.0.0.1:{port}"' in guide.text
        assert "Certificate Trust Settings" in guide.text
        assert "CA certificate" in guide.text
        certificate = httpx.get(f"http://127.0.0.1:{port + 1}/aftertide.crt")
        assert certificate.headers["content-type"] == "application/x-x509-ca-cert"
        context = trusting(certificate.content)
        page = httpx.get(f"https://127.0.0.1:{port}/", verify=context)
        assert page.headers["strict-transport-security"]
        assert httpx.get(f"https://127.0.0.1:{port}/api/health", verify=context).is_success
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"https://127.0.0.1:{port}/api/health")
        assert httpx.get(f"http://127.0.0.1:{port + 1}/authority-key.pem").status_code == 404
    with phone(tmp_path) as (port, _):
        # Started again: what the phone has trusted still holds.
        assert httpx.get(f"https://127.0.0.1:{port}/api/health", verify=context).is_success


def test_the_authority_speaks_for_local_addresses_only_and_its_keys_are_the_owners(tmp_path: Path) -> None:
    made = certificates_for(IPv4Address("192.168.1.20"), tmp_path, NOW)
    authority = x509.load_der_x509_certificate(made.authority.read_bytes())
    constraints = authority.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    permitted = constraints.value.permitted_subtrees or []
    assert {name.value for name in permitted} == {*LOCAL, "localhost"}
    leaf = x509.load_pem_x509_certificate(made.certificate.read_bytes())
    leaf.verify_directly_issued_by(authority)
    assert leaf.not_valid_after_utc - leaf.not_valid_before_utc < timedelta(days=825)
    for key in (made.key, tmp_path / "authority-key.pem"):
        assert stat.S_IMODE(key.stat().st_mode) == 0o600


def test_an_authority_is_made_anew_before_it_ends(tmp_path: Path) -> None:
    address = IPv4Address("10.0.0.5")
    first = certificates_for(address, tmp_path, NOW).authority.read_bytes()
    assert certificates_for(address, tmp_path, NOW + timedelta(days=600)).authority.read_bytes() == first
    assert certificates_for(address, tmp_path, NOW + timedelta(days=700)).authority.read_bytes() != first


@pytest.mark.parametrize("address", ["8.8.8.8", "journal.example.org", "2001:db8::1"])
def test_what_is_no_local_address_is_refused(address: str) -> None:
    with pytest.raises(NoLocalAddress):
        local_address(address)


def test_production_has_no_phone_command(tmp_path: Path) -> None:
    environment = {
        **os.environ,
        "AFTERTIDE_ENV": "production",
        "AFTERTIDE_ORIGIN": ORIGIN,
        "AFTERTIDE_CONTACT": CONTACT,
    }
    refused = subprocess.run(
        [sys.executable, "-m", "server.cli", "phone", "--folder", str(tmp_path)],
        env=environment, check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert refused.returncode != 0
    assert "for development" in refused.stderr
    assert not list(tmp_path.iterdir())
