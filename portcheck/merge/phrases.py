"""How findings that compare speak of places, hosts and services."""

from __future__ import annotations

from collections.abc import Iterable

from portcheck.model import Check

MOST = 6


def some(words: Iterable[str], most: int = MOST) -> str:
    """`a, b and 4 more`"""
    told = list(dict.fromkeys(words))
    shown = ", ".join(told[:most])
    return shown if len(told) <= most else f"{shown} and {len(told) - most} more"


def places(names: Iterable[str]) -> str:
    """`branch`, or `2 places (branch, dmz)` where they are many."""
    told = list(names)
    return some(told) if len(told) <= MOST else f"{len(told)} places ({some(told)})"


def port(check: Check) -> str:
    """`464/tcp`; of what the endpoint mapper gives, the range is not known here."""
    number = "dynamic" if check.port is None or check.service.startswith("rpc-") else str(check.port)
    return f"{number}/{check.transport}"


def services(checks: Iterable[Check]) -> str:
    """`kpasswd 464/tcp, 464/udp; ldap 389/tcp`"""
    by_service: dict[str, dict[str, None]] = {}
    for check in checks:
        by_service.setdefault(check.service, {})[port(check)] = None
    told = [f"{service} {', '.join(ports)}" for service, ports in by_service.items()]
    shown = "; ".join(told[:MOST])
    return shown if len(told) <= MOST else f"{shown} and {len(told) - MOST} more services"


def short(check: Check) -> str:
    return check.host.removesuffix(f".{check.forest}") or check.host
