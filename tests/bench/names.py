"""`python -m tests.bench.names`: what the questions about names cost a healthy run, in time and in packets.

The same program runs with them and without, in turn. Questions to name servers are not counted as packets to
controllers: 53 of a controller is left out.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from pathlib import Path

from tests.lab.rules import count_packets
from tests.lab.world import Lab, lab, why_not

WITHOUT = """
import sys
from portcheck.run.clients import Clients
from portcheck.run.naming import NamesBeside

async def nothing(*_):
    return None

NamesBeside.beside = NamesBeside.afterwards = Clients.follow = nothing
from portcheck.__main__ import main
sys.argv[0] = "portcheck"
sys.exit(main())
"""
WITH = WITHOUT.replace("NamesBeside.beside = NamesBeside.afterwards = Clients.follow = nothing\n", "")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=10, help="runs of each kind (10)")
    options = parser.parse_args()
    if reason := why_not():
        sys.stderr.write(f"{reason}\n")
        return 1
    with lab() as up:
        config = up.forests_toml(defaults={"profiles": ["mim"]}, **{dc.site.key: {"dns": None} for dc in up.dcs})
        seconds: dict[str, list[float]] = {"with": [], "without": []}
        packets: dict[str, list[int]] = {"with": [], "without": []}
        for _ in range(options.runs):
            for kind, program in (("with", WITH), ("without", WITHOUT)):
                took, sent = once(up, program, config)
                seconds[kind].append(took)
                packets[kind].append(sent)
    for kind, took in seconds.items():
        sent = sorted(set(packets[kind]))
        say(
            f"{kind:8} median {statistics.median(took):.3f} s, best {min(took):.3f} s; to controllers beside 53: {sent}"
        )
    more = statistics.median(seconds["with"]) - statistics.median(seconds["without"])
    say(f"the questions about names cost {more:.3f} s")
    return 0


def once(up: Lab, program: str, config: Path) -> tuple[float, int]:
    began = time.monotonic()
    with count_packets(up.client) as count:
        run = up.vantage.python("-c", program, "check", "-c", str(config), "-f", "json")
    assert run.code == 0, run.stderr
    asked = sum(number for port, number in count.datagrams.items() if port != 53)
    return time.monotonic() - began, count.syns + asked


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
