"""Names, addresses, ports and servers, each from text to the one form the rest of portcheck compares and prints."""

from __future__ import annotations

import ipaddress
import re
import unicodedata

from portcheck.config.words import ConfigError, shown
from portcheck.frozen import dataclass

DNS_PORT = 53
LONGEST_VANTAGE = 63
LONGEST_NAME = 253  # RFC 1035, 2.3.4, in text form

# RFC 1123, 2.1, and the underscore that Windows lets into host names.
LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")


@dataclass(frozen=True, slots=True)
class Server:
    """A DNS server to ask instead of the system's; `host` is an address or a name."""

    host: str
    port: int = DNS_PORT

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def parse_vantage(value: object) -> str:
    """What a place may be called: one short line, as a label of a table and of a time series. Raises ConfigError."""
    text = value.strip() if isinstance(value, str) else ""
    if not text or len(text) > LONGEST_VANTAGE or not text.isprintable():
        raise ConfigError(f"{shown(value)} names no place; give 1 to {LONGEST_VANTAGE} printable characters")
    return text


def parse_port(value: object) -> int:
    """A port from a number or its digits. Raises ConfigError."""
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**9 else value
    if not isinstance(text, str) or not re.fullmatch(r"[0-9]{1,5}", text) or not 1 <= int(text) <= 65535:
        raise ConfigError(f"{shown(value)} is not a port; give a number from 1 to 65535")
    return int(text)


def parse_address(value: object) -> str:
    """An IPv4 or IPv6 address in its canonical form. Raises ConfigError."""
    address = _address(value) if isinstance(value, str) else None
    if address is None:
        raise ConfigError(f"{shown(value)} is not an IPv4 or IPv6 address")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped  # what is sent there is sent over IPv4
    if isinstance(address, ipaddress.IPv6Address) and address.scope_id:
        # Domain controllers do not register link-local addresses, and a zone means nothing on another machine.
        raise ConfigError(f"{shown(value)} has a zone id; give a global or unique-local address")
    if isinstance(address, ipaddress.IPv6Address) and address.is_link_local:
        raise ConfigError(f"{shown(value)} is a link-local address; give a global or unique-local address")
    if address.is_multicast or address.is_unspecified or str(address) == "255.255.255.255":
        raise ConfigError(f"{shown(value)} is not the address of one host")
    return str(address)


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text.strip())
    except ValueError:
        return None


def family(text: str) -> str | None:
    """The record that holds such an address, `A` or `AAAA`; None for a name."""
    return None if not is_address(text) else "AAAA" if ":" in text else "A"


def is_address(text: str) -> bool:
    """Whether `text` reads as an address, be it a usable one or not; a name otherwise."""
    return _address(text) is not None


def parse_name(value: object) -> str:
    """A DNS name in lower case, without the trailing dot, other scripts as their xn-- form. Raises ConfigError."""
    if not isinstance(value, str):
        raise ConfigError(f"{shown(value)} is not a DNS name")
    if is_address(value):
        raise ConfigError(f"{shown(value)} is an address; a DNS name is wanted here")
    text = unicodedata.normalize("NFC", value.strip().lower()).removesuffix(".")
    labels = text.split(".")
    if len(text) > LONGEST_NAME or any(len(label) > 63 for label in labels):
        raise ConfigError(f"{shown(value)} is too long; a DNS name has at most 253 characters, 63 between two dots")
    name = text if text.isascii() else _to_ascii(text, value)
    if len(name) > LONGEST_NAME or not all(LABEL.fullmatch(label) for label in name.split(".")):
        raise ConfigError(f"{shown(value)} is not a DNS name; letters, digits and hyphens between dots")
    if name.rpartition(".")[2].isdecimal():
        raise ConfigError(f"{shown(value)} is neither a DNS name nor an address")
    return name


def _to_ascii(text: str, given: str) -> str:
    # The standard library knows IDNA 2003, which loses letters (ß becomes ss): what does not come back is refused.
    try:
        name = text.encode("idna").decode("ascii")
        faithful = name.encode("ascii").decode("idna") == text
    except UnicodeError:
        faithful = False
    if not faithful:
        raise ConfigError(f"{shown(given)} has no safe ASCII form; give the name as DNS holds it (xn--…)")
    return name


def parse_server(value: object) -> Server:
    """`10.0.0.1`, `10.0.0.1:5353`, `fd77::1`, `[fd77::1]:53`, `dns.corp` or `dns.corp:5353`. Raises ConfigError."""
    if not isinstance(value, str):
        raise ConfigError(f"{shown(value)} is not a server; give an address or name, with :port if it is not 53")
    text = value.strip()
    if is_address(text):
        return Server(parse_address(text))
    bracketed = re.fullmatch(r"\[([^\[\]]*)\](?::(.*))?", text)
    if bracketed:
        host, port = bracketed.groups()
        return Server(parse_address(host), DNS_PORT if port is None else parse_port(port))
    host, colon, port = text.partition(":")
    if ":" in port:
        raise ConfigError(f"{shown(value)} is not a server; an IPv6 address with a port is written [fd77::1]:53")
    return Server(parse_host(host), parse_port(port) if colon else DNS_PORT)


def parse_host(value: object) -> str:
    """A host by address or by name, in canonical form. Raises ConfigError."""
    return parse_address(value) if isinstance(value, str) and is_address(value) else parse_name(value)
