"""What the answers of one host tell of the way to it: where they all come at once, silence shows sooner.

A TCP port is answered by the host's kernel, so that any of its ports speaks for the way to all. A datagram is answered
by a program: only services of the same one speak for each other.
"""

from __future__ import annotations

from portcheck.frozen import dataclass
from portcheck.net.paths import Paths

QUICK_S = 0.25  # answers that take longer are given the whole patience
SOON_S = 0.2  # between the tries of a question, where answers come at once
LISTENED_S = 0.6  # after the last try; more than twice as long as any answer took (QUICK_S)
REPEATED_BY_KERNEL_S = 1.0  # after it a SYN that was not answered is sent once more
GLANCE_S = 0.3  # so often it is looked whether the others have answered meanwhile


@dataclass(slots=True)
class Pulse:
    """Grows while the host is asked."""

    enough: int = 3  # answers without which nothing is concluded
    answers: int = 0
    slowest_s: float = 0.0
    repeated: bool = False  # some answer needed a second try: packets are lost, or new connections are policed
    paths: Paths | None = None  # each answer is told there, under the host's address
    address: str = ""

    def heard(self, took_s: float, *, repeated: bool) -> None:
        """An answer came after so long."""
        self.answers += 1
        self.slowest_s = max(self.slowest_s, took_s)
        self.repeated = self.repeated or repeated
        if self.paths is not None:
            self.paths.heard(self.address, repeated=repeated)

    @property
    def quick(self) -> bool:
        """Whoever is there answers at once, and to the first try."""
        return self.answers >= self.enough and self.slowest_s <= QUICK_S and not self.repeated
