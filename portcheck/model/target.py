"""Whom to ask: one address of one host of a forest, the way to it, and what the user narrows a run to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from portcheck.frozen import dataclass

DC = "dc"
"""The target of rows that are asked of every domain controller."""

TARGETS = (DC, "mim", "sync", "sql", "exchange", "adfs", "wap", "ca", "ces", "crl", "mail", "kdc-proxy", "cloud")
"""What a machine can be to a profile."""

UNNAMED = "unnamed"
"""The source of a place that stands for a machine nobody named."""

SWEPT = "network"
"""The source of a place that is an address of a network: whether anybody is there is what is asked."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where to connect to: the endpoint's addresses, or the proxy's."""

    addresses: tuple[str, ...] = ()
    proxy: str = ""  # as reports name it, host:port; empty: no proxy
    proxy_port: int = 0
    credentials: str = field(default="", repr=False)  # user:password; never told
    scheme: str = "http"  # how the proxy is asked: http (CONNECT), socks5, socks5h (it looks names up)
    far: str = ""  # what the proxy is asked for, where it is not the host's name

    @property
    def direct(self) -> bool:
        return not self.proxy

    @property
    def socks(self) -> bool:
        return bool(self.proxy) and self.scheme != "http"


@dataclass(frozen=True, slots=True)
class Selection:
    """What the user narrows the run to; empty `only` means everything."""

    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()

    def takes(self, service: str, transport: str, port: int | None, target: str = DC) -> bool:
        if not self.only and not self.skip:
            return True
        names = {service, f"{service}/{transport}", f"{port}/{transport}", str(port), target}
        return (not self.only or bool(names & self.only)) and not names & self.skip


@dataclass(frozen=True, slots=True)
class Target:
    """One address of one host of a forest, to be asked about a domain."""

    host: str
    address: str | None
    source: str
    domain: str = ""
    dns_only: bool = False  # a configured name server, not known to be a controller
    assumed: bool = False  # a silent forest's name server, taken for a controller until it shows otherwise
    ports: Mapping[str, int] = field(default_factory=dict)  # service to its port on this host
    target: str = DC  # what the host is to the profiles' rows: a controller, or a machine around the forest
    endpoint: str = ""  # the cloud's: the row's host, which may be a wildcard
    service: str = ""  # the cloud's: the row's service; ways may differ
    route: Route | None = None  # the cloud's: it has no address of its own here
    unasked: str = ""  # why nothing can be asked here
    untold: bool = False  # DNS never answered the question for its address, or with an error code only
    given: tuple[str, ...] = ()  # what DNS gives for its address, and nobody could be asked at, with the reason
    only: frozenset[str] = frozenset()  # the services to ask; empty: all that the profiles want

    @property
    def named_system(self) -> bool:
        """A machine around the forest that the user names."""
        return bool(self.host) and self.target != DC and not self.endpoint and self.source != UNNAMED


@dataclass(frozen=True, slots=True)
class Pin:
    """A host as an earlier run found it, and the keys of those of its checks that are to be asked again."""

    place: Target
    roles: frozenset[str]  # what was proven then
    keys: frozenset[str]
    far: bool = False  # a dead controller of another site than this machine's
