"""One forest of a report, counted and grouped for a reader; what the terminal's outputs say is taken from here."""

from __future__ import annotations

import re
from collections.abc import Iterable

from portcheck.frozen import dataclass
from portcheck.model import (
    BLOCKED,
    GOOD,
    Finding,
    ForestReport,
    Lookup,
    Outcome,
    Report,
    Severity,
    State,
    Verdict,
    count_by,
)
from portcheck.model.folding import counted
from portcheck.render.shared.grid import PLACES, Cell, Grid, RowKey, cell_of, column_key, filled
from portcheck.render.shared.marks import VERDICTS, Mark
from portcheck.render.shared.words import place, port_of, seen, service_of
from portcheck.report import verdicts

NOTEWORTHY = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN)
SILENT_FROM = 3
"""A host this many of whose checks went unanswered, and none was answered, is told in one line."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The same thing seen at one port of one or more hosts."""

    port: str  # 464/udp
    state: str
    seen: str
    hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """What is not as expected with one service."""

    verdict: Verdict
    service: str
    purpose: str
    sights: tuple[Sight, ...]


@dataclass(frozen=True, slots=True)
class Skipped:
    """What was left out for one reason: services with their ports, and on which hosts."""

    reason: str
    what: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class SilentHost:
    """A host of which nothing answered."""

    key: RowKey
    states: str
    seen: str


@dataclass(frozen=True, slots=True)
class Digest:
    forest: ForestReport
    findings: tuple[Finding, ...]  # worst first
    outcomes: tuple[Outcome, ...]
    grid: Grid

    def count(self, *cells: Cell) -> int:
        return sum(row.count(*cells) for row in self.grid.rows.values())

    @property
    def stood_in(self) -> bool:
        """`portcheck listen` answered in the place of a controller."""
        return any("answered_by" in outcome.facts for outcome in self.outcomes)

    @property
    def asked(self) -> int:
        return len(self.outcomes) - self.count(Verdict.SKIP)

    @property
    def lookups(self) -> tuple[Lookup, ...]:
        """The questions to DNS whose answer was needed and did not come."""
        return tuple(lookup for lookup in self.forest.lookups if lookup.required and lookup.status != "ok")


def digests(report: Report) -> tuple[Digest, ...]:
    return tuple(digest(report, forest) for forest in report.forests)


def digest(report: Report, forest: ForestReport) -> Digest:
    outcomes = report.of_forest(forest.name)
    order = tuple(Severity)
    findings = (f for f in report.findings if f.forest == forest.name)
    grid = filled(forest.name, outcomes)
    for dc in forest.domain_controllers:
        grid.row(dc.host, dc.address)
    return Digest(forest, tuple(sorted(findings, key=lambda f: order.index(f.severity))), outcomes, grid)


def headline(digest: Digest) -> tuple[Mark, str]:
    """How the forest is, in a few words: the one verdict; findings first, where no rule spoke the checks themselves."""
    verdict = verdicts.judged(digest.forest, digest.outcomes, digest.findings)
    return VERDICTS[verdict], HEADLINES[verdict](digest)


def _failed(digest: Digest) -> str:
    severities = [finding.severity for finding in digest.findings]
    faults, warnings = severities.count(Severity.ERROR), severities.count(Severity.WARNING)
    if digest.forest.problem:
        swept = digest.forest.facts.get("kind") == "network"
        return digest.forest.problem if swept else f"could not be asked: {digest.forest.problem}"
    if faults:
        return counted(faults, "fault") + (f", {counted(warnings, 'warning')}" if warnings else "")
    return f"{counted(digest.count(Verdict.FAIL), 'check')} failed"


def _untold(digest: Digest) -> str:
    if digest.lookups and not digest.findings:
        return f"could not be told: {counted(len(digest.lookups), 'name')} not given by DNS"
    # Not of the cells, which show what was cut short as skipped.
    unasked = sum(outcome.verdict is Verdict.UNKNOWN for outcome in digest.outcomes)
    return f"{counted(unasked, 'check')} could not be asked" if digest.count(Verdict.PASS) else "could not be told"


def _flawed(digest: Digest) -> str:
    warnings = [finding.severity for finding in digest.findings].count(Severity.WARNING)
    if warnings:
        return counted(warnings, "warning")
    return f"{counted(digest.count(Verdict.WARN), 'check')} with a fault that this profile can bear"


def _well(digest: Digest) -> str:
    if digest.stood_in:
        if any(o.state in GOOD and "answered_by" not in o.facts for o in digest.outcomes):
            return "paths proven, in part by portcheck listen"
        return "paths proven by portcheck listen, no domain controller seen"
    return "all well"


HEADLINES = {Verdict.FAIL: _failed, Verdict.UNKNOWN: _untold, Verdict.WARN: _flawed, Verdict.PASS: _well}


def unanswered(digest: Digest) -> dict[tuple[str, str], tuple[str, ...]]:
    """The records that DNS did not give, by what came instead and from whom."""
    found: dict[tuple[str, str], dict[str, None]] = {}
    for lookup in digest.lookups:
        found.setdefault((lookup.status, lookup.server), {})[f"{lookup.record} {lookup.name}"] = None
    return {key: tuple(names) for key, names in found.items()}


def silent_hosts(digest: Digest) -> tuple[SilentHost, ...]:
    return tuple(filter(None, (_silent(key, outcomes) for key, outcomes in by_row(digest).items())))


def by_row(digest: Digest) -> dict[RowKey, list[Outcome]]:
    rows: dict[RowKey, list[Outcome]] = {}
    for outcome in digest.outcomes:
        rows.setdefault((outcome.check.host, outcome.check.address), []).append(outcome)
    return rows


