"""What to ask for, as values: of whom, and for a path from where, to where, on which ports."""

from __future__ import annotations

from enum import StrEnum

from portcheck.frozen import dataclass


class AskedOf(StrEnum):
    """Whose matter it is."""

    FIREWALL = "firewall"
    DNS = "dns"
    AD = "ad"
    THIS_MACHINE = "this-machine"
    PROXY = "proxy"
    TIME = "time"
    CERTIFICATE = "certificate"


@dataclass(frozen=True, slots=True)
class Destination:
    """A host at an address; None: it is meant by its name, since it has no fixed one."""

    host: str
    address: str | None


@dataclass(frozen=True, slots=True)
class Request:
    """One request. Without ports it is none for a path, and `words` say what it is."""

    of: AskedOf
    sources: tuple[str, ...] = ()  # addresses that the questions left from
    to: tuple[Destination, ...] = ()
    tcp: tuple[str, ...] = ()  # "464", "49152-65535"
    udp: tuple[str, ...] = ()
    purpose: str = ""  # what works then, in a few words
    words: str = ""  # the request as a sentence
    provided: str = ""  # what has to be true first: "it is up and has this address"

    @property
    def is_path(self) -> bool:
        return bool(self.tcp or self.udp)
