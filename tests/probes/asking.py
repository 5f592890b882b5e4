"""One check of one service of a controller of our own."""

from __future__ import annotations

from pathlib import Path

from patience import PATIENT

from portcheck.asking.engine import Engine
from portcheck.catalogue.services import services
from portcheck.model import Check, Outcome
from portcheck.net.timeouts import Timeouts
from portcheck.probes.probe import Subject
from portcheck.server.controller.record import Controller, Manner
from portcheck.server.controller.serving import Running

WANTED = ("rpc-netlogon",)


def controller(manner: Manner = Manner.WINDOWS, **wrong: object) -> Controller:
    return Controller("dc1.alpha.test", "alpha.test", manner=manner, **wrong)  # type: ignore[arg-type]


async def ask(
    running: Running,
    service: str,
    ca_file: Path | None = None,
    *,
    domain: str = "alpha.test",
    patience: Timeouts = PATIENT,
) -> Outcome:
    dc = running.controller
    name, _, transport = service.partition("/")
    row = services()[name]
    ports = running.candidates(name) if row.dynamic else (running.ports[service],)
    port = ports[0]
    subject = Subject(
        dc.host,
        domain,
        dc.netbios_host,
        ca_file,
        interface=row.interface or "",
        version=row.version or 0,
        ports=ports,
        wanted=WANTED,
    )
    check = Check(dc.domain, dc.host, dc.address, name, transport, port, domain=domain)
    return await Engine(patience, notify=lambda _: None).run(check, subject)
