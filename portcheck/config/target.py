"""What a user writes to name a target: a name, an address, `host:port`, a directory's URL, or a network.

A form that is none of these is answered with the one that was meant.
"""

from __future__ import annotations

import ipaddress
import re
from ipaddress import IPv4Network, IPv6Network
from urllib.parse import unquote, urlsplit

from portcheck.config.names import is_address, parse_host, parse_port
from portcheck.config.words import ConfigError, printable, shown
from portcheck.frozen import dataclass

MOST_ADDRESSES = 4096
"""Of one network; a larger one is a mistake, or a scan."""

SCHEMES = {"ldap": 389, "ldaps": 636, "gc": 3268}
CLEAR, SECURED = {389: "ldap", 3268: "gc"}, {636: "ldaps", 3269: "ldaps"}
FORMS = "name a domain (contoso.com), a host (dc1.contoso.com, dc1.contoso.com:636), an address or a network"
LOCATOR = re.compile(r"_[a-z]+\._(?:tcp|udp)\.(?:(?:pdc|dc|gc)\._msdcs\.)?(.+)", re.IGNORECASE)
URL = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TargetText:
    """A target as it was named; `network` has no host, and neither port nor scheme."""

    host: str = ""  # a full name, a single label or an address, in canonical form
    port: int | None = None
    transport: str = ""  # "tcp" | "udp" where it was written; else as is usual for the port
    scheme: str = ""  # of a URL: ldap, ldaps, gc
    network: IPv4Network | IPv6Network | None = None

    @property
    def bare(self) -> bool:
        """Whether the host alone is named."""
        return self.port is None and not self.scheme


def parse_target(text: str) -> TargetText:
    """One target. Raises ConfigError, with the right form where it can be told."""
    given = text.strip()
    found = URL.match(given)
    try:
        if found and found[1].lower() in SCHEMES:
            return _of_url(given, found[1].lower())
        if _looks_like_network(given):
            return TargetText(network=_network(given))
        _refuse_mistake(given, url=bool(found))
        return _host_and_port(given)
    except ConfigError as error:
        raise ConfigError(f"target {error}") from None


def _refuse_mistake(given: str, *, url: bool) -> None:
    if meant := _meant(given):
        raise ConfigError(f"{shown(_hidden(given))}: write {printable(meant, 120)}")
    if url:
        raise ConfigError(f"{shown(_hidden(given))} is no ldap://, ldaps:// or gc:// URL; {FORMS}")


def _of_url(given: str, scheme: str) -> TargetText:
    """ldap://dc1.contoso.com:389/dc=contoso,dc=com; what follows the port (RFC 4516, 2) asks for nothing here."""
    try:
        parts = urlsplit(f"//{given.partition('://')[2]}")
        user, name, written = parts.username, parts.hostname or "", parts.port
    except ValueError:
        raise ConfigError(f"{shown(_hidden(given))} is no URL; write it like {scheme}://dc1.contoso.com:389") from None
    if user is not None:
        raise ConfigError(f"{shown(_hidden(given))} names an account; leave it out")
    if not name:
        domain = _domain_of_dn(unquote(parts.path.lstrip("/").partition("?")[0]))
        right = f"write {scheme}://{domain}" if domain else f"write it like {scheme}://dc1.contoso.com"
        raise ConfigError(f"{shown(given)} names no host; {right}")
    host, port = parse_host(name), SCHEMES[scheme] if written is None else parse_port(written)
    other = SECURED if scheme in CLEAR.values() else CLEAR
    if port in other:
        starts = "with TLS" if port in SECURED else "in clear"
        raise ConfigError(f"{shown(given)}: {port} starts {starts}; write {other[port]}://{_bracketed(host)}:{port}")
    return TargetText(host, port, "tcp", scheme)


def _host_and_port(given: str) -> TargetText:
    bare = given.removeprefix("[").removesuffix("]") if given.startswith("[") and given.endswith("]") else given
    if is_address(bare):
        return TargetText(parse_host(bare))
    host, colon, rest = given.rpartition(":")
    if given.startswith("[") and "]" not in host:
        raise ConfigError(f"{shown(given)} is no address with a port; write it like [fd77::10]:636")
    if not colon:
        return TargetText(parse_host(given))
    if ":" in host and not host.startswith("["):
        raise ConfigError(f"{shown(given)} is neither an address nor a name with a port; write [fd77::10]:636")
    port, _, transport = rest.partition("/")
    if transport not in {"", "tcp", "udp"}:
        raise ConfigError(f"{shown(given)}: write the port like 464/tcp or 464/udp")
    return TargetText(parse_host(host.removeprefix("[").removesuffix("]")), _port(port, given), transport)


