"""The ports of `portcheck listen` as they are written on the command line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from portcheck.catalogue.services import TRANSPORTS, services
from portcheck.config import ConfigError, nearest, parse_port
from portcheck.server.listener.ports import WantedPort

MOST_DYNAMIC = 256
NONE = "none"


def parse_ports(text: str) -> tuple[int, ...]:
    """`49152-49155`, `5000`, `5000,5002`, or `none`. Raises ConfigError."""
    if text.strip().lower() == NONE:
        return ()
    found: dict[int, None] = {}
    for part in text.split(","):
        first, dash, last = part.strip().partition("-")
        begin, end = parse_port(first.strip()), parse_port((last if dash else first).strip())
        if begin > end:
            raise ConfigError(f"{part.strip()} runs backwards; write {end}-{begin}")
        if end - begin >= MOST_DYNAMIC or len(found) + end - begin >= MOST_DYNAMIC:
            raise ConfigError(f"{text} is more than {MOST_DYNAMIC} ports; a few prove a range (49152-49155)")
        found.update(dict.fromkeys(range(begin, end + 1)))
    return tuple(found)


def parse_moves(texts: Iterable[str]) -> tuple[Mapping[str, int], tuple[WantedPort, ...]]:
    """`kerberos=10088` and `dns/udp=10053` move a service; `5000`, `5000/udp` are ports of their own."""
    moves: dict[str, int] = {}
    more: list[WantedPort] = []
    for text in texts:
        name, equals, port = (part.strip() for part in text.lower().partition("="))
        try:
            if equals:
                moves[_service(name)] = parse_port(port)
            else:
                number, _, transport = name.partition("/")
                more.append(_plain(parse_port(number), transport or "tcp"))
        except ConfigError as error:
            raise ConfigError(f"--port: {error}") from None
    return moves, tuple(more)


def _service(name: str) -> str:
    known = [service for service, row in services().items() if not row.dynamic]
    full = [*known, *(f"{service}/{transport}" for service in known for transport in services()[service].ports)]
    if name in full:
        return name
    if re.fullmatch(r"rpc-[a-z]+(/tcp)?", name):
        raise ConfigError(f"{name} has no port of its own; choose RPC's ports with --rpc-ports")
    raise ConfigError(f"unknown service {name!r}{nearest(name, full)}")


def _plain(port: int, transport: str) -> WantedPort:
    if transport not in TRANSPORTS:
        raise ConfigError(f"{transport!r} is no transport; write {port}/tcp or {port}/udp")
    return WantedPort(f"{transport}/{transport}", port, "extra port")


def without_twins(found: Iterable[WantedPort]) -> tuple[WantedPort, ...]:
    """Each port once: what has a protocol there wins over what has none."""
    kept: dict[tuple[str, int], WantedPort] = {}
    for each in sorted(found, key=lambda each: not each.name):
        kept.setdefault((each.transport, each.port), each)
    return tuple(kept.values())
