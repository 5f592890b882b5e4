"""A check: one question to one service, and what the profiles want of it."""

from __future__ import annotations

from enum import StrEnum

from portcheck.frozen import dataclass


class Need(StrEnum):
    """How badly a profile needs a service."""

    REQUIRED = "required"
    CONDITIONAL = "conditional"
    OPTIONAL = "optional"


class Expected(StrEnum):
    """What the user expects of a port."""

    OPEN = "open"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Check:
    """One question to one service on one address: at most one connection at a time."""

    forest: str
    host: str
    address: str | None  # None: the name has no address
    service: str
    transport: str  # "tcp" | "udp"
    port: int | None  # None: not known until the endpoint mapper answers
    need: Need = Need.REQUIRED
    expected: Expected = Expected.OPEN
    purpose: str = ""  # what the service is for, in a few words
    operations: tuple[str, ...] = ()  # what the profiles do through it
    profiles: tuple[str, ...] = ()  # the profiles that ask for it
    why: str = ""
    source: str = ""  # the document behind `need`
    domain: str = ""  # the AD domain the host is asked about
    one_of: str = ""  # of this host's checks with the same word, one that is good is enough
    opener: str = ""  # who opens it, while it is not known that this machine is one of them

    @property
    def id(self) -> str:
        """Stable across runs: forest/host/address/service/transport/port."""
        port = "dynamic" if self.port is None else str(self.port)
        return "/".join((self.forest, self.host, self.address or "-", self.service, self.transport, port))

    @property
    def key(self) -> str:
        """As `id`, but the same where the endpoint mapper gives a port anew: what two runs are matched by."""
        stable = self.id.rpartition("/")[0]
        return stable if self.service.startswith("rpc-") else self.id

    @property
    def known_port(self) -> int:
        """The port: nothing is sent to a check before the endpoint mapper told it."""
        assert self.port is not None, self.id
        return self.port

    @property
    def required(self) -> bool:
        return self.need is Need.REQUIRED

    @property
    def name(self) -> str:
        """Service and transport, as profiles and rules name it: `kpasswd/udp`."""
        return f"{self.service}/{self.transport}"
