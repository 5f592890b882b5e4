"""What a probe is: one protocol, one question, one answer. Errors already have a name; a probe catches none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

from portcheck.config import Settings
from portcheck.frozen import dataclass
from portcheck.model import Check, Facts, State
from portcheck.model.target import Route
from portcheck.net.dns import is_address
from portcheck.net.network import Network
from portcheck.wire import told_names

USUAL = Settings()


@dataclass(frozen=True, slots=True)
class Subject:
    """What is known of the host before it is asked."""

    host: str  # as DNS names it; an address where no name is known
    domain: str = ""  # the AD domain to ask about; empty: not known
    netbios_host: str = ""  # from the LDAP ping
    ca_file: Path | None = None
    domain_sid: str = ""  # the one that the user expects
    interface: str = ""  # RPC: the interface expected behind a dynamic port
    version: int = 0
    ports: tuple[int, ...] = ()  # RPC: where the mapper says it is
    wanted: tuple[str, ...] = ()  # RPC mapper: the services to look up
    route: Route | None = None  # an endpoint that is known by its name
    public: bool = False  # its certificate is one that everybody trusts
    settings: Settings = USUAL  # of the run: an option that a probe heeds is read here
    start_tls: bool = True  # LDAP in clear: look at the certificate that StartTLS shows as well

    @property
    def realm(self) -> str:
        return self.domain.upper()


def askable(subject: Subject, check: Check) -> Subject:
    """Without the names that no protocol carries, wherever they come from: no question fails for a name in it."""
    host = subject.host if _is_name(subject.host) else check.address or ""
    domain = subject.domain if _is_name(subject.domain, address=False) else ""
    netbios = subject.netbios_host if told_names.netbios_name(subject.netbios_host) else ""
    if (host, domain, netbios) == (subject.host, subject.domain, subject.netbios_host):
        return subject
    return replace(subject, host=host, domain=domain, netbios_host=netbios)


@lru_cache(maxsize=4096)
def _is_name(text: str, *, address: bool = True) -> bool:
    """Whether it can be asked for; an address only where that is one."""
    return (address and is_address(text)) or told_names.dns_name(text) is not None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a probe saw: `ok` with facts, `open` where there was nothing to ask."""

    facts: Facts
    state: State = State.OK
    reason: str = "answered"


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent at once, and how large it is: bytes without any header."""

    what: str
    size: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One conversation: the questions in their order, and how many connections a probe may make of it."""

    questions: tuple[Question, ...]
    connections: int = 1  # TCP: at most; over TLS a second one where the certificate does not please
    repeated: tuple[Question, ...] = ()  # UDP: what the tries after the first carry, where that differs
    aside: tuple[Question, ...] = ()  # asked once the first is answered
    doubted: tuple[Question, ...] = ()  # UDP: asked where only a later try was answered


@dataclass(frozen=True, slots=True)
class Probe:
    """One row of the registry."""

    name: str  # the service's name
    run: Callable[[Check, Network, Subject], Awaitable[Seen]]
    exchange: Callable[[Check, Subject], Exchange]  # what it sends when everything answers
    datagram: Callable[[Subject], bytes] | None = None  # over UDP: what it sends first, to walk the path with
