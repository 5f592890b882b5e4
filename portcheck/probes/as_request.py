"""The AS-REQ that portcheck sends: it can lock nobody out and gets nobody's ticket."""

from __future__ import annotations

import secrets

from portcheck.probes.probe import Subject
from portcheck.wire.kerberos import AsRequest


def request(subject: Subject, padding: int = 0, service: str | None = None) -> AsRequest:
    """Without pre-authentication, for the controller's own account, whose salt shows the realm; else nobody's."""
    realm = subject.realm or "PORTCHECK.INVALID"
    account = f"{subject.netbios_host}$" if subject.netbios_host else "portcheck"
    return AsRequest(realm=realm, cname=account, sname=service, nonce=secrets.randbits(31), padding=padding)
