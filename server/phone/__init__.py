"""Trying the app on a real phone: over TLS on the local network, with a certificate made here."""

from server.phone.addresses import NoLocalAddress, local_address
from server.phone.certificates import Certificates, certificates_for
from server.phone.guide import guide_server, show_guide

__all__ = ["Certificates", "NoLocalAddress", "certificates_for", "guide_server", "local_address", "show_guide"]
