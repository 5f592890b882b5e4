"""Every probe by its service's name, as the rows of services.toml name their files; nothing else lists them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib import import_module

from portcheck.catalogue.services import services
from portcheck.model import Check
from portcheck.probes import anyport
from portcheck.probes.probe import Exchange, Probe, Subject


def exchange(check: Check, subject: Subject, wanted: tuple[str, ...] = ()) -> Exchange:
    """What the check sends when everything answers; `wanted`: the interfaces that the endpoint mapper is asked for."""
    return PROBES[check.service].exchange(check, replace(subject, wanted=wanted))


def datagram_of(service: str, subject: Subject) -> bytes:
    """What a probe over UDP sends first, for walking the path with the real payload."""
    probe = PROBES.get(service)
    return probe.datagram(subject) if probe is not None and probe.datagram is not None else b"\0"


def _listed() -> Iterator[Probe]:
    for file in dict.fromkeys(row.probe for row in services().values()):
        yield from import_module(f"portcheck.probes.{file}").PROBES
    yield from anyport.PROBES


PROBES: Mapping[str, Probe] = {probe.name: probe for probe in _listed()}
