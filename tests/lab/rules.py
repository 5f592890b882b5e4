"""nftables in the words of the faults: which packets, at which machine, and a table that takes itself away again."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from tests.lab.domain_controller import DomainController
from tests.lab.node import Node

DATAGRAM_PORTS = (53, 88, 123, 389, 464)


@contextmanager
def chain(node: Node, hook: str, *lines: str, priority: int = 0, kind: str = "filter") -> Iterator[None]:
    """Rules of one chain in a table of their own, for as long as the context lasts."""
    table = f"fault_{secrets.token_hex(4)}"
    body = "\n".join(lines)
    node.nft(f"table inet {table} {{\nchain c {{\ntype {kind} hook {hook} priority {priority}\n{body}\n}}\n}}")
    try:
        yield
    finally:
        node.nft(f"delete table inet {table}")


def packets(dc: DomainController | None, *ports: str, back: bool = False) -> list[str]:
    """Matches for what goes to the DC (`back`: comes from it): each of `464/tcp`, `464` (both), `49152-65535/tcp`.

    Without ports everything, without a DC all three of them.
    """
    address, port = ("saddr", "sport") if back else ("daddr", "dport")
    hosts = [f"ip {address} {dc.address}", f"ip6 {address} {dc.address6}"] if dc else [""]
    services = [f"{protocol} {port} {{ {', '.join(numbers)} }}" for protocol, numbers in by_protocol(ports).items()]
    return [f"{host} {service}".strip() for host in hosts for service in services or [""]]


def by_protocol(ports: tuple[str, ...]) -> dict[str, list[str]]:
    """`("464", "389/tcp")` as `{"tcp": ["464", "389"], "udp": ["464"]}`."""
    split: dict[str, list[str]] = {}
    for port in ports:
        number, _, protocol = port.partition("/")
        for name in [protocol] if protocol else ["tcp", "udp"]:
            split.setdefault(name, []).append(number)
    return split


@dataclass(slots=True)
class Count:
    """What left the client, neighbour discovery left aside. Known when the context has ended."""

    sent: int = 0
    received: int = 0
    syns: int = 0
    datagrams: dict[int, int] = field(default_factory=dict)  # by the port they went to


@contextmanager
def count_packets(node: Node) -> Iterator[Count]:
    """Count what crosses the machine's cable meanwhile."""
    table, count = f"count_{secrets.token_hex(4)}", Count()
    quiet = "icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return"
    ports = "".join(f'oifname "eth0" udp dport {port} counter name udp{port}\n' for port in DATAGRAM_PORTS)
    names = ("sent", "received", "syns", *(f"udp{port}" for port in DATAGRAM_PORTS))
    counters = "\n".join(f"counter {name} {{}}" for name in names)
    node.nft(
        f"""table inet {table} {{
            {counters}
            chain out {{ type filter hook output priority 300\n {quiet}\n oifname "eth0" counter name sent
                oifname "eth0" tcp flags & (syn | ack) == syn counter name syns\n {ports} }}\n
            chain in {{ type filter hook input priority -300\n {quiet}\n iifname "eth0" counter name received\n }}\n
        }}"""
    )
    try:
        yield count
    finally:
        listed = json.loads(node.run("nft", "-j", "list", "counters", "table", "inet", table))["nftables"]
        seen = {row["counter"]["name"]: row["counter"]["packets"] for row in listed if "counter" in row}
        count.sent, count.received, count.syns = seen["sent"], seen["received"], seen["syns"]
        count.datagrams = {port: seen[f"udp{port}"] for port in DATAGRAM_PORTS}
        node.nft(f"delete table inet {table}")
