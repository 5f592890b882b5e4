"""Who may come in, and who notices: `demo` and the tests let everybody in; `listen` counts, limits and tells."""

from __future__ import annotations

from typing import Protocol

from portcheck.frozen import dataclass


@dataclass(frozen=True, slots=True)
class Visitor:
    """From where to what: a connection, or a datagram."""

    address: str
    port: int
    service: str  # service/transport
    local_address: str
    local_port: int


class AdmissionPolicy(Protocol):
    """Asked for each connection and each datagram."""

    def admits(self, visitor: Visitor) -> bool:
        """False: the connection is cut, the datagram ignored."""

    def left(self, visitor: Visitor) -> None:
        """A connection that was admitted has ended."""

    def fits(self, question: bytes, answer: bytes) -> bool:
        """Whether so short a datagram may get so long an answer."""


class OpenDoor:
    """Everybody may come in, and nobody looks."""

    def admits(self, visitor: Visitor) -> bool:  # noqa: ARG002 - the signature is the door's
        return True

    def left(self, visitor: Visitor) -> None:
        pass

    def fits(self, question: bytes, answer: bytes) -> bool:  # noqa: ARG002
        return True
