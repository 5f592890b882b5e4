"""The classic list of the hand-written port test, on the lab's three forests: which cells there are, what is true of
them, and what portcheck and nmap said of each."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from xml.etree import ElementTree

from tests.bench import measure
from tests.bench.measure import Cost
from tests.lab import faults
from tests.lab.world import Lab

TCP = (389, 636, 88, 464, 53, 3268, 3269, 135)
UDP = (88, 464, 53)
OPEN, SILENT, UNDECIDED = "open", "silent", "undecided"
SILENCED = {"bravo": ("464/tcp", "464/udp", "3268/tcp"), "charlie": ("88/udp", "636/tcp", "53/tcp")}

Cell = tuple[str, str]
"""An address and a port: `("10.77.2.10", "464/tcp")`."""
Told = Mapping[Cell, str]

PORTCHECK_WORDS = {"ok": OPEN, "open": OPEN, "filtered": SILENT}
NMAP_WORDS = {"open": OPEN, "filtered": SILENT, "open|filtered": UNDECIDED}


def cells(lab: Lab) -> list[Cell]:
    ports = [f"{port}/tcp" for port in TCP] + [f"{port}/udp" for port in UDP]
    return [(dc.address, port) for dc in lab.dcs for port in ports]


def truth(lab: Lab, silenced: Mapping[str, tuple[str, ...]]) -> dict[Cell, str]:
    """What the lab was told to drop is silent, everything else answers."""
    silent = {(dc.address, port) for dc in lab.dcs for port in silenced.get(dc.site.key, ())}
    return {cell: SILENT if cell in silent else OPEN for cell in cells(lab)}


@contextmanager
def silence(lab: Lab, silenced: Mapping[str, tuple[str, ...]]) -> Iterator[None]:
    with ExitStack() as undo:
        for dc in lab.dcs:
            if ports := silenced.get(dc.site.key):
                undo.enter_context(faults.drop(lab, dc, *ports))
        yield


def portcheck(lab: Lab, config: Path, *arguments: str) -> tuple[Cost, Told]:
    """The main job as a user runs it: unprivileged, with discovery, the `mim` profile, second look and report."""
    command = (sys.executable, "-m", "portcheck", "check", "-c", str(config), "-f", "json", *arguments)
    cost = measure.run(lab.vantage.argv(*command), cwd=lab.vantage.home, env=lab.vantage.environment())
    return cost, portcheck_told(cost.stdout)


def portcheck_told(text: str) -> dict[Cell, str]:
    checks = json.loads(text)["checks"]
    found = {(c["address"], f"{c['port']}/{c['transport']}"): c["state"] for c in checks}
    return {cell: PORTCHECK_WORDS.get(state, state) for cell, state in found.items()}


def nmap(lab: Lab, *options: str) -> tuple[Cost, Told]:
    """As root (datagrams need it), told not to look for names or for signs of life first."""
    ports = f"T:{','.join(map(str, TCP))},U:{','.join(map(str, UDP))}"
    command = ("nmap", "-n", "-Pn", "-sT", "-sU", *options, "-p", ports, "-oX", "-", *(dc.address for dc in lab.dcs))
    cost = measure.run(lab.client.argv(*command))
    return cost, nmap_told(cost.stdout)


def nmap_told(text: str) -> dict[Cell, str]:
    found = {}
    for host in ElementTree.fromstring(text).iter("host"):
        address = next(row.get("addr", "") for row in host.iter("address"))
        for port in host.iter("port"):
            state = next(row.get("state", "") for row in port.iter("state"))
            found[address, f"{port.get('portid')}/{port.get('protocol')}"] = NMAP_WORDS.get(state, state)
    return found


def score(told: Told, true: Told) -> Counter[str]:
    """`right`, `wrong` and `undecided`, over all cells."""
    marks: Counter[str] = Counter()
    for cell, state in true.items():
        said = told.get(cell, UNDECIDED)
        marks["undecided" if said == UNDECIDED else "right" if said == state else "wrong"] += 1
    return marks


def wrongs(told: Told, true: Told) -> Iterator[str]:
    """Each cell that was told wrongly, in words."""
    for (address, port), state in true.items():
        said = told.get((address, port), UNDECIDED)
        if said not in (state, UNDECIDED):
            yield f"{address} {port}: told {said}, is {state}"
