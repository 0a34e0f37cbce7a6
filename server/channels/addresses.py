"""Which network addresses are anybody's, and which only this network's: a push goes to the former."""

import ipaddress
import socket
from collections.abc import Callable

from aiohappyeyeballs import AddrInfoType

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
"""RFC 6052: an IPv4 address in its last 32 bits. A network's own prefix for this (RFC 8215) counts as private."""
_COMPATIBLE = ipaddress.IPv6Network("::/96")


class PrivateAddress(OSError):
    """The address that a name led to isn't a public one."""


def is_public(address: Address) -> bool:
    """Tell whether an address is reachable by everybody: not private, shared (100.64/10), local, multicast or reserved.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, NAT64) is what that one is.
    """
    if isinstance(address, ipaddress.IPv6Address):
        carried = address.ipv4_mapped or address.sixtofour
        if carried is None and address in _NAT64:
            carried = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if carried is not None:
            return is_public(carried)
        if address.is_site_local or address in _COMPATIBLE:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


def public_socket(own_ports: frozenset[int]) -> Callable[[AddrInfoType], socket.socket]:
    """Make what opens a socket for each address that a connection is tried to, only where that is a public one.

    It sees the address itself, after every look-up, so that a name can't lead elsewhere than when it was checked. `own_ports`
    are those of a push service of one's own, in development. Raises PrivateAddress.
    """

    def open_socket(found: AddrInfoType) -> socket.socket:
        family, kind, protocol, _, where = found
        host, port = str(where[0]).partition("%")[0], where[1]
        if port not in own_ports and not is_public(ipaddress.ip_address(host)):
            raise PrivateAddress
        return socket.socket(family, kind, protocol)

    return open_socket
