"""What changed between two runs, in the words of the summary: findings first, then each check under its service."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from rich.cells import cell_len
from rich.text import Text

from portcheck.frozen import dataclass
from portcheck.model import (
    Change,
    Comparison,
    ControllerChange,
    FindingChange,
    Outcome,
    Report,
    Severity,
    Turn,
    Verdict,
)
from portcheck.model.folding import counted
from portcheck.render.shared import times
from portcheck.render.shared.digest import Group, Sight, joined
from portcheck.render.shared.grid import PLACES, column_key
from portcheck.render.shared.layout import hang, pad, sign
from portcheck.render.shared.marks import SEVERITIES, VERDICTS, Mark
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, plain, printable
from portcheck.render.shared.words import port_of, seen, service_of

WORST_FIRST = (Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN, Verdict.PASS, Verdict.SKIP)
MOST_FORESTS = 8
"""What a summary tells of changes: it is about the present."""
TURN_WIDTH = len("appeared  ")


@dataclass(frozen=True, slots=True)
class KnownChanges:
    """The checks of the runs that are compared, by id, and which hosts have several addresses."""

    outcomes: Mapping[str, Outcome]
    several: frozenset[str]

    @classmethod
    def of(cls, *reports: Report) -> KnownChanges:
        """Later reports have the last word."""
        outcomes = {o.check.id: o for report in reports for o in report.outcomes}
        addresses: dict[str, set[str | None]] = {}
        for outcome in outcomes.values():
            addresses.setdefault(outcome.check.host, set()).add(outcome.check.address)
        return cls(outcomes, frozenset(host for host, known in addresses.items() if len(known) > 1))


@dataclass(frozen=True, slots=True)
class ForestChanges:
    """The part of a comparison that is one forest's."""

    forest: str
    findings: tuple[FindingChange, ...]
    controllers: tuple[ControllerChange, ...]
    checks: tuple[Change, ...]


def by_forest(compared: Comparison, known: KnownChanges) -> tuple[ForestChanges, ...]:
    """The forests in which anything changed; the checks of controllers that came or went are told with those."""
    moved = {(c.forest, c.host, c.address) for c in compared.controllers}
    checks = [c for c in compared.changes if not (_is_half(c) and _place(c, known) in moved)]
    names = [c.forest for c in compared.findings] + [c.forest for c in compared.controllers]
    names += [forest_of(change) for change in checks]
    return tuple(
        ForestChanges(
            name,
            tuple(c for c in compared.findings if c.forest == name),
            tuple(c for c in compared.controllers if c.forest == name),
            tuple(c for c in checks if forest_of(c) == name),
        )
        for name in dict.fromkeys(names)
    )


def _is_half(change: Change) -> bool:
    return change.before is None or change.after is None


def _place(change: Change, known: KnownChanges) -> tuple[str, str, str | None] | None:
    outcome = known.outcomes.get(change.check)
    return (outcome.check.forest, outcome.check.host, outcome.check.address) if outcome else None


def forest_of(change: Change) -> str:
    return change.check.partition("/")[0]


def brief(report: Report, options: Options) -> Iterator[Text]:
    """The part of a screen that tells what changed since the last run: a line for each forest in which anything did."""
    if report.compared is None or report.compared.same:
        return
    yield Text()
    yield from hang(
        "", Text(f"{since(report.compared)} (all of it: portcheck diff, portcheck history)", "bold"), options.width, 2
    )
    parts = by_forest(report.compared, KnownChanges.of(report))
    for part in parts[:MOST_FORESTS]:
        mark = mark_of(part)
        lead = sign(mark, options).append(f"{printable(part.forest)}: ", style="bold")
        yield from hang(lead, plain(counts(part), mark.style), options.width, 2)
    if len(parts) > MOST_FORESTS:
        yield plain(f"  and {counted(len(parts) - MOST_FORESTS, 'more forest')}", "dim")


def since(compared: Comparison) -> str:
    return printable(f"Changed since {times.local(compared.since)}")


def lines(compared: Comparison, known: KnownChanges, options: Options) -> Iterator[Text]:
    for number, changes in enumerate(by_forest(compared, known)):
        if number:
            yield Text()
        yield from forest_lines(changes, known, options)


def forest_lines(changes: ForestChanges, known: KnownChanges, options: Options) -> Iterator[Text]:
    mark = mark_of(changes)
    lead = sign(mark, options).append(f"{printable(changes.forest)}: ", style="bold")
    yield from hang(lead, plain(counts(changes), mark.style), options.width, 2)
    for finding in changes.findings:
        lead = turned(finding.turn).append_text(sign(SEVERITIES[finding.severity], options))
        yield from hang(lead, plain(finding.title), options.width)
    for dc in changes.controllers:
        where = f" ({dc.address})" if dc.address else ""
        what = "is no longer among the controllers; its checks are not asked" if dc.turn is Turn.GONE else "is new"
        yield from hang(turned(dc.turn), plain(f"{dc.host}{where} {what}"), options.width)
    for group in groups(changes.checks, known):
        yield from group_lines(group, options)


def turned(turn: Turn) -> Text:
    return Text("  ").append(pad(turn.value, TURN_WIDTH), style="dim")


