"""A far, narrow or lossy path: a TUN device on the near router that delays, queues, drops and doubles packets.

The kernel of a test machine may have no netem. Policy routing by input interface leads what comes from the client and
what goes to it through the device; written back to it, a packet goes on as usual, with the hop it lost given back.
Runs in the router's namespace as a script: one argument, the `Line` in JSON; standard library only.
"""

from __future__ import annotations

import fcntl
import heapq
import itertools
import json
import os
import random
import select
import struct
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.lab.world import Lab

DEVICE, TABLE = "relay0", "177"
TUNSETIFF, IFF_TUN, IFF_NO_PI = 0x400454CA, 0x0001, 0x1000  # linux/if_tun.h
CLIENT_V4, CLIENT_V6 = bytes([10, 77, 0]), bytes.fromhex("fd77000000000001")
LARGEST = 65535


@dataclass(frozen=True, slots=True)
class Line:
    """What the path does to each packet, in each direction alike; a round trip is twice the delay."""

    delay_ms: float = 0.0
    jitter_ms: float = 0.0  # up to so much more, at random; packets keep their order
    kbit: float | None = None  # thousands of bits a second
    queue: int = 1_000_000  # bytes that wait for a narrow line; what comes on top is lost
    lose: float = 0.0  # percent
    double: float = 0.0  # percent


@contextmanager
def relay(lab: Lab, line: Line) -> Iterator[None]:
    """All traffic between the client and the rest goes over such a line."""
    node = lab.fw1
    with ExitStack() as undo:
        command = node.argv(sys.executable, __file__, json.dumps(asdict(line)))
        running = undo.enter_context(subprocess.Popen(command, stdout=subprocess.PIPE))
        undo.callback(running.terminate)
        assert running.stdout is not None
        assert running.stdout.readline() == b"ready\n"
        for family in ("-4", "-6"):
            node.ip(family, "route", "add", "default", "dev", DEVICE, "table", TABLE)
            for port in ("to-client", "to-fw2"):
                rule = ("iif", port, "lookup", TABLE)
                node.ip(family, "rule", "add", *rule)
                undo.callback(node.ip, family, "rule", "del", *rule)
        yield


@dataclass(slots=True)
class Way:
    """One direction: when the line is free again, and how much waits for it."""

    line: Line
    free_at: float = 0.0
    last_at: float = 0.0
    rng: random.Random = field(default_factory=random.Random)

    def times(self, size: int, now: float) -> list[float]:
        """When the packet comes out: not at all, once, or twice."""
        line = self.line
        if self.rng.random() * 100 < line.lose:
            return []
        copies = 2 if self.rng.random() * 100 < line.double else 1
        return [at for _ in range(copies) if (at := self._through(size, now)) is not None]

    def _through(self, size: int, now: float) -> float | None:
        start = max(now, self.free_at)
        if self.line.kbit is not None:
            per_second = self.line.kbit * 1000 / 8
            if (start - now) * per_second > self.line.queue:
                return None
            start = self.free_at = start + size / per_second
        jitter = self.rng.random() * self.line.jitter_ms
        self.last_at = max(self.last_at, start + (self.line.delay_ms + jitter) / 1000)
        return self.last_at


def with_its_hop(packet: bytearray) -> bytes:
    """The router takes a hop off twice, before the device and after it: one is given back."""
    if packet[0] >> 4 == 4:
        packet[8] = min(packet[8] + 1, 255)
        packet[10:12] = b"\0\0"
        words = struct.unpack(f"!{(packet[0] & 15) * 2}H", packet[: (packet[0] & 15) * 4])
        total = sum(words)
        total = (total & 0xFFFF) + (total >> 16)
        packet[10:12] = struct.pack("!H", ~(total + (total >> 16)) & 0xFFFF)
    else:
        packet[7] = min(packet[7] + 1, 255)
    return bytes(packet)


def to_client(packet: bytes) -> bool:
    return packet[16:19] == CLIENT_V4 if packet[0] >> 4 == 4 else packet[24:32] == CLIENT_V6


def serve(device: int, line: Line) -> None:
    """For ever."""
    ways = {True: Way(line), False: Way(line)}
    waiting: list[tuple[float, int, bytes]] = []
    count = itertools.count()
    while True:
        now = time.monotonic()
        while waiting and waiting[0][0] <= now:
            os.write(device, heapq.heappop(waiting)[2])
        ready, _, _ = select.select([device], [], [], max(0.0, waiting[0][0] - now) if waiting else None)
        if ready:
            packet = os.read(device, LARGEST)
            for at in ways[to_client(packet)].times(len(packet), time.monotonic()):
                heapq.heappush(waiting, (at, next(count), with_its_hop(bytearray(packet))))


def main() -> None:
    device = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", DEVICE.encode(), IFF_TUN | IFF_NO_PI))
    subprocess.run(["ip", "link", "set", DEVICE, "up", "mtu", "1500"], check=True)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    serve(device, Line(**json.loads(sys.argv[1])))


if __name__ == "__main__":
    main()