def _port(text: str, given: str) -> int:
    from portcheck.catalogue.services import services

    if text.isdecimal():
        return parse_port(text)
    known = services().get(text)
    number = next((port for port in known.ports.values() if port), None) if known is not None else None
    if number is not None:
        raise ConfigError(f"{shown(given)}: the port is a number; write {given.rpartition(':')[0]}:{number}")
    raise ConfigError(f"{shown(given)}: {shown(text)} is no port; write it like dc1.contoso.com:636")


def _looks_like_network(given: str) -> bool:
    """10.77.1.0/28, fd77::/120, 10.77.1.0/255.255.255.0; `dc1/636` is none."""
    address, slash, _ = given.partition("/")
    return bool(slash) and is_address(address)


def _network(given: str) -> IPv4Network | IPv6Network:
    address, _, length = given.partition("/")
    try:
        network = ipaddress.ip_network(given, strict=False)
    except ValueError:
        raise ConfigError(f"{shown(given)}: /{length} is no prefix length; write {address}/28 or {address}") from None
    if str(network.network_address) != str(ipaddress.ip_address(address)):
        raise ConfigError(f"{shown(given)} is a host within a network; write {network} for all of it, or {address}")
    if network.num_addresses > MOST_ADDRESSES:
        fitting = f"{address}/{network.max_prefixlen - MOST_ADDRESSES.bit_length() + 1}"
        raise ConfigError(f"{shown(given)} has more than {MOST_ADDRESSES} addresses; at most {fitting} is asked")
    if network.is_multicast or network.is_link_local or network.is_unspecified:
        raise ConfigError(f"{shown(given)} is no network of hosts; {FORMS}")
    return network


def addresses_of(network: IPv4Network | IPv6Network) -> tuple[str, ...]:
    """Those a host can have, in order: not the network's own, and not its broadcast address."""
    return tuple(str(address) for address in network.hosts())


def _meant(given: str) -> str:
    """The form that a common mistake stands for; empty where none is known."""
    plain = given.rstrip("/")
    if domain := _domain_of_dn(plain):
        return domain
    if found := LOCATOR.fullmatch(plain):
        return found[1]
    if plain.startswith("\\\\"):
        return _if_host(re.split(r"[\\/]", plain[2:])[0])
    if found := re.fullmatch(r"[^@\\/\s]+@([^@\s]+)", plain):
        return _if_host(found[1])
    if found := re.fullmatch(r"([0-9.]+)\.(?:\*|0-255)", plain):
        return f"{found[1]}.0/24 (at most {MOST_ADDRESSES} addresses)" if found[1].count(".") == 2 else ""
    if found := re.fullmatch(r"([0-9.]+)-[0-9.]+", plain):
        return f"a network ({found[1]}/28), or the addresses one by one"
    if found := re.fullmatch(r"(https?|ldapi?s?|gc|tcp|udp|smb|rpc|kerberos)(?::/{0,2}|//)(.+)", plain, re.IGNORECASE):
        return _without_scheme(found[1].lower(), found[2])
    if found := re.fullmatch(r"([^\s,;:/]+)(?:\s+|/)([0-9]{1,5})(?:/(?:tcp|udp))?", plain):
        return f"{found[1]}:{found[2]}" if _if_host(found[1]) else ""
    parts = re.split(r"[\s,;]+", plain)
    return (
        f"them apart (in a file, one a line), as {' '.join(parts)}"
        if len(parts) > 1 and all(map(_if_host, parts))
        else ""
    )


def _without_scheme(scheme: str, rest: str) -> str:
    host = rest.rpartition("@")[2].partition("/")[0]
    if not _if_host(host.partition(":")[0]):
        return ""
    if scheme in SCHEMES:
        return f"{scheme}://{host}"
    port = {"https": ":443", "http": ":80", "smb": ":445", "rpc": ":135", "kerberos": ":88"}.get(scheme, "")
    return host if ":" in host else f"{host}{port}"


def _if_host(text: str) -> str:
    try:
        return parse_host(text)
    except ConfigError:
        return ""


def _domain_of_dn(text: str) -> str:
    """DC=contoso,DC=com to contoso.com (RFC 2247); empty for what is no distinguished name."""
    parts = [part.strip().partition("=") for part in text.split(",")]
    labels = [value.strip() for kind, equals, value in parts if equals and kind.strip().lower() == "dc"]
    return _if_host(".".join(labels)) if labels and all(equals for _, equals, _ in parts) else ""


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _hidden(text: str) -> str:
    """What may be a password is left out."""
    return re.sub(r"^([a-z0-9+.-]*://).*@", r"\1…@", text, flags=re.IGNORECASE)
