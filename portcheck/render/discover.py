"""The SRV truth table: what DNS advertises for a domain, who that is, and whether it answers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from portcheck.model import ForestReport, Lookup, Outcome, Report, State
from portcheck.render.shared.text import printable

WORDS = {State.OK: "answers", State.FILTERED: "silent", State.UNRESOLVED: "no address"}


def lines(report: Report) -> list[str]:
    """Per forest: each SRV question with its answers, then what is wrong."""
    out: list[str] = []
    for forest in report.forests:
        out += [*_forest(forest, report.of_forest(forest.name)), ""]
        for finding in report.findings:
            if finding.forest == forest.name and finding.code != "forest-ok":
                out += [f"{finding.severity}: {printable(finding.title)}", f"  {printable(finding.evidence)}"]
                out += [f"  {printable(finding.fix)}"] if finding.fix else []
    while out and not out[-1]:
        out.pop()
    return out


def _forest(forest: ForestReport, outcomes: Iterable[Outcome]) -> Iterator[str]:
    yield f"{printable(forest.name)}   (target, priority/weight, port, address, LDAP ping)"
    pings: dict[str, list[Outcome]] = {}
    for outcome in outcomes:
        if outcome.check.service == "ldap-ping":
            pings.setdefault(outcome.check.host, []).append(outcome)
    addresses = _addresses(forest)
    main = next((lookup.server for lookup in forest.lookups), "")
    for lookup in forest.lookups:
        if lookup.record != "SRV" or lookup.server != main:
            continue
        yield f"  {printable(lookup.name)}" + ("" if lookup.answers else f"  {_nothing(lookup)}")
        for answer in lookup.answers:
            yield f"    {_row(answer, addresses, pings)}"
    yield from _controllers(forest)
    if forest.problem:
        yield f"  {printable(forest.problem)}"


def _nothing(lookup: Lookup) -> str:
    return f"{'MISSING' if lookup.required else 'none'} ({printable(lookup.status)})"


def _addresses(forest: ForestReport) -> dict[str, str]:
    found: dict[str, list[str]] = {}
    for lookup in forest.lookups:
        if lookup.record in {"A", "AAAA"}:
            found.setdefault(lookup.name, []).extend(lookup.answers)
    return {name: ", ".join(dict.fromkeys(addresses)) for name, addresses in found.items()}


def _row(answer: str, addresses: dict[str, str], pings: dict[str, list[Outcome]]) -> str:
    """`0 100 389 dc1.alpha.test` as priority, weight, port, host, addresses and what it said."""
    parts = answer.split(" ")
    if len(parts) != 4:
        return printable(answer)
    priority, weight, port, host = parts
    told = dict.fromkeys(_said(ping) for ping in pings.get(host, []))
    said = next(iter(told), "not asked")
    if len(told) > 1:
        said = ", ".join(f"{_said(ping)} ({printable(ping.check.address or '')})" for ping in pings[host])
    where = addresses.get(host) or "no address"
    return f"{printable(host):<28} {priority:>3}/{weight:<4} :{port:<5} {printable(where)}  {said}"


def _said(ping: Outcome) -> str:
    """A controller of another domain answers too."""
    if ping.facts.get("hosts_domain") is False:
        return f"answers for {printable(str(ping.facts.get('domain') or 'another domain'))}"
    return WORDS.get(ping.state, str(ping.state))


def _controllers(forest: ForestReport) -> Iterator[str]:
    for controller in forest.domain_controllers:
        if controller.roles or controller.site:
            roles = " ".join(controller.roles) or "unknown"
            site = f", site {printable(controller.site)}" if controller.site else ""
            yield f"  {printable(controller.host)} ({controller.address}): {roles}{site}"
