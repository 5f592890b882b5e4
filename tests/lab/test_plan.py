"""What `plan` says that a check will send, held against what leaves the machine."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from portcheck.plan.line import SEGMENT
from tests.lab.faults import drop, lose, reject, reset_on_payload
from tests.lab.program import PROJECT
from tests.lab.world import Lab

TRIES = 5  # on a busy machine an answer may come late, and a question be repeated
RESOLVER = "127.0.0.1"
OPT = 11  # bytes of an empty one (RFC 6891, 6.1.2), which dnsmasq adds from 2.91 on
NONCES = 24  # bytes by which ASN.1 numbers that are drawn by lot may differ, in all


@dataclass(slots=True)
class Sent:
    """The packets of a run that asked something."""

    packets: int = 0
    bytes: int = 0
    connections: int = 0
    per_port: Counter[tuple[str, int]] = field(default_factory=Counter)
    bytes_per_port: Counter[tuple[str, int]] = field(default_factory=Counter)


@contextmanager
def sniffed(lab: Lab) -> Iterator[Sent]:
    """Count what leaves the client on any interface meanwhile, as `plan` counts."""
    command = lab.client.argv(sys.executable, str(PROJECT / "tests/lab/sniff.py"))
    sent = Sent()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as sniffer:
        assert sniffer.stdout is not None
        assert sniffer.stdout.readline() == "ready\n"
        yield sent
        told, _ = sniffer.communicate()
    resolver: list[int] = []  # sizes of the questions to the resolver on the client itself, which it passes on
    for line in told.splitlines():
        transport, address, port, kind, size = json.loads(line)
        if kind == "bare" or (address == RESOLVER and port != 53):
            continue
        if transport == "udp" and port == 53 and address != RESOLVER and resolver:
            passed_on = next((was for was in (size, size - OPT) if was in resolver), None)
            if passed_on is not None:
                resolver.remove(passed_on)
                continue
        if address == RESOLVER:
            resolver.append(size)
        count = max(1, math.ceil(size / SEGMENT)) if kind == "data" else 1
        sent.packets += count
        sent.connections += kind == "syn"
        sent.bytes += size
        sent.per_port[transport, port] += count
        sent.bytes_per_port[transport, port] += size


def forest_of(lab: Lab, **more: object) -> Path:
    dc = lab.bravo
    keys = {"domain_controllers": [{"host": dc.host, "address": dc.address}], "discover": False, "profiles": ["mim"]}
    return lab.forests_toml("bravo", bravo={**keys, **more})


def planned(lab: Lab, config: Path, *arguments: str) -> dict[str, Any]:
    run = lab.portcheck("plan", "-f", "json", *arguments, config=config)
    assert run.code == 0, run.stderr
    assert run.report is not None
    return run.report


@pytest.mark.parametrize("found_by_dns", [False, True])
def test_where_all_answers_exactly_what_was_planned_is_sent(lab: Lab, found_by_dns: bool) -> None:
    more = {"discover": True, "domain_controllers": None} if found_by_dns else {}
    config = forest_of(lab, **more)
    plan = planned(lab, config, "-4")
    parts = [plan["totals"], *([plan["totals_each_further_controller"]] if found_by_dns else [])]
    # The name server that the file names is the controller that DNS finds: it is asked once.
    twice = [line for line in plan["lines"] if found_by_dns and line["host"] == lab.bravo.address]
    packets = sum(part["answered"]["packets"] for part in parts) - sum(x["answered"]["packets"] for x in twice)
    size = sum(part["answered"]["bytes"] for part in parts) - sum(x["answered"]["bytes"] for x in twice)
    connections = sum(part["answered"]["connections"] for part in parts) - sum(
        x["answered"]["connections"] for x in twice
    )
    runs = []
    for _ in range(TRIES):
        with sniffed(lab) as sent:
            run = lab.portcheck("check", "-f", "json", "-4", config=config)
        assert run.code == 0, run.stderr
        runs.append(sent)
        assert sent.packets >= packets  # nothing was left out: the plan promises no less
        if sent.packets == packets:
            break
    ports = "; ".join(f"{port}/{transport} {count}" for (transport, port), count in runs[-1].per_port.items())
    lines = "; ".join(f"{x['port']}/{x['transport']} {x['answered']['packets']}" for x in plan["lines"])
    assert (runs[-1].packets, runs[-1].connections) == (packets, connections), f"sent {ports}\nplanned {lines}"
    assert abs(runs[-1].bytes - size) <= NONCES, runs[-1].bytes_per_port


def test_a_plan_sends_nothing_not_even_to_dns(lab: Lab) -> None:
    config = forest_of(lab, discover=True, domain_controllers=[lab.bravo.host])
    with sniffed(lab) as sent:
        plan = planned(lab, config)
        assert lab.portcheck("plan", "alpha.test", "example.test").code == 0
    assert plan["totals"]["answered"]["packets"] > 10
    assert sent.packets == 0


def test_where_all_is_silent_no_more_is_sent_than_was_planned(lab: Lab) -> None:
    config = forest_of(lab)
    for arguments in ((), ("--no-trace",), ("--timeout", "2s", "--attempts", "2")):
        plan = planned(lab, config, *arguments)["totals"]
        with drop(lab, lab.bravo, at=lab.fw1), sniffed(lab) as sent:
            run = lab.portcheck("check", "-f", "json", *arguments, config=config)
        assert {"filtered"} <= run.states("bravo") <= {"filtered", "skipped"}
        silent = plan["silent"]
        assert plan["answered"]["packets"] < sent.packets <= silent["packets"], (arguments, sent.per_port)
        assert sent.connections <= silent["packets"]
        assert sent.bytes <= silent["bytes"]


def test_dns_that_is_silent_costs_no_more_than_was_planned(lab: Lab) -> None:
    config = forest_of(lab, discover=True, domain_controllers=None)
    plan = planned(lab, config, "-4")["totals"]
    with drop(lab, lab.bravo, at=lab.fw1), sniffed(lab) as sent:
        lab.portcheck("check", "-f", "json", "-4", config=config)
    assert 0 < sent.packets <= plan["silent"]["packets"], sent.per_port


def test_whatever_happens_no_more_is_sent_than_the_plan_says_at_most(lab: Lab) -> None:
    config = forest_of(lab)
    plan = planned(lab, config)["totals"]["at_most"]
    resets = reset_on_payload(lab, lab.bravo, "389/tcp", "636/tcp")
    mute = reset_on_payload(lab, lab.bravo, "3268/tcp", "88/tcp", silent=True)
    rejected = reject(lab, lab.bravo, "445/tcp", "464/tcp", how="tcp-reset")
    with resets, mute, rejected, drop(lab, lab.bravo, "464/udp", "3269/tcp"), lose(lab, 10), sniffed(lab) as sent:
        lab.portcheck("check", "-f", "json", config=config)
    assert sent.packets <= plan["packets"], sent.per_port
    assert sent.bytes <= plan["bytes"]
