"""Faults of the lab that are told from Linux and from Windows: the same cells, or a difference that has a name."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

from tests.lab import faults, services
from tests.lab.program import Cell, Run
from tests.lab.world import Lab
from tests.wine.windows import Windows, windows, windows_path

Fault = Callable[[Lab], AbstractContextManager[object]]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`differs`: the services whose state is another on Windows, and what it is there."""

    name: str
    fault: Fault
    differs: Mapping[str, str] = field(default_factory=dict)


def at_once(*faults: Fault) -> Fault:
    """Faults of forests that have nothing to do with each other: told apart in one run, which is what takes time."""

    @contextmanager
    def all_of_them(lab: Lab) -> Iterator[None]:
        with ExitStack() as undo:
            for fault in faults:
                undo.enter_context(fault(lab))
            yield

    return all_of_them


SCENARIOS = (
    Scenario("healthy", lambda _: nullcontext()),
    Scenario(
        "founding case: 464 and 88/udp; elsewhere mute",
        at_once(
            lambda lab: faults.drop(lab, lab.bravo, "464", "88/udp"), lambda lab: services.mute(lab.charlie, "389/tcp")
        ),
    ),
    Scenario(
        "kpasswd; elsewhere reset by a firewall",
        at_once(
            lambda lab: faults.drop(lab, lab.bravo, "464"),
            lambda lab: faults.reject(lab, lab.charlie, "636/tcp", how="tcp-reset"),
        ),
        differs={"ldaps/tcp": "refused"},  # whose reset it was is not told by Windows
    ),
    Scenario(
        "88/udp; elsewhere a DNS that filters",
        at_once(lambda lab: faults.drop(lab, lab.bravo, "88/udp"), lambda lab: faults.drop(lab, lab.charlie, "53")),
    ),
    Scenario("wrong forest", lambda lab: faults.translate(lab, lab.bravo, lab.charlie)),
)
FORESTS = ("bravo", "charlie")


def differences(linux: Run, other: Run) -> dict[Cell, tuple[str, str]]:
    """Cells whose states are not the same: Linux' and Windows'; `gone` where one did not ask."""
    every = dict.fromkeys([*linux.cells, *other.cells])
    pairs = {cell: (linux.cells.get(cell, "gone"), other.cells.get(cell, "gone")) for cell in every}
    return {cell: pair for cell, pair in pairs.items() if pair[0] != pair[1]}


def worded(run: Run, services: Collection[str]) -> bool:
    """Each fault of these is told as one of which this platform cannot tell whose it is, and both are asked."""
    of = [
        each for each in faults_told(run) if any(f"/{name}/" in check for name in services for check in each["checks"])
    ]
    return bool(of) and all("does not tell" in each["explanation"] for each in of) and all(map(_asks_both, of))


def faults_told(run: Run) -> list[dict[str, Any]]:
    """The findings that are faults."""
    assert run.report is not None
    return [finding for finding in run.report["findings"] if finding["severity"] == "error"]


def _asks_both(finding: Mapping[str, str]) -> bool:
    return "the AD team" in finding["fix"] and "the firewall team" in finding["fix"]


def told_alike(linux: Run, other: Run) -> dict[str, bool]:
    """Of each forest in which all cells are the same: whether the findings are, too."""
    apart = {cell[0] for cell in differences(linux, other)}
    assert linux.report is not None
    hosts = {forest["name"]: {dc["host"] for dc in forest["domain_controllers"]} for forest in linux.report["forests"]}
    return {name: linux.codes(name) == other.codes(name) for name in FORESTS if not apart & hosts[f"{name}.test"]}


def problems(*runs: Run) -> list[str]:
    """What ended a run before it was done."""
    return [f["problem"] for run in runs if run.report is not None for f in run.report["forests"] if f["problem"]]


def unexplained(scenario: Scenario, found: Mapping[Cell, tuple[str, str]]) -> dict[Cell, tuple[str, str]]:
    """Without those that the platform makes."""
    return {cell: pair for cell, pair in found.items() if scenario.differs.get(cell[1]) != pair[1]}


@contextmanager
def client(lab: Lab) -> Iterator[Windows]:
    """A Windows at the place of the lab's client: its network, its resolver."""
    own = "; ".join(f"mount --bind {lab.folder}/{name} /etc/{name}" for name in ("resolv.conf", "hosts"))
    enter = lab.client.argv("unshare", "--mount", "sh", "-ec", f'{own}; exec "$@"', "sh")
    with windows(enter) as up:
        yield up


def both(lab: Lab, there: Windows, scenario: Scenario) -> tuple[Run, Run]:
    """One fault, asked from Linux and from Windows at the same time, of bravo and charlie."""
    config = lab.forests_toml(*FORESTS)
    asked = ("check", "--format", "json")
    with scenario.fault(lab), ThreadPoolExecutor(1) as aside:
        env = {"PORTCHECK_CONFIG": windows_path(config)}
        other = aside.submit(there.portcheck, *asked, env=env, timeout=600)
        linux = lab.check(config=config)
        done = other.result()
    out, err = done.out.decode("utf-8", "replace"), done.err.decode("utf-8", "replace")
    return linux, Run(done.code, out, err, json.loads(out) if out.startswith("{") else None)
