"""Two more places beside the client, each behind a firewall of its own, for as long as the context lasts.

client - fw1 - fw2 - the forests;  branch - fw3 - fw2;  dmz - fw4 - fw2. IPv4 alone.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.network import FW2_CORE
from tests.lab.node import Node, address, link, run
from tests.lab.program import Vantage
from tests.lab.world import Lab

BRANCH_GATEWAY = "10.77.4.1"


@dataclass(frozen=True, slots=True)
class Places:
    """Who asks, by name, and the firewalls in front of the two that are new."""

    lab: Lab
    vantages: Mapping[str, Vantage]
    walls: Mapping[str, Node]

    def ask(self, folder: Path, config: Path, *options: str) -> list[Path]:
        """`portcheck check` from all of them at once; the reports."""
        with ThreadPoolExecutor(len(self.vantages)) as pool:
            return list(pool.map(lambda name: self.report(name, folder, config, *options), self.vantages))

    def report(self, name: str, folder: Path, config: Path, *options: str) -> Path:
        path = folder / f"{name}.json"
        words = ("check", "-4", "-c", str(config), "--name", name, "--no-history", "-f", "json", *options)
        done = self.vantages[name].python("-m", "portcheck", *words, timeout=180)
        assert done.code in {0, 1}, done.stderr
        path.write_text(json.dumps(done.report), encoding="utf-8")
        return path


@contextmanager
def three_places(lab: Lab) -> Iterator[Places]:
    prefix = lab.client.netns.removesuffix("-client")
    made: dict[str, Vantage] = {"client": lab.vantage}
    walls: dict[str, Node] = {}
    nodes: list[Node] = []
    routes: list[str] = []
    try:
        for number, name in ((4, "branch"), (5, "dmz")):
            wall = Node(f"fw-{name}", f"{prefix}-fw-{name}", "forward")
            place = Node(name, f"{prefix}-{name}", "output")
            for node in (wall, place):
                node.create()
                nodes.append(node)
            _wire(lab.fw2, wall, place, number)
            lab.fw1.ip("route", "add", f"10.77.{number}.0/24", "via", FW2_CORE[0])
            routes.append(f"10.77.{number}.0/24")
            folder = lab.folder / name
            folder.mkdir(exist_ok=True)
            made[name], walls[name] = Vantage(place, folder, lab.authority.file), wall
            if not made[name].home.exists():
                made[name].prepare()
        yield Places(lab, made, walls)
    finally:
        for route in routes:
            lab.fw1.ip("route", "del", route)
        for node in nodes:
            run("ip", "netns", "del", node.netns)


def _wire(core: Node, wall: Node, place: Node, number: int) -> None:
    link(core, f"to-{place.name}", wall, "to-core")
    link(wall, "inside", place, "eth0")
    address(core, f"to-{place.name}", f"10.77.10{number}.1/30")
    address(wall, "to-core", f"10.77.10{number}.2/30")
    address(wall, "inside", f"10.77.{number}.1/24")
    address(place, "eth0", f"10.77.{number}.10/24")
    wall.sysctl("net.ipv4.ip_forward=1")
    wall.ip("route", "add", "default", "via", f"10.77.10{number}.1")
    place.ip("route", "add", "default", "via", f"10.77.{number}.1")
    core.ip("route", "add", f"10.77.{number}.0/24", "via", f"10.77.10{number}.2")


def findings(document: Mapping[str, Any], code: str) -> list[dict[str, Any]]:
    return [finding for finding in document["findings"] if finding["code"] == code]
