"""The DNS servers of this machine, as far as systems differ in telling them."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from ipaddress import ip_address, ip_network
from pathlib import Path

import dns.exception
import dns.name
import dns.resolver

from portcheck.net.platform.port_owners import Owners

UNREADABLE: tuple[type[Exception], ...] = (
    OSError, AttributeError, ValueError, NotImplementedError, dns.exception.DNSException,
)  # fmt: skip
"""What dnspython lets out where Windows' adapters or registry say something that it does not expect."""
NEVER_THERE = ip_network("fec0:0:0:ffff::/64")
"""What Windows lists for an adapter whose IPv6 has no DNS server configured; nobody has had these addresses since
RFC 3879."""


def never_there(address: str) -> bool:
    try:
        return ip_address(address.partition("%")[0]) in NEVER_THERE
    except ValueError:  # a name, or a URL of DNS over HTTPS
        return False


RESOLV_CONF = Path("/etc/resolv.conf")
ON_THIS_MACHINE = "127.0.0.1"
DNS_PORT = 53
MOST_BYTES = 65536
"""Of a resolv.conf: a hundred times as long as any that is of use."""


def of_resolv_conf(path: Path) -> dns.resolver.Resolver:
    """As the C library reads the file: a row that it cannot use is as if it were not there.

    Without a server, or without the file, the library asks this machine itself (resolv.conf(5)); so is it asked here,
    if anybody takes questions there.
    """
    rows = rows_of(path)
    if not any(row.startswith("nameserver") for row in rows) and _somebody_here():
        rows.append(f"nameserver {ON_THIS_MACHINE}")
    resolver = dns.resolver.Resolver(configure=False)
    resolver.read_resolv_conf(io.StringIO("\n".join(rows)))
    return resolver


def rows_of(path: Path) -> list[str]:
    """Those that can be used; none where there is no file."""
    try:
        with path.open("rb") as file:
            head = file.read(MOST_BYTES)
    except OSError:
        return []
    if len(head) == MOST_BYTES:
        head = head[: head.rfind(b"\n") + 1]  # half an address is another
    return list(_usable(head.decode(errors="replace")))


def named_in(path: Path) -> list[str]:
    """The addresses of its servers, in order."""
    return [row.split()[1] for row in rows_of(path) if row.startswith("nameserver")]


def _usable(text: str) -> Iterator[str]:
    """The rows with what in them is an address, or a name."""
    for line in text.split("\n"):
        key, *words = line.split() or [""]
        match key:
            case "nameserver" if words and _is_address(words[0]):
                yield f"nameserver {words[0]}"
            case "search" | "domain":
                yield " ".join([key, *filter(_is_name, words)])
            case "options":
                yield line


def _is_address(word: str) -> bool:
    try:
        ip_address(word)
    except ValueError:
        return False
    return True


def _is_name(word: str) -> bool:
    try:
        dns.name.from_text(word)
    except dns.exception.DNSException:
        return False
    return True


def _somebody_here() -> bool:
    return Owners().taken(ON_THIS_MACHINE, DNS_PORT, "udp")


if sys.platform == "win32":
    import dns.win32util

    PROGRAMS_ASK: int | None = None

    def configured() -> dns.resolver.Resolver:
        """By the adapters that are up, in the order in which Windows uses them (GetAdaptersAddresses).

        Where that fails, by the registry, with what adapters have that are switched off or gone.
        """
        vars(dns.win32util)["print"] = _unsaid  # it prints on stdout what it cannot find out
        try:
            return _by(dns.win32util.ConfigMethod.Win32)
        except NotImplementedError:
            return _by(dns.win32util.ConfigMethod.Registry)

    def _by(method: dns.win32util.ConfigMethod) -> dns.resolver.Resolver:
        dns.win32util.set_config_method(method)
        return dns.resolver.Resolver(configure=True)

    def _unsaid(*_: object) -> None:
        """Stdout is for the report."""

else:
    PROGRAMS_ASK = None if sys.platform == "darwin" else 3
    """Of resolv.conf's servers the C library takes the first three (MAXNS, resolv.conf(5)); macOS has another list."""

    def configured() -> dns.resolver.Resolver:
        """resolv.conf says all."""
        return of_resolv_conf(RESOLV_CONF)
