"""The DNS servers of this machine, as far as systems differ in telling them."""

from __future__ import annotations

import sys
from ipaddress import ip_address, ip_network

import dns.exception

UNREADABLE: tuple[type[Exception], ...] = (OSError, AttributeError, ValueError, dns.exception.DNSException)
"""What dnspython lets out where Windows' adapters or registry say something that it does not expect."""
NEVER_THERE = ip_network("fec0:0:0:ffff::/64")
"""What Windows lists for an adapter whose IPv6 has no DNS server configured; nobody has had these addresses since
RFC 3879."""


def never_there(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]) in NEVER_THERE
    except ValueError:  # a name, or a URL of DNS over HTTPS
        return False


if sys.platform == "win32":
    import dns.win32util

    def prepare() -> None:
        """Have the adapters asked that are up, in the order in which Windows uses them (GetAdaptersAddresses).

        dnspython's usual way reads the registry, with what adapters have that are switched off or gone.
        """
        dns.win32util.set_config_method(dns.win32util.ConfigMethod.Win32)

else:

    def prepare() -> None:
        """resolv.conf says all."""
