"""This machine's address on the local network."""

import ipaddress
import socket

LOCAL = tuple(
    ipaddress.IPv4Network(network)
    for network in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16")
)
"""Networks that nobody reaches from outside: what the certificates made here may speak for."""


class NoLocalAddress(Exception):
    """There is no local network, or the address isn't on one; the message says what to do."""


def local_address(wanted: str = "") -> ipaddress.IPv4Address:
    """Return `wanted`, or the address by which others on the local network reach this machine.

    Raises NoLocalAddress where there is none, or where it is a public one.
    """
    if not wanted:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            try:
                # Sends nothing: it only asks the system by which of its addresses it would leave (192.0.2.0/24 is nobody's, RFC 5737).
                probe.connect(("192.0.2.1", 9))
            except OSError:
                raise NoLocalAddress(
                    "this machine is on no network: join the phone's Wi-Fi, or name an address with --address"
                ) from None
            wanted = str(probe.getsockname()[0])
    try:
        address = ipaddress.IPv4Address(wanted)
    except ValueError:
        raise NoLocalAddress(f"{wanted!r} isn't an address such as 192.168.1.20") from None
    if not any(address in network for network in LOCAL):
        raise NoLocalAddress(
            f"{address} isn't on a local network: `phone` is for trying Aftertide at home, not for serving it"
        )
    return address
