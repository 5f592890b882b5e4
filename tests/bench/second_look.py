"""How long the second look takes: one to twenty hosts of a forest with silent ports, in the lab. Prints a table.

`python -m tests.bench.second_look`. Twenty addresses lead to one controller; the far firewall drops ports of them.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from tests.lab import faults
from tests.lab.rules import chain
from tests.lab.world import Lab, lab, why_not

FIRST = 101
LOOK, DONE = "second look", "done in"
FAULTS = {
    "464 silent": "tcp dport 464 drop; udp dport 464 drop",
    "ten ports silent": "tcp dport { 88, 135, 445, 464, 636, 3268, 3269 } drop; udp dport { 53, 88, 464 } drop",
    "all silent": "drop",
    "464 reset by the firewall": "tcp dport 464 reject with tcp reset",
    "389 mute on the path": "tcp dport 389 meta length > 80 drop",
    "389 reset on the path": "tcp dport 389 meta length > 80 reject with tcp reset",
}


@dataclass(frozen=True, slots=True)
class Timed:
    """One run: seconds of the second look, packets the client sent in it, and how many checks got a place."""

    seconds: float
    total_s: float
    placed: int
    faulty: int


@contextmanager
def hosts(up: Lab, count: int) -> Iterator[list[str]]:
    """Addresses at which bravo's controller answers."""
    node, prefix = up.bravo.node, up.bravo.address.rpartition(".")[0]
    addresses = [f"{prefix}.{FIRST + number}" for number in range(count)]
    with ExitStack() as undo:
        for address in addresses:
            node.ip("addr", "add", f"{address}/24", "dev", "eth0")
            undo.callback(node.ip, "addr", "del", f"{address}/24", "dev", "eth0")
        both = f"ip daddr {{ {', '.join(addresses)} }} dnat ip to {up.bravo.address}"
        undo.enter_context(chain(node, "prerouting", both, priority=faults.DESTINATION_NAT, kind="nat"))
        yield addresses


def timed(up: Lab, addresses: list[str]) -> Timed:
    """A run over these hosts, its stages taken from the progress lines."""
    named = [{"host": f"dc{number}.bravo.test", "address": a} for number, a in enumerate(addresses)]
    own = {"domain_controllers": named, "dns": None, "discover": False}
    config = up.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own)
    command = ("-m", "portcheck", "check", "-c", str(config), "-f", "json", "--answer-timeout", "3s", "-o", "out.json")
    began, at = time.monotonic(), {}
    with up.vantage.popen(sys.executable, *command) as process:
        assert process.stderr is not None
        for line in process.stderr:
            for mark in (LOOK, DONE):
                if line.startswith(mark):
                    at.setdefault(mark, time.monotonic())
    total = time.monotonic() - began
    checks = json.loads((up.vantage.home / "out.json").read_text())["checks"]
    faulty = [check for check in checks if check["verdict"] in {"fail", "warn"}]
    placed = sum(1 for check in faulty if check["blocked_at"])
    return Timed(at[DONE] - at.get(LOOK, at[DONE]), total, placed, len(faulty))


def main() -> int:
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    say = sys.stdout.write
    with lab() as up:
        say(f"{'fault':28}{'ICMP limit':>12}{'hosts':>7}{'second look':>13}{'whole run':>11}{'placed':>12}\n")
        for name, rule in FAULTS.items():
            for limited in (False, True):
                for count in (1, 5, 20):
                    say(row(up, name, rule, count, limited=limited))
                    sys.stdout.flush()
    return 0


def row(up: Lab, name: str, rule: str, count: int, *, limited: bool) -> str:
    with ExitStack() as undo:
        addresses = undo.enter_context(hosts(up, count))
        if limited:
            undo.enter_context(faults.limited_icmp(up.fw1, up.fw2))
        lines = [f"ip daddr {{ {', '.join(addresses)} }} {part.strip()}" for part in rule.split(";")]
        undo.enter_context(chain(up.fw2, "forward", *lines))
        seen = timed(up, addresses)
    placed = f"{seen.placed}/{seen.faulty}"
    times = f"{seen.seconds:>11.2f} s{seen.total_s:>9.2f} s"
    return f"{name:28}{'yes' if limited else 'no':>12}{count:>7}{times}{placed:>12}\n"


if __name__ == "__main__":
    sys.exit(main())
