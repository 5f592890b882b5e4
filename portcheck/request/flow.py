"""One path that is asked for, and the rules and the ticket that are made of such paths."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import field
from enum import StrEnum

from portcheck.catalogue.sources import Sure, usually
from portcheck.frozen import dataclass
from portcheck.model import Check, Need

DYNAMIC = (49152, 65535)
"""Where Windows puts its RPC services since Server 2008 (PORTS)."""
BY_NAME = "by name; allow it at the proxy, or by a rule that takes names"
"""What no rule between addresses can say."""


@dataclass(frozen=True, slots=True, order=True)
class Ports:
    """One port or a range of them, of one transport."""

    transport: str
    low: int
    high: int

    @property
    def numbers(self) -> str:
        return str(self.low) if self.low == self.high else f"{self.low}-{self.high}"

    def __str__(self) -> str:
        return f"{self.numbers}/{self.transport}"


class PathStanding(StrEnum):
    """How a path that was asked for stands in a later run."""

    PROVEN = "proven"
    UNCLEAR = "answered, and not as the service does"
    STILL_CLOSED = "still closed"
    NOT_TESTED = "not tested since"


@dataclass(frozen=True, slots=True)
class ControlAnswer:
    """Another port of the same host that answered the same source: the host is up, the way not shut as a whole."""

    port: str  # 88/tcp
    at: str  # UTC, ISO 8601; empty: not known
    latency_ms: float | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Who must reach whom on which port, and why."""

    source: str  # addresses; the source opens the connection
    destination: str
    ports: Ports
    host: str  # the destination's name
    forest: str
    service: str
    need: Need = Need.REQUIRED
    purpose: str = ""
    operations: tuple[str, ...] = ()
    why: str = ""
    document: str = ""  # a key of sources.toml, or the user's own words
    evidence: str = ""  # what a run saw
    dynamic: bool = False  # a port that the endpoint mapper gives, or the range it gives them from
    caveat: str = ""  # what to find out before the change
    proven: bool = True  # False: silent, which may be the service's own way
    source_host: str = ""  # where it is not this machine
    on_controller: bool = True  # the destination is a domain controller
    sure: Sure = Sure.VENDOR  # how much weight the need bears
    profiles: tuple[str, ...] = ()
    tried_at: str = ""  # the first try: UTC, ISO 8601
    source_ports: tuple[int, ...] = ()  # of the tries
    control: ControlAnswer | None = None
    suspects: tuple[str, ...] = ()  # addresses that may be dropping it, the nearest first
    standing: PathStanding | None = None  # in a later run; None: held against none

    @classmethod
    def of(
        cls,
        check: Check,
        source: str,
        destination: str,
        ports: Ports,
        evidence: str,
        *,
        dynamic: bool,
        caveat: str = "",
        on_controller: bool = True,
    ) -> Flow:
        """What a check asks for, from here to there; the check says why."""
        return cls(
            source=source,
            destination=destination,
            ports=ports,
            host=check.host,
            forest=check.forest,
            service=check.service,
            need=check.need,
            purpose=check.purpose,
            operations=check.operations,
            why=check.why,
            document=check.source,
            evidence=evidence,
            dynamic=dynamic,
            caveat=caveat,
            on_controller=on_controller,
            sure=usually(check.source),
            profiles=check.profiles,
        )

    @property
    def optional(self) -> bool:
        return self.need is Need.OPTIONAL

    @property
    def family(self) -> int:
        return 6 if ":" in self.destination else 4


@dataclass(frozen=True, slots=True)
class FirewallRule:
    """Every source may reach every destination on every port: never more than the flows ask for."""

    name: str
    sources: tuple[str, ...]
    destinations: tuple[str, ...]
    ports: tuple[Ports, ...]
    flows: tuple[Flow, ...]

    @property
    def optional(self) -> bool:
        return self.flows[0].optional

    @property
    def caveat(self) -> str:
        return self.flows[0].caveat

    @property
    def need(self) -> Need:
        """The strongest of what it is for."""
        return min((flow.need for flow in self.flows), key=[*Need].index)

    @property
    def family(self) -> int:
        return self.flows[0].family

    def of(self, transport: str) -> tuple[Ports, ...]:
        return tuple(ports for ports in self.ports if ports.transport == transport)

    @property
    def transports(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(ports.transport for ports in self.ports))


@dataclass(frozen=True, slots=True)
class Asked:
    """The paths to ask for, and what else came up while they were looked for."""

    flows: tuple[Flow, ...] = ()
    questions: tuple[str, ...] = ()  # to be answered first, or instead
    left_out: tuple[str, ...] = ()  # what is not asked for, and why
    tested: bool = True  # whether anything was asked over the network at all

    @classmethod
    def of(cls, parts: Iterable[Asked]) -> Asked:
        """What several places ask for, each question once."""
        found = tuple(parts)
        return cls(
            flows=tuple(flow for part in found for flow in part.flows),
            questions=tuple(dict.fromkeys(question for part in found for question in part.questions)),
            left_out=tuple(dict.fromkeys(words for part in found for words in part.left_out)),
        )


@dataclass(frozen=True, slots=True)
class Ticket:
    """The whole request."""

    basis: str  # what it rests on: a report, or the needs of profiles
    made: str  # UTC, ISO 8601
    version: str
    rules: tuple[FirewallRule, ...]
    questions: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()
    stateless: bool = False  # the firewall keeps no connections in mind: the way back needs rules of its own
    into: str = ""  # nftables: the chain to put the rules into, "inet filter forward"; empty: the usual one
    whole: bool = False  # nftables: a whole policy that drops the rest
    planned: bool = False  # nothing was tested: it rests on what profiles need
    names: dict[str, str] = field(default_factory=dict)  # address -> host name, as far as known
    held_against: str = ""  # when the later run began that it is held against: UTC, ISO 8601; empty: against none

    @property
    def flows(self) -> tuple[Flow, ...]:
        return tuple(dict.fromkeys(flow for rule in self.rules for flow in rule.flows))

    @property
    def dynamic(self) -> bool:
        return any(flow.dynamic for flow in self.flows)


def usable(address: str) -> bool:
    """An address that a rule may name."""
    try:
        ip = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return False
    return not (ip.is_loopback or ip.is_unspecified or ip.is_multicast or ip.is_link_local)


def one_spelling(address: str) -> str:
    """In the one spelling that every format takes."""
    return str(ipaddress.ip_address(address.partition("%")[0]))
