"""How fast each way is asked. A network behind a firewall that polices new connections has its own pace, and so has
every other; what this machine sends through one of its own addresses begins as gently, for all networks together.

Begun at 400 a second, twice as fast after each 64 answers, half as fast where much of what answers did not at first.
"""

from __future__ import annotations

from portcheck.net.pacing import AdaptivePacer, Delay, Pacer
from portcheck.net.platform.machine import source_address

FIRST_TO_REPEATS = 20.0  # first tries for each repeat, as fast as they may go
OF_NETWORK = {False: 3, True: 4}  # how many parts of an IPv4 and an IPv6 address: /24 and /64


def network(address: str) -> str:
    """The network of an address, as far as it can be told from here: what one firewall probably stands before."""
    six = ":" in address
    separator = ":" if six else "."
    return separator.join(address.split(separator)[: OF_NETWORK[six]])


class RepeatPacer(Pacer):
    """For second and third tries: slower than the first ones, as these are paced there by now; `of_all`: and within
    what the user allows to all networks together."""

    def __init__(
        self, way: AdaptivePacer, least: float, window_s: float | None, delay: Delay, of_all: Pacer | None = None
    ) -> None:
        super().__init__(least, window_s)
        self.delay, self._way, self._least, self._of_all = delay, way, least, of_all

    async def turn(self) -> None:
        self._gap = 1.0 / max(self._least, self._way.rate / FIRST_TO_REPEATS)
        await super().turn()
        if self._of_all is not None:
            await self._of_all.turn()


class Paths:
    """Turns for first tries: of the way to the network, of the way out of this machine, and of what the user allows."""

    def __init__(self, rate: float | None, parts: int = 1, *, networks_too: bool = False) -> None:
        """`parts`: so many processes share the ways out of this machine; `networks_too`: and each network."""
        self._all = None if rate is None else Pacer(rate / parts)
        self._most = rate
        self._parts, self._parts_of_network = parts, parts if networks_too else 1
        self._networks: dict[str, tuple[AdaptivePacer, AdaptivePacer]] = {}
        self._by_address: dict[str, tuple[AdaptivePacer, AdaptivePacer]] = {}
        self._ways_out: dict[str | None, AdaptivePacer] = {}

    def _of(self, address: str) -> tuple[AdaptivePacer, AdaptivePacer]:
        known = self._by_address.get(address)
        if known is None:
            key = network(address)
            known = self._networks.get(key)
            if known is None:
                out = source_address(address) if address else None
                way_out = self._ways_out.setdefault(out, AdaptivePacer(self._most, self._parts))
                known = self._networks[key] = AdaptivePacer(self._most, self._parts_of_network), way_out
            self._by_address[address] = known
        return known

    def way(self, address: str) -> AdaptivePacer:
        """Of the network alone."""
        return self._of(address)[0]

    async def turn(self, address: str) -> None:
        """Wait until one more first try may go to the address; empty: it is known by its name alone."""
        here, out = self._of(address)
        await out.turn()
        await here.turn()
        if self._all is not None:
            await self._all.turn()

    def heard(self, address: str, *, repeated: bool = False) -> None:
        """Somebody there answered; `repeated`: not to the first try, which slows the way to that network alone."""
        here, out = self._of(address)
        out.faster()
        here.slower() if repeated else here.faster()
