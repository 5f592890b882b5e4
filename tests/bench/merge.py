"""`python -m tests.bench.merge [PLACES [CONTROLLERS]]`: so many places' reports of so many controllers, 20 checks each.

Needs no root and sends nothing. Prints wall and processor time and peak memory of `portcheck merge` for each format.
Every place finds a few things blocked that others reach, and some controllers are dead to all of them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from portcheck.model import (
    BlockedAt,
    Check,
    DomainController,
    ForestReport,
    Outcome,
    Report,
    Stage,
    State,
    Trace,
    Vantage,
    Verdict,
)
from portcheck.report import to_json
from tests.bench import measure

FOREST = "merge.test"
SERVICES = (
    *(("kerberos", "tcp", 88), ("kerberos", "udp", 88), ("rpc", "tcp", 135), ("ldap", "tcp", 389)),
    *(("ldap-ping", "udp", 389), ("smb", "tcp", 445), ("kpasswd", "tcp", 464), ("kpasswd", "udp", 464)),
    *(("ldaps", "tcp", 636), ("gc", "tcp", 3268), ("gc-tls", "tcp", 3269), ("adws", "tcp", 9389)),
    *(("dns", "tcp", 53), ("dns", "udp", 53), ("time", "udp", 123), ("winrm", "tcp", 5985)),
    *(("rpc-netlogon", "tcp", 49670), ("rpc-lsarpc", "tcp", 49671), ("rpc-samr", "tcp", 49672)),
    ("rpc-drsuapi", "tcp", 49673),
)
FORMATS = ("json", "html", "table")


def main() -> int:
    options = arguments()
    say(f"{'':44}{'wall s':>8}{'CPU s':>8}{'peak MB':>9}{'MB out':>8}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for place in range(options.places):
            (folder / f"place{place}.json").write_text("".join(report(place, options.controllers)))
        size = sum(file.stat().st_size for file in folder.iterdir()) / 2**20
        say(f"{options.places} reports of {options.controllers} x {len(SERVICES)} checks, {size:.0f} MB")
        for kind in options.format or FORMATS:
            command = [sys.executable, "-m", "portcheck", "merge", str(folder), "-f", kind]
            cost = measure.run(command, env=os.environ | {"PORTCHECK_STATE_DIR": name})
            out = len(cost.stdout) / 2**20
            said = f"merge -f {kind}, exit code {cost.code}"
            say(f"{said:44}{cost.wall_s:8.1f}{cost.cpu_s:8.1f}{cost.peak_mb:9.0f}{out:8.1f}")
    return 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("places", type=int, nargs="?", default=100)
    parser.add_argument("controllers", type=int, nargs="?", default=200)
    parser.add_argument("-f", "--format", action="append", choices=FORMATS)
    return parser.parse_args()


def report(place: int, controllers: int) -> Iterator[str]:
    """The JSON of one place's report, as a run writes it."""
    outcomes = tuple(outcome(place, dc, number) for dc in range(controllers) for number in range(len(SERVICES)))
    told = Report(
        started=f"2026-11-22T21:{place % 60:02}:19.123Z",
        duration_s=12.5,
        vantage=Vantage(f"place{place}", "linux", (f"10.{place}.0.10",)),
        forests=(ForestReport(FOREST, ("mim",), tuple(map(controller, range(controllers)))),),
        outcomes=outcomes,
        exit_code=1,
        tool_version="0",
    )
    return to_json.pieces(told)


def controller(dc: int) -> DomainController:
    return DomainController(f"dc{dc}.{FOREST}", address(dc), "srv", "Head-Office", ("gc", "kdc", "writable"))


def address(dc: int) -> str:
    return f"10.200.{dc // 250}.{dc % 250 + 1}"


def outcome(place: int, dc: int, number: int) -> Outcome:
    service, transport, port = SERVICES[number]
    subject = Check(
        FOREST,
        f"dc{dc}.{FOREST}",
        address(dc),
        service,
        transport,
        port + (dc % 7 if service.startswith("rpc-") else 0),
        purpose=f"what {service} is for",
        operations=("provisioning", "password set"),
        profiles=("mim",),
        why="the sync engine asks it of every controller",
        source="a document",
        domain=FOREST,
    )
    dead = dc % 50 == 49 or (dc * 31 + number * 7 + place) % 97 == 0
    facts: dict[str, object] = {"source_ports": [40000 + number], "local_address": f"10.{place}.0.10"}
    if dead:
        silence = BlockedAt(after=f"10.{place}.255.1", hop=2, suspects=(f"10.{place}.255.1", None))
        steps = tuple(Trace(1000.0 * n, "sent", f"SYN from port {40000 + number}") for n in range(4))
        return Outcome(
            *(subject, State.FILTERED, "no answer to 3 requests in 4.0 s", Verdict.FAIL, Stage.CONNECT, 3, 0),
            None,
            4000.4,
            facts,
            steps,
            silence,
        )
    if service == "ldap-ping":
        facts |= {"roles": ["gc", "kdc"], "dns_host_name": subject.host}
    if service == "time":
        facts["clock_skew_s"] = 0.01 * (dc % 5)
    steps = tuple(Trace(0.3 * n, "received", f"answer of 240 bytes, part {n}") for n in range(4))
    return Outcome(subject, State.OK, "answered", Verdict.PASS, Stage.ANSWER, 1, 1, 1.5 + dc / 100, 2.5, facts, steps)


def say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
