"""ICMP errors about our own packets: who said what (RFC 792, RFC 1812, RFC 4443)."""

from __future__ import annotations

from enum import StrEnum

from portcheck.frozen import dataclass


class Said(StrEnum):
    """The kind of objection."""

    PORT = "port"
    PROTOCOL = "protocol"
    PROHIBITED = "prohibited"
    UNREACHABLE = "unreachable"
    TTL = "ttl"
    TOO_BIG = "too-big"
    OTHER = "other"


V4 = {
    (3, 0): (Said.UNREACHABLE, "network unreachable"),
    (3, 1): (Said.UNREACHABLE, "host unreachable"),
    (3, 2): (Said.PROTOCOL, "protocol unreachable"),
    (3, 3): (Said.PORT, "port unreachable"),
    (3, 4): (Said.TOO_BIG, "fragmentation needed"),
    (3, 5): (Said.UNREACHABLE, "source route failed"),
    (3, 6): (Said.UNREACHABLE, "network unknown"),
    (3, 7): (Said.UNREACHABLE, "host unknown"),
    (3, 9): (Said.PROHIBITED, "network administratively prohibited"),
    (3, 10): (Said.PROHIBITED, "host administratively prohibited"),
    (3, 11): (Said.UNREACHABLE, "network unreachable for this type of service"),
    (3, 12): (Said.UNREACHABLE, "host unreachable for this type of service"),
    (3, 13): (Said.PROHIBITED, "administratively prohibited"),
    (11, 0): (Said.TTL, "time to live exceeded"),
    (11, 1): (Said.TTL, "fragment reassembly time exceeded"),
}
V6 = {
    (1, 0): (Said.UNREACHABLE, "no route to destination"),
    (1, 1): (Said.PROHIBITED, "administratively prohibited"),
    (1, 2): (Said.UNREACHABLE, "beyond scope of source address"),
    (1, 3): (Said.UNREACHABLE, "address unreachable"),
    (1, 4): (Said.PORT, "port unreachable"),
    (1, 5): (Said.PROHIBITED, "source address failed policy"),
    (1, 6): (Said.PROHIBITED, "reject route to destination"),
    (2, 0): (Said.TOO_BIG, "packet too big"),
    (3, 0): (Said.TTL, "hop limit exceeded"),
    (3, 1): (Said.TTL, "fragment reassembly time exceeded"),
}


@dataclass(frozen=True, slots=True)
class Icmp:
    """One ICMP error about our own packet."""

    family: int  # 4 or 6
    type: int
    code: int
    offender: str  # the address that sent it
    info: int = 0  # next-hop MTU for "too big"
    ttl: int | None = None  # what it had left on arrival, where the socket asked for that

    @property
    def says(self) -> Said:
        return self._known()[0]

    @property
    def words(self) -> str:
        return self._known()[1]

    @property
    def terminal(self) -> bool:
        """Does it end the exchange? "Too big" only asks for smaller packets."""
        return self.says is not Said.TOO_BIG

    def _known(self) -> tuple[Said, str]:
        table = V4 if self.family == 4 else V6
        return table.get((self.type, self.code), (Said.OTHER, f"ICMP type {self.type} code {self.code}"))


def first_terminal(seen: list[Icmp]) -> Icmp | None:
    return next((icmp for icmp in seen if icmp.terminal), None)
