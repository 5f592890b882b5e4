"""The registry of probes: an explicit list, by the service's name."""

from __future__ import annotations

from collections.abc import Mapping

from portcheck.probes import adws, anyport, dns, kerberos, kpasswd, ldap, ldap_ping, rpc, smb, time, winrm
from portcheck.probes.base import Probe

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
    anyport.TCP,
    anyport.UDP,
)
PROBES: Mapping[str, Probe] = {probe.name: probe for probe in ALL}
