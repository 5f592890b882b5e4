"""What `portcheck listen` opens: the profiles' services at their ports, as far as this machine may play their part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from portcheck.catalogue.profiles import MergedRow, Profile, merge
from portcheck.catalogue.services import GENERIC, services
from portcheck.frozen import dataclass
from portcheck.model.target import DC
from portcheck.server.listener.services import DYNAMIC

ELSEWHERE = frozenset({"cloud"})
"""Targets whose part no machine of the company can play."""

HIGHEST = 65535
Takes = Callable[[str, str, int | None], bool]


@dataclass(frozen=True, slots=True)
class WantedPort:
    """A port to open, and the service that it stands in for."""

    service: str  # service/transport
    port: int
    purpose: str = ""
    moved: bool = False  # not where the service usually is
    unasked: bool = False  # a check comes to it only where the forests file pins it

    @property
    def transport(self) -> str:
        return self.service.rpartition("/")[2]

    @property
    def name(self) -> str:
        """`rpc-dynamic`, `kerberos`; a port that has no protocol here has no name either."""
        name = self.service.rpartition("/")[0]
        return "" if name in GENERIC else name


def wanted(profiles: Sequence[Profile], rpc_ports: Sequence[int], takes: Takes) -> tuple[WantedPort, ...]:
    """Each port once, in the order of the services' table; RPC's interfaces and other dynamic ports share theirs."""
    rows = [row for row in merge(profiles) if row.target not in ELSEWHERE]
    order = {name: number for number, name in enumerate(services())}
    rows.sort(key=lambda row: (order.get(row.service, len(order)), row.transport, row.port or 0))
    found: dict[tuple[str, int], WantedPort] = {}
    for each in _all(rows, rpc_ports, takes):
        found.setdefault((each.transport, each.port), each)
    return tuple(found.values())


def roles(profiles: Sequence[Profile], takes: Takes) -> tuple[str, ...]:
    """What a machine has to be named as (`--system ROLE=HOST`), so that all of this is asked of it."""
    asked = (
        r.target
        for r in merge(profiles)
        if r.target not in {DC, *ELSEWHERE} and takes(r.service, r.transport, _port(r))
    )
    return tuple(dict.fromkeys(asked))


def _all(rows: Sequence[MergedRow], rpc_ports: Sequence[int], takes: Takes) -> Iterator[WantedPort]:
    for row in rows:
        port = _port(row)
        if not takes(row.service, row.transport, port):
            continue
        if port is not None:
            yield WantedPort(f"{row.service}/{row.transport}", port, _purpose(row))
        elif row.transport == "tcp":
            pinned = row.service in GENERIC  # whose interface the mapper does not tell
            yield from (WantedPort(DYNAMIC, dynamic, "RPC's dynamic ports", unasked=pinned) for dynamic in rpc_ports)


def _port(row: MergedRow) -> int | None:
    if row.port is not None or row.service in GENERIC:
        return row.port
    return services()[row.service].ports[row.transport]


def _purpose(row: MergedRow) -> str:
    return row.operations[0] if row.service in GENERIC and row.operations else services()[row.service].purpose


def moved(found: Sequence[WantedPort], overrides: Mapping[str, int], offset: int) -> tuple[WantedPort, ...]:
    """At other ports: as `overrides` name them (`kerberos`, `kerberos/udp`), else `offset` further up.

    Dynamic ports were chosen already. ValueError for a port that does not exist.
    """
    return tuple(each if each.service == DYNAMIC else _moved(each, overrides, offset) for each in found)


def _moved(each: WantedPort, overrides: Mapping[str, int], offset: int) -> WantedPort:
    port = overrides.get(each.service, overrides.get(each.service.rpartition("/")[0], each.port + offset))
    if not 0 < port <= HIGHEST:
        raise ValueError(
            f"{each.name or each.purpose} ({each.port}/{each.transport}) would be at port {port}, which does not exist"
        )
    return replace(each, port=port, moved=port != each.port)
