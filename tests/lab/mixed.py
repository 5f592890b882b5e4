"""Faults mixed at random over the three forests, what each cell must show then, and what a run told wrongly of them.

Nothing here knows how portcheck finds out: the truth is what the firewalls were told to do.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.lab import faults, records
from tests.lab.domain_controller import DomainController
from tests.lab.program import Run
from tests.lab.relay import Line, relay
from tests.lab.world import Lab

DYNAMIC, MAPPER = "49152-65535/tcp", "135/tcp"
PORTS = (
    "53/tcp", "88/tcp", "88/udp", MAPPER, "389/tcp", "389/udp", "445/tcp", "464/tcp", "464/udp", "636/tcp", "3268/tcp",
    "3269/tcp", DYNAMIC,
)  # fmt: skip
SEEN: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    "drop": (frozenset({"filtered"}),) * 2,
    "drop back": (frozenset({"filtered"}),) * 2,
    "tcp-reset": (frozenset({"rejected"}), frozenset({"refused"})),
    "port-unreachable": (frozenset({"rejected"}), frozenset({"refused"})),
    "admin-prohibited": (frozenset({"rejected"}), frozenset({"rejected", "refused"})),
    "host-unreachable": (frozenset({"unreachable"}),) * 2,
    "mute": (frozenset({"mute"}),) * 2,
    "cut": (frozenset({"reset"}),) * 2,
}
"""By what is done: the states that tell it truly, where a firewall does it and where the controller itself does."""
TCP_ONLY = ("tcp-reset", "mute", "cut")
HEALTHY = 0.35  # how likely a forest is left alone
MOST = 5  # ports with one fault

Place = tuple[str, str]
"""A controller's address and a port: `("10.77.2.10", "464/tcp")`."""


@dataclass(frozen=True, slots=True)
class Done:
    """What is done to the packets of some ports of a controller."""

    dc: DomainController
    what: str  # a key of SEEN
    at: str  # "fw1", "fw2" or "dc"
    ports: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.dc.site.key}: {self.what} at {self.at} of {', '.join(self.ports)}"

    @property
    def seen(self) -> frozenset[str]:
        return SEEN[self.what][self.at == "dc"]


def drawn(lab: Lab, seed: int) -> list[Done]:
    """The same faults for the same seed."""
    lots = random.Random(seed)
    return [done for dc in lab.dcs if lots.random() >= HEALTHY for done in _of_one(lots, dc)]


def _of_one(lots: random.Random, dc: DomainController) -> Iterator[Done]:
    left = lots.sample(PORTS, len(PORTS))
    for _ in range(lots.choice((1, 1, 2))):
        what, at = lots.choice((*SEEN, "drop", "drop")), lots.choice(("fw1", "fw2", "dc"))
        at = "fw2" if at == "dc" and what in {"drop back", "host-unreachable"} else at
        fit = [port for port in left if what not in TCP_ONLY or port.endswith("/tcp")]
        ports = tuple(fit[: lots.randint(1, MOST)])
        left = [port for port in left if port not in ports]
        if ports:
            yield Done(dc, what, at, ports)


@contextmanager
def around(lab: Lab, seed: int) -> Iterator[str]:
    """What is no fault and stands beside them: a far line, controllers with an address of the other family. In words.

    Faults are of both families.
    """
    lots = random.Random(-seed)
    six = [dc for dc in lab.dcs if lots.random() < DOUBLE]
    line = Line(delay_ms=lots.choice(DELAYS_MS), jitter_ms=lots.choice((0.0, 10.0)))
    with ExitStack() as undo:
        for dc in six:
            undo.enter_context(records.published_ipv6(dc))
        if line.delay_ms:
            undo.enter_context(relay(lab, line))
        yield f"{line.delay_ms:g} ms each way; IPv6 too: {', '.join(dc.site.key for dc in six) or 'nobody'}"


DOUBLE, DELAYS_MS = 0.3, (0.0, 0.0, 20.0, 150.0)