def _silent(key: RowKey, outcomes: list[Outcome]) -> SilentHost | None:
    asked = [o for o in outcomes if o.state is not State.SKIPPED]
    if len(asked) < SILENT_FROM or any(o.state not in BLOCKED for o in asked):
        return None
    if not any(cell_of(o) in NOTEWORTHY for o in asked):
        return None
    states = ", ".join(f"{n} {state}" for state, n in count_by(o.state.value for o in asked).items())
    places = {place(o.blocked_at) for o in asked if o.blocked_at is not None}
    return SilentHost(key, states, places.pop() if len(places) == 1 else "")


def groups(digest: Digest, *, silent: tuple[SilentHost, ...] = ()) -> tuple[Group, ...]:
    """The checks that are not as expected, service by service, worst first; silent hosts are told elsewhere."""
    untold = {host.key for host in silent}
    found: dict[tuple[Verdict, str], list[Outcome]] = {}
    for outcome in digest.outcomes:
        verdict = cell_of(outcome)
        if verdict in NOTEWORTHY and (outcome.check.host, outcome.check.address) not in untold:
            assert isinstance(verdict, Verdict)
            found.setdefault((verdict, column_key(outcome.check)), []).append(outcome)
    order = sorted(found, key=lambda k: (NOTEWORTHY.index(k[0]), PLACES.get(k[1], len(PLACES))))
    return tuple(_group(verdict, found[verdict, column], digest) for verdict, column in order)


def _group(verdict: Verdict, outcomes: list[Outcome], digest: Digest) -> Group:
    """Services that share a column, those behind the RPC mapper, are told together."""
    services = tuple(dict.fromkeys(map(service_of, outcomes)))
    purposes = tuple(dict.fromkeys(o.check.purpose for o in outcomes if o.check.purpose))
    return Group(verdict, ", ".join(services), ", ".join(purposes), sights(outcomes, digest))


def sights(outcomes: list[Outcome], digest: Digest) -> tuple[Sight, ...]:
    rows = []
    for outcome in outcomes:
        interface = f"{outcome.check.service} " if outcome.check.service.startswith("rpc-") else ""
        what = f"{interface}{port_of(outcome)}"
        rows.append(Sight(what, outcome.state.value, seen(outcome), (_host(outcome, digest),)))
    return joined(rows)


def joined(rows: Iterable[Sight]) -> tuple[Sight, ...]:
    """What was seen alike as one row; only how often was tried may differ."""
    alike: dict[tuple[str, str, str], list[Sight]] = {}
    for row in rows:
        alike.setdefault((row.port, row.state, TRIES.sub("some", row.seen)), []).append(row)
    return tuple(
        Sight(
            port,
            state,
            _tries([row.seen for row in found]),
            tuple(dict.fromkeys(h for row in found for h in row.hosts)),
        )
        for (port, state, _), found in alike.items()
    )


TRIES = re.compile(r"(?<=^no answer to )\d+(?= )")


def _tries(told: list[str]) -> str:
    """no answer to 2 to 6 requests in 4.0 s"""
    counts = sorted({int(found[0]) for words in told if (found := TRIES.search(words))})
    return TRIES.sub(f"{counts[0]} to {counts[-1]}", told[0]) if len(counts) > 1 else told[0]


def _host(outcome: Outcome, digest: Digest) -> str:
    """The host within its forest; with the address where it has several."""
    host = outcome.check.host
    several = sum(1 for name, _ in digest.grid.rows if name == host) > 1
    short = host.removesuffix(f".{digest.forest.name}") or host
    return f"{short} [{outcome.check.address}]" if several and outcome.check.address else short


def skipped(digest: Digest) -> tuple[Skipped, ...]:
    """What was not asked or is not offered, by reason."""
    reasons: dict[str, dict[str, dict[str, None]]] = {}
    for outcome in digest.outcomes:
        if cell_of(outcome) is Verdict.SKIP:
            what = f"{outcome.check.service} {port_of(outcome)}"
            reasons.setdefault(outcome.reason, {}).setdefault(what, {})[_host(outcome, digest)] = None
    return tuple(
        Skipped(reason, tuple((what, tuple(hosts)) for what, hosts in found.items()))
        for reason, found in reasons.items()
    )


def working(digest: Digest) -> dict[tuple[int, int], tuple[str, ...]]:
    """Services by how many of the places asked they work at; the transport is named where they differ in that."""
    passed: dict[str, dict[str, list[bool]]] = {}
    for outcome in sorted(digest.outcomes, key=lambda o: PLACES.get(column_key(o.check), len(PLACES))):
        cell = cell_of(outcome)
        if cell is not Verdict.SKIP or outcome.facts.get("mapper_silent"):  # out of reach counts as not working
            names = passed.setdefault(service_of(outcome), {})
            names.setdefault(outcome.check.name, []).append(cell is Verdict.PASS)
    shares: dict[tuple[int, int], list[str]] = {}
    for service, names in passed.items():
        by_name = {name: (sum(passes), len(passes)) for name, passes in names.items()}
        alike = len(set(by_name.values())) == 1
        for name, share in by_name.items():
            told = shares.setdefault(share, [])
            if (word := service if alike else name) not in told:
                told.append(word)
    order = sorted(shares, key=lambda share: (-share[0] / share[1], -share[1]))
    return {share: tuple(shares[share]) for share in order if share[0]}


def share_words(digest: Digest, share: tuple[int, int]) -> str:
    word = "path proven" if digest.stood_in else "works"
    return word if share[0] == share[1] else f"{word} on {share[0]} of {share[1]}"
