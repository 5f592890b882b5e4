"""The registry of probes: an explicit list, by the service's name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from portcheck.model import Check
from portcheck.probes import (
    adws,
    amqps,
    anyport,
    dns,
    kdc_proxy,
    kerberos,
    kpasswd,
    ldap,
    ldap_ping,
    mim,
    mssql,
    rpc,
    smb,
    time,
    web,
    winrm,
)
from portcheck.probes.probe import Exchange, Probe, Subject

ALL: tuple[Probe, ...] = (
    dns.PROBE,
    kerberos.PROBE,
    time.PROBE,
    rpc.MAPPER,
    *rpc.INTERFACES,
    smb.NAMES,
    smb.SESSION,
    ldap.LDAP,
    ldap_ping.PROBE,
    smb.SMB,
    kpasswd.PROBE,
    ldap.LDAPS,
    ldap.GC,
    ldap.GC_TLS,
    adws.PROBE,
    winrm.PROBE,
    mim.SERVICE,
    mim.STS,
    web.HTTPS,
    kdc_proxy.PROBE,
    web.HTTP,
    amqps.PROBE,
    mssql.PROBE,
    anyport.TCP,
    anyport.UDP,
)


def exchange(check: Check, subject: Subject, wanted: tuple[str, ...] = ()) -> Exchange:
    """What the check sends when everything answers; `wanted`: the interfaces that the endpoint mapper is asked for."""
    return PROBES[check.service].exchange(check, replace(subject, wanted=wanted))


def datagram_of(service: str, subject: Subject) -> bytes:
    """What a probe over UDP sends first, for walking the path with the real payload."""
    probe = PROBES.get(service)
    return probe.datagram(subject) if probe is not None and probe.datagram is not None else b"\0"


PROBES: Mapping[str, Probe] = {probe.name: probe for probe in ALL}
