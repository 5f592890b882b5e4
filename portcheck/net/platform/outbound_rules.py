r"""Which rules of Windows Firewall forbid a connection, where the system only says that one does (10013).

Keys and rules as in MS-GPFAS (its grammar of a firewall rule; 4.2 has an example):
`v2.10|Action=Block|Active=TRUE|Dir=Out|Protocol=6|RPort=389|RA4=10.0.0.0/255.0.0.0|App=C:\x.exe|Name=…|`.
A rule with a condition that cannot be weighed from here (a service, a package, `LocalSubnet`, an interface) is passed
over; which profile is in force is not asked.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network, summarize_address_range

from portcheck.frozen import dataclass

POLICY = r"SOFTWARE\Policies\Microsoft\WindowsFirewall"
OWN = r"SYSTEM\CurrentControlSet\Services\SharedAccess\Parameters\FirewallPolicy"
PROFILES = {
    "DomainProfile": "domain",
    "StandardProfile": "private",
    "PrivateProfile": "private",
    "PublicProfile": "public",
}
PROTOCOLS = {"tcp": "6", "udp": "17"}
WORDS_ONLY = frozenset({"Action", "Active", "Dir", "Name", "Desc", "EmbedCtxt", "Edge", "Profile", "Protocol", "App"})
PORTS, ADDRESSES = frozenset({"RPort", "RPort2_10"}), frozenset({"RA4", "RA6"})
MOST = 10_000  # rules that are read
LONGEST = 128  # characters of a name
Network = IPv4Network | IPv6Network


@dataclass(frozen=True, slots=True)
class BlockingRule:
    """An active rule against what goes out. Nothing in `ports` or `networks`: all of them; no `program`: every one."""

    name: str
    protocol: str | None = None  # its number, as digits
    ports: tuple[range, ...] = ()
    networks: tuple[Network, ...] = ()
    program: str = ""

    def fits(self, transport: str, address: str, port: int, program: str) -> bool:
        """`tcp` or `udp`; the program by its whole path."""
        return (
            self.protocol in {None, PROTOCOLS[transport]}
            and (not self.ports or any(port in some for some in self.ports))
            and (not self.networks or any(ip_address(address) in network for network in self.networks))
            and (not self.program or self.program.casefold() == program.casefold())
        )


def rule(text: str) -> BlockingRule | None:
    """None for one that allows, that is off, that is about what comes in, or that cannot be weighed from here."""
    pairs = [(name, value) for name, _, value in (part.partition("=") for part in text.split("|")[1:]) if name]
    told = dict(pairs)
    if (told.get("Action"), told.get("Active"), told.get("Dir")) != ("Block", "TRUE", "Out"):
        return None
    if not {name for name, _ in pairs} <= WORDS_ONLY | PORTS | ADDRESSES:
        return None
    try:
        ports = tuple(_ports(value) for name, value in pairs if name in PORTS)
        networks = tuple(one for name, value in pairs if name in ADDRESSES for one in _networks(value))
    except ValueError:  # a word such as LocalSubnet or RPC
        return None
    return BlockingRule(told.get("Name", "")[:LONGEST], told.get("Protocol"), ports, networks, told.get("App", ""))


def _ports(value: str) -> range:
    first, _, last = value.partition("-")
    return range(int(first), int(last or first) + 1)


def _networks(value: str) -> Iterable[Network]:
    """An address, one with a mask or a length of prefix, or a range of them."""
    first, _, last = value.partition("-")
    if not last:
        return (ip_network(value, strict=False),)
    one, other = ip_address(first), ip_address(last)
    if one.version == 4 and other.version == 4:
        return summarize_address_range(one, other)
    if one.version == 6 and other.version == 6:
        return summarize_address_range(one, other)
    raise ValueError(value)


if sys.platform == "win32":
    import os
    import winreg
    from contextlib import suppress

    def blocking(transport: str, address: str, port: int) -> tuple[str, ...]:
        """The names of those that fit, and the profiles whose default it is; none where the registry does not tell."""
        places = (POLICY, OWN)
        myself = sys.executable
        fitting = (one.name for place in places for one in _rules(place) if one.fits(transport, address, port, myself))
        return tuple(dict.fromkeys([*fitting, *(words for place in places for words in _defaults(place))]))

    def _rules(place: str) -> Iterator[BlockingRule]:
        with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, place + r"\FirewallRules") as key:
            for number in range(MOST):
                value = winreg.EnumValue(key, number)[1]
                found = rule(os.path.expandvars(value)) if isinstance(value, str) else None
                if found is not None:
                    yield found

    def _defaults(place: str) -> Iterator[str]:
        for folder, name in PROFILES.items():
            with suppress(OSError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, rf"{place}\{folder}") as key:
                on, action = (winreg.QueryValueEx(key, word)[0] for word in ("EnableFirewall", "DefaultOutboundAction"))
                if (on, action) == (1, 1):
                    yield f"what no rule allows ({name} profile)"

else:

    def blocking(transport: str, address: str, port: int) -> tuple[str, ...]:
        """Other systems do not tell a user without rights."""
        del transport, address, port
        return ()