@contextmanager
def under_way(lab: Lab, wanted: list[Done]) -> Iterator[None]:
    with ExitStack() as undo:
        for one in wanted:
            node = {"fw1": lab.fw1, "fw2": lab.fw2, "dc": one.dc.node}[one.at]
            if one.what in {"drop", "drop back"}:
                fault = faults.drop(lab, one.dc, *one.ports, at=node, back=one.what != "drop")
            elif one.what in {"mute", "cut"}:
                fault = faults.reset_on_payload(lab, one.dc, *one.ports, at=node, silent=one.what == "mute")
            else:
                fault = faults.reject(lab, one.dc, *one.ports, how=one.what, at=node)
            undo.enter_context(fault)
        yield


def wrongs(lab: Lab, wanted: list[Done], run: Run) -> list[str]:
    """Everything that the run told and is not so, and what it kept quiet about."""
    by_place = {(at, port): one for one in wanted for port in one.ports for at in (one.dc.address, one.dc.address6)}
    hit = {one.dc.domain for one in wanted}
    found = [line for check in run.checks for line in _of_check(check, by_place)]
    found += [line for dc in lab.dcs for line in _of_forest(dc.domain, run, healthy=dc.domain not in hit)]
    found += [line for finding in _findings(run) for line in _of_asks(finding, by_place)]
    failing = any(check["verdict"] == "fail" for check in run.checks)
    return found if run.code == int(failing) else [*found, f"exit {run.code}, with something failing: {failing}"]


def _findings(run: Run) -> list[dict[str, Any]]:
    assert run.report is not None
    return list(run.report["findings"])


def _place(check: Mapping[str, Any]) -> Place:
    dynamic = check["service"].startswith("rpc-")
    return check["address"], DYNAMIC if dynamic else f"{check['port']}/{check['transport']}"


def _of_check(check: Mapping[str, Any], by_place: Mapping[Place, Done]) -> Iterator[str]:
    place, told = _place(check), f"{check['id']} is {check['state']} ({check['reason']})"
    mapper = by_place.get((check["address"], MAPPER))
    if place[1] == DYNAMIC and mapper is not None:
        if check["state"] != "skipped":
            yield f"{told} although the mapper was not heard: {mapper}"
    elif place in by_place:
        if check["state"] not in by_place[place].seen:
            yield f"{told}, because of: {by_place[place]}"
    elif check["state"] not in {"ok", "open"}:
        yield f"{told}, and nothing was done to it"


def _of_forest(domain: str, run: Run, *, healthy: bool) -> Iterator[str]:
    assert run.report is not None
    verdict = next(forest["verdict"] for forest in run.report["forests"] if forest["name"] == domain)
    found = [finding for finding in _findings(run) if finding["forest"] == domain]
    if healthy and (verdict != "pass" or [one["code"] for one in found] != ["forest-ok"]):
        yield f"{domain} is healthy, and called {verdict}: {[one['code'] for one in found]}"
    explained = {check for one in found if one["severity"] != "info" for check in one["checks"]}
    for check in run.checks:
        if check["forest"] == domain and check["verdict"] == "fail" and check["id"] not in explained:
            yield f"{check['id']} fails, and no finding says so"
    if not healthy and verdict != "pass" and any(one["code"] == "forest-ok" for one in found):
        yield f"{domain} is {verdict}, and said to be all well"


def _of_asks(finding: Mapping[str, Any], by_place: Mapping[Place, Done]) -> Iterator[str]:
    """Nobody is asked to open what is open."""
    for ask in finding["asks"]:
        ports = [f"{port}/{transport}" for transport in ("tcp", "udp") for port in ask[transport]]
        for host in ask["to"]:
            for port in ports:
                dynamic = int(port.partition("/")[0].partition("-")[0]) >= 49152
                places = (
                    [(host["address"], DYNAMIC), (host["address"], MAPPER)] if dynamic else [(host["address"], port)]
                )
                if not any(place in by_place for place in places):
                    yield f"{finding['code']} asks for {port} to {host['address']}, which is open"
