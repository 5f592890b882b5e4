"""What a whole run asks for: of each forest what its worst findings ask, one request for each place."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from dataclasses import replace

from portcheck.model import Destination, Finding, Report, Request, Severity

Place = tuple[str, tuple[str, ...], Destination, str]


def telling(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """One forest's findings that its conclusion is made of: its faults; where there are none, its warnings."""
    known = tuple(findings)
    faults = tuple(finding for finding in known if finding.severity is Severity.ERROR)
    return faults or tuple(finding for finding in known if finding.severity is Severity.WARNING)


def consolidated(report: Report) -> tuple[Request, ...]:
    """The paths first, the ports of one place together; then what is asked in words. The order is the findings'."""
    of_forest: dict[str, list[Finding]] = {forest.name: [] for forest in report.forests}
    for finding in report.findings:
        of_forest.setdefault(finding.forest, []).append(finding)
    return merged(ask for findings in of_forest.values() for finding in telling(findings) for ask in finding.asks)


def merged(asks: Iterable[Request]) -> tuple[Request, ...]:
    places: dict[Place, list[Request]] = {}
    others: dict[tuple[str, str], Request] = {}
    for ask in asks:
        if not ask.is_path:
            others.setdefault((ask.of, ask.words), ask)
        for to in ask.to if ask.is_path else ():
            places.setdefault((ask.of, ask.sources, to, ask.provided), []).append(ask)
    return (*(_of_place(key[2], found) for key, found in places.items()), *others.values())


def _of_place(to: Destination, found: list[Request]) -> Request:
    purposes = dict.fromkeys(ask.purpose for ask in found if ask.purpose)
    return replace(
        found[0],
        to=(to,),
        tcp=ranges(port for ask in found for port in ask.tcp),
        udp=ranges(port for ask in found for port in ask.udp),
        purpose=", ".join(purposes),
        words=found[0].words if len(found) == 1 else "",
    )


def ranges(ports: Iterable[str]) -> tuple[str, ...]:
    """Neighbours become ranges, what lies within another goes; nothing is added between."""
    joined: list[tuple[int, int]] = []
    for low, high in sorted(_span(port) for port in ports):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(str(low) if low == high else f"{low}-{high}" for low, high in joined)


def _span(port: str) -> tuple[int, int]:
    low, _, high = port.partition("-")
    return int(low), int(high or low)


def address_ranges(addresses: Iterable[str]) -> tuple[str, ...]:
    """`10.77.1.100–10.77.1.139`: three and more neighbours as one; names, and what is no address, as they are."""
    found: list[tuple[str, str, int]] = []  # first, last, how many
    for address in sorted(dict.fromkeys(addresses), key=_order):
        if found and _follows(found[-1][1], address):
            found[-1] = (found[-1][0], address, found[-1][2] + 1)
        else:
            found.append((address, address, 1))
    told: list[str] = []
    for first, last, count in found:
        told += [first] if count == 1 else [first, last] if count == 2 else [f"{first}–{last}"]
    return tuple(told)


def _order(address: str) -> tuple[int, int, str]:
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return 0, 0, address
    return ip.version, int(ip), ""


def _follows(before: str, after: str) -> bool:
    (kind, number, _), (other, last, _) = _order(after), _order(before)
    return kind == other != 0 and number == last + 1