def mark_of(changes: ForestChanges) -> Mark:
    """The worst that things came to; a recovery is green."""
    verdicts = [change.verdict_after for change in changes.checks if change.verdict_after]
    worst = min(verdicts, key=WORST_FIRST.index, default=None)
    bad = [f.severity for f in changes.findings if f.turn is not Turn.GONE]
    if Severity.ERROR in bad:
        return SEVERITIES[Severity.ERROR]
    if worst is not None and worst is not Verdict.SKIP:
        return VERDICTS[worst]
    return SEVERITIES[bad[0]] if bad else VERDICTS[Verdict.WARN if changes.controllers else Verdict.PASS]


def counts(changes: ForestChanges) -> str:
    """`2 checks changed, 1 finding appeared, 1 controller gone`"""
    told = [f"{counted(len(changes.checks), 'check')} changed"] if changes.checks else []
    for noun, all_ in (("finding", changes.findings), ("controller", changes.controllers)):
        for turn in Turn:
            number = sum(one.turn is turn for one in all_)
            told += [f"{counted(number, noun)} {turn}"] if number else []
    return ", ".join(told)


def groups(changes: Iterable[Change], known: KnownChanges, *, heard: bool = False) -> tuple[Group, ...]:
    """Service by service, what is bad now first; `heard`: in words for who listens."""
    found: dict[tuple[Verdict, str], list[tuple[Change, Outcome]]] = {}
    for change in changes:
        outcome = known.outcomes.get(change.check)
        if outcome is not None:
            verdict = change.verdict_after or Verdict.SKIP
            found.setdefault((verdict, column_key(outcome.check)), []).append((change, outcome))
    order = sorted(found, key=lambda key: (WORST_FIRST.index(key[0]), PLACES.get(key[1], len(PLACES))))
    said = heard_step if heard else step
    return tuple(_group(verdict, found[verdict, column], known, said) for verdict, column in order)


def _group(
    verdict: Verdict, changed: list[tuple[Change, Outcome]], known: KnownChanges, said: Callable[[Change], str]
) -> Group:
    services = dict.fromkeys(service_of(outcome) for _, outcome in changed)
    purposes = dict.fromkeys(outcome.check.purpose for _, outcome in changed if outcome.check.purpose)
    rows = []
    for change, outcome in changed:
        interface = f"{outcome.check.service} " if outcome.check.service.startswith("rpc-") else ""
        words = "" if change.after is None else seen(outcome)
        rows.append(Sight(f"{interface}{port_of(outcome)}", said(change), words, (host_words(outcome, known),)))
    return Group(verdict, ", ".join(services), ", ".join(purposes), joined(rows))


def step(change: Change) -> str:
    """`ok → filtered`; where the state is the same, the verdicts."""
    if change.before == change.after and change.after is not None:
        return f"{change.after}, {change.verdict_before} → {change.verdict_after}"
    return f"{change.before or 'not asked'} → {change.after or 'not asked'}"


def heard_step(change: Change) -> str:
    """`was ok, now filtered`: an arrow is nothing to hear."""
    if change.before == change.after and change.after is not None:
        return f"{change.after}, was {change.verdict_before}, now {change.verdict_after}"
    return f"was {change.before or 'not asked'}, now {change.after or 'not asked'}"


def host_words(outcome: Outcome, known: KnownChanges) -> str:
    check = outcome.check
    short = check.host.removesuffix(f".{check.forest}") or check.host
    return f"{short} [{check.address}]" if check.host in known.several and check.address else short


def group_lines(group: Group, options: Options) -> Iterator[Text]:
    mark = VERDICTS[group.verdict]
    lead = Text("  ").append_text(sign(mark, options)).append(printable(group.service), style="bold")
    yield from hang(lead, plain(f" – {group.purpose}" if group.purpose else ""), options.width, 4)
    ports = [printable(sight.port) for sight in group.sights]
    port_width = max(map(cell_len, ports))
    state_width = max(len(sight.state) for sight in group.sights)
    for sight, port in zip(group.sights, ports, strict=True):
        lead = Text(" " * 4 + pad(port, port_width) + "  ")
        lead.append(pad(sight.state, state_width) + "  ", style=mark.style)
        words = f": {sight.seen}" if sight.seen else ""
        yield from hang(lead, Text.assemble(plain(listed(sight.hosts, 8), "bold"), plain(words)), options.width)


def sentences(compared: Comparison, known: KnownChanges, *, heard: bool = True) -> Iterator[str]:
    """The same for a screen reader, or read (not `heard`) in a mail: nothing is aligned."""
    for changes in by_forest(compared, known):
        yield f"Forest {changes.forest}: {counts(changes)}."
        for finding in changes.findings:
            yield f"Finding {finding.turn}: {finding.title}."
        for dc in changes.controllers:
            yield f"Controller {dc.turn}: {dc.host} {dc.address or ''}".rstrip() + "."
        for group in groups(changes.checks, known, heard=heard):
            for sight in group.sights:
                words = f": {sight.seen}" if sight.seen else ""
                yield f"{subject(group, sight)} on {listed(sight.hosts, 8)}: {sight.state}{words}."


def subject(group: Group, sight: Sight) -> str:
    """`kpasswd 464/tcp`; an extra port is known by its number, an RPC interface stands with its port."""
    own = sight.port.startswith("rpc-") or group.service == sight.port
    return sight.port if own else f"{group.service} {sight.port}"
