"""What goes wrong on a DC: a service is replaced by one that misbehaves, is stopped, or has a wrong clock."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.lab.authority import Certificate
from tests.lab.domain_controller import DomainController
from tests.lab.faults import DESTINATION_NAT, SCAVENGED
from tests.lab.node import LabError
from tests.lab.rules import by_protocol, chain

FAULT_SERVER = Path(__file__).with_name("fault_server.py")
IN_CLEAR = {"636": 389, "3269": 3268}
"""The port on which a DC talks LDAP in clear as it does through TLS on another."""


@contextmanager
def mute(dc: DomainController, *ports: str) -> Iterator[None]:
    """Accepts, takes what is sent, never answers."""
    with _replaced(dc, ports, "mute"):
        yield


@contextmanager
def reset_after_accept(dc: DomainController, *ports: str) -> Iterator[None]:
    """Accepts and resets at once."""
    with _replaced(dc, ports, "reset"):
        yield


@contextmanager
def reset_on_data(dc: DomainController, *ports: str) -> Iterator[None]:
    """Accepts, reads the question and resets: so does a Windows DC on 636 when it has no certificate."""
    with _replaced(dc, ports, "reset-on-data"):
        yield


@contextmanager
def close_after_accept(dc: DomainController, *ports: str) -> Iterator[None]:
    """Accepts and hangs up politely."""
    with _replaced(dc, ports, "close"):
        yield


@contextmanager
def http_on(dc: DomainController, *ports: str) -> Iterator[None]:
    """A web server sits on the port."""
    with _replaced(dc, ports, "http"):
        yield


@contextmanager
def garbage_on(dc: DomainController, *ports: str, kind: str = "garbage") -> Iterator[None]:
    """Answers with noise; `endless`: never stops; `drip`: a byte a second, never done; `echo` (UDP): the question."""
    with _replaced(dc, ports, kind, pause_s=1.0):
        yield


@contextmanager
def answer_with(dc: DomainController, answer: bytes, *ports: str) -> Iterator[None]:
    """Answers anything with these bytes."""
    with _replaced(dc, ports, "say", words=answer.hex()):
        yield


@contextmanager
def late(dc: DomainController, *ports: str, delay_s: float = 3) -> Iterator[None]:
    """The real service, but its first answer comes so much later."""
    with ExitStack() as undo:
        for protocol, number in _single(ports):
            port, upstream = f"{number}/{protocol}", int(number)
            undo.enter_context(_replaced(dc, (port,), "late", address=dc.address, port=upstream, delay_s=delay_s))
        yield


@contextmanager
def reset_one_in(dc: DomainController, every: int = 12, ports: tuple[str, ...] = SCAVENGED) -> Iterator[None]:
    """Every so manieth new session, whatever its port, is reset after it was accepted (KB2000061)."""
    with _replaced(dc, ports, "reset", share=f"numgen inc mod {every} == {every - 1}"):
        yield


@contextmanager
def present(
    dc: DomainController, certificate: Certificate, *ports: str, newest: str = "", clients_must: bool | None = None
) -> Iterator[None]:
    """TLS on 636 or 3269 shows this certificate, and the DC's LDAP is behind it: an interceptor, or a lapse.

    `newest` (`TLSv1`) is the newest version it speaks: it cuts who offers none as old, without an alert.
    `clients_must`: it asks for a client's certificate, and takes nobody without one; False: it asks, and does.
    """
    shown: dict[str, Any] = {"certificate": str(certificate.certificate), "key": str(certificate.key), "newest": newest}
    if clients_must is not None:
        shown |= {"clients_of": str(certificate.authority), "clients_must": clients_must}
    with ExitStack() as undo:
        for protocol, number in _single(ports):
            behind: dict[str, Any] = {"address": dc.address, "port": IN_CLEAR[number]}
            undo.enter_context(_replaced(dc, (f"{number}/{protocol}",), "in-clear", **shown, **behind))
        yield


@contextmanager
def no_tls13(dc: DomainController, *ports: str) -> Iterator[None]:
    """The real service; whoever offers TLS 1.3 is cut without an alert."""
    with ExitStack() as undo:
        for protocol, number in _single(ports):
            undo.enter_context(
                _replaced(dc, (f"{number}/{protocol}",), "no-tls13", address=dc.address, port=int(number))
            )
        yield


@contextmanager
def skewed(dc: DomainController, seconds: float) -> Iterator[None]:
    """The DC's clock is off by so much, ahead if positive, in everything it says. Restarts Samba twice."""
    with _restarted(dc, clock_s=seconds), clock_on(dc, seconds):
        yield


@contextmanager
def clock_on(dc: DomainController, seconds: float) -> Iterator[None]:
    """The time service alone is off by so much."""
    with _replaced(dc, ("123/udp",), "clock", skew_s=seconds):
        yield


@contextmanager
def stopped_kdc(dc: DomainController) -> Iterator[None]:
    """The Kerberos service (88 and 464) does not run: the host refuses. Restarts Samba twice."""
    with _restarted(dc, services="-kdc"):
        yield


@contextmanager
def _restarted(dc: DomainController, **how: Any) -> Iterator[None]:
    try:
        dc.restart(**how)
        yield
    finally:
        dc.restart()


@contextmanager
def _replaced(
    dc: DomainController, ports: tuple[str, ...], mode: str, *, share: str = "", **options: Any
) -> Iterator[None]:
    """New connections to the ports (or a share of them) go to a fault server on the DC instead."""
    split = by_protocol(ports)
    with _fault_server(dc, [(protocol, mode, options) for protocol in split]) as targets:
        lines = [
            f'iifname "eth0" {protocol} dport {{ {", ".join(numbers)} }} {share} redirect to :{target}'
            for (protocol, numbers), target in zip(split.items(), targets, strict=True)
        ]
        with chain(dc.node, "prerouting", *lines, priority=DESTINATION_NAT, kind="nat"):
            yield


@contextmanager
def _fault_server(dc: DomainController, listeners: list[tuple[str, str, dict[str, Any]]]) -> Iterator[list[int]]:
    command = dc.node.argv(sys.executable, str(FAULT_SERVER), json.dumps(listeners))
    with (
        (dc.folder / "log").open("ab") as log,
        subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=log) as process,
    ):
        try:
            assert process.stdout is not None
            said = process.stdout.readline()
            if not said:
                raise LabError(f"the fault server on {dc.host} did not start: see {dc.folder}/log")
            yield json.loads(said)
        finally:
            process.kill()


def _single(ports: tuple[str, ...]) -> list[tuple[str, str]]:
    return [(protocol, number) for protocol, numbers in by_protocol(ports).items() for number in numbers]
