"""The registry of probes: an explicit list, by the service's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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
from portcheck.probes.probe import Probe, Subject

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


def datagram_of(service: str, subject: Subject) -> bytes:
    """What a probe over UDP sends first, for walking the path with the real payload."""
    question = DATAGRAMS.get(service)
    return question(subject) if question is not None else b"\0"


DATAGRAMS: Mapping[str, Callable[[Subject], bytes]] = {
    "dns": dns.datagram,
    "kerberos": kerberos.datagram,
    "kpasswd": kpasswd.datagram,
    "ldap-ping": ldap_ping.datagram,
    "netbios-ns": smb.datagram,
    "time": time.datagram,
}
PROBES: Mapping[str, Probe] = {probe.name: probe for probe in ALL}
