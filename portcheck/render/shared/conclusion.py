"""What a run comes to, in the lines that everybody reads: per forest what is wrong; what to ask for; what to do next.

Pure: a report in, words out. The terminal, `-q`, notices and Nagios say these, each in its own room.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from portcheck.catalogue.brief import Brief, brief_of
from portcheck.frozen import dataclass
from portcheck.model import GOOD, Finding, Outcome, Report, Request, State, Verdict
from portcheck.model.folding import folded
from portcheck.render.shared.digest import Digest, digests, headline, silent_hosts
from portcheck.render.shared.marks import VERDICTS, Mark
from portcheck.render.shared.text import printable
from portcheck.report import verdicts
from portcheck.report.asks import address_ranges, merged, ranges, telling

UNMET = frozenset({Verdict.FAIL, Verdict.UNKNOWN})
MARKS = {verdict: VERDICTS[verdict] for verdict in verdicts.WORST_FIRST}


@dataclass(frozen=True, slots=True)
class ForestLine:
    """One forest: how it is, and in a few words why."""

    verdict: Verdict
    forest: str
    words: str
    good: int = 0
    asked: int = 0

    @property
    def mark(self) -> Mark:
        return MARKS[self.verdict]


@dataclass(frozen=True, slots=True)
class Conclusion:
    """Worst first. `well`: the forests of which all is as expected."""

    troubled: tuple[ForestLine, ...]
    well: tuple[ForestLine, ...]
    asks: tuple[str, ...]
    next: tuple[str, ...]
    interrupted: bool = False

    @property
    def silent(self) -> bool:
        """All is well, and there is nothing to say to whoever wants to hear of faults alone."""
        return not self.troubled and not self.interrupted


def conclusion(report: Report, run: str = "last", again: str | None = "") -> Conclusion:
    """`run`: by what name commands find the run, if at all; `again`: what they need to ask the same once more."""
    found = worst_first(report)
    lines = [
        ForestLine(verdict, digest.forest.name, words(digest, verdict), digest.count(Verdict.PASS), digest.asked)
        for digest, verdict in found
    ]
    telling_ = [finding for digest, _ in found for finding in telling(digest.findings)]
    asked = tuple(ask for finding in telling_ for ask in finding.asks)
    return Conclusion(
        troubled=tuple(line for line in lines if line.verdict is not Verdict.PASS),
        well=tuple(line for line in lines if line.verdict is Verdict.PASS),
        asks=requests(asked, telling_),
        next=commands(telling_, asked, run, again if any(verdict in UNMET for _, verdict in found) else None),
        interrupted=report.interrupted,
    )


def worst_first(report: Report) -> list[tuple[Digest, Verdict]]:
    """The forests, those in most trouble first; of two alike the order of the report."""
    known = verdicts.by_forest(report)
    found = [(digest, known[digest.forest.name]) for digest in digests(report)]
    return sorted(found, key=lambda one: verdicts.WORST_FIRST.index(one[1]))


def words(digest: Digest, verdict: Verdict) -> str:
    """`bdc1: 464 tcp+udp, 3268, 3269 tcp blocked – passwords, Global Catalog`"""
    if verdict is Verdict.PASS:
        good, asked = digest.count(Verdict.PASS), digest.asked
        return f"{headline(digest)[1]}, {good} of {asked} as expected"
    told = [finding for finding in telling(digest.findings) if not follows(finding, digest.findings)]
    parts = [*_blocked(told, digest), *_others(told, digest), *_unexplained(digest)]
    if digest.forest.problem and not told:
        parts.insert(0, headline(digest)[1])
    return "; ".join(dict.fromkeys(parts)) or headline(digest)[1]


def _follows(finding: Finding) -> bool:
    return brief_of(finding.code).follows


def follows(finding: Finding, findings: Iterable[Finding]) -> bool:
    """Says again of the whole what another finding says of its cause."""
    if not brief_of(finding.code).follows:
        return False  # most: the others need not be looked at
    rest = (other for other in telling(findings) if other.code != finding.code)
    return any(not brief_of(other.code).follows for other in rest)


def _blocked(told: Iterable[Finding], digest: Digest) -> list[str]:
    """Findings of single services, those of the same hosts together."""
    alike: dict[tuple[tuple[str, ...], str], list[Finding]] = {}
    for finding in told:
        if state := brief_of(finding.code).ports:
            alike.setdefault((finding.hosts, state), []).append(finding)
    by_id = {outcome.check.id: outcome for outcome in digest.outcomes}
    parts = []
    for (hosts, state), findings in alike.items():
        outcomes = [by_id[key] for finding in findings for key in finding.checks if key in by_id]
        bad = [o for o in outcomes if (o.state in GOOD) == (state == "open")]
        if state == "refused" and not any(o.state is State.REFUSED for o in bad):
            state = "silent"  # a service that does not run, on a host that says nothing of it
        if bad and all(o.facts.get("udp_unproven") is True for o in bad):
            state = "silent"  # which proves no block
        for_what = ", ".join(dict.fromkeys(_for_what(brief_of(finding.code), bad) for finding in findings))
        parts.append(f"{_named(hosts, digest)}{ports_words(bad) or 'ports'} {state} – {for_what}")
    return parts


def _for_what(brief: Brief, bad: Iterable[Outcome]) -> str:
    """No more than this machine could see: not every system tells whose a reset was."""
    return brief.untold if brief.untold and any(o.facts.get("reset_untold") for o in bad) else brief.words


def _others(told: Iterable[Finding], digest: Digest) -> list[str]:
    alike: dict[str, dict[str, None]] = {}
    for finding in told:
        brief = brief_of(finding.code)
        if not brief.ports:
            alike.setdefault(_brief_words(brief, finding, digest), {}).update(dict.fromkeys(finding.hosts))
    return [f"{_named(tuple(hosts), digest)}{what}" for what, hosts in alike.items()]


def _brief_words(brief: Brief, finding: Finding, digest: Digest) -> str:
    if "{skew}" not in brief.words:
        return brief.words
    proven = set(finding.checks)
    skews = [o.facts.get("clock_skew_s") for o in digest.outcomes if o.check.id in proven]
    told = [abs(float(skew)) for skew in skews if isinstance(skew, int | float)]
    return brief.words.replace("{skew}", _duration(max(told))) if told else "clocks differ"


def _duration(seconds: float) -> str:
    """20 min, 75 s, 3 h 5 min"""
    whole = round(seconds)
    if whole < 120:
        return f"{whole} s"
    if whole < 7200:
        return f"{round(whole / 60)} min"
    return f"{whole // 3600} h {whole % 3600 // 60} min" if whole < 172800 else f"{whole // 86400} days"


def _unexplained(digest: Digest) -> list[str]:
    """What failed and no finding tells of."""
    explained = {check for finding in digest.findings for check in finding.checks}
    worst = Verdict.FAIL if digest.count(Verdict.FAIL) else Verdict.UNKNOWN if digest.count(Verdict.UNKNOWN) else None
    left = [o for o in digest.outcomes if o.check.id not in explained and o.verdict is worst]
    of_host: dict[str, list[Outcome]] = {}
    for outcome in left:
        of_host.setdefault(outcome.check.host, []).append(outcome)
    silent = {host.key[0] for host in silent_hosts(digest)}
    same: dict[str, dict[str, None]] = {}
    for host, outcomes in of_host.items():
        for what in ["nothing answers"] if host in silent else _by_state(outcomes):
            same.setdefault(what, {})[host] = None
    return [f"{_named(tuple(hosts), digest)}{what}" for what, hosts in same.items()]


def _by_state(outcomes: Iterable[Outcome]) -> list[str]:
    states: dict[State, list[Outcome]] = {}
    for outcome in outcomes:
        states.setdefault(outcome.state, []).append(outcome)
    return [f"{ports_words(found)} {state}" for state, found in states.items()]


def _named(hosts: tuple[str, ...], digest: Digest) -> str:
    """The hosts within their forest, and a colon; nothing where it is about none, or the host is all that was asked."""
    if hosts == (digest.forest.name,):
        return ""
    short = [printable(host.removesuffix(f".{digest.forest.name}") or host) for host in hosts]
    return f"{folded(short)}: " if short else ""


def ports_words(outcomes: Iterable[Outcome]) -> str:
    """`464 tcp+udp, 3268, 3269 tcp`"""
    numbers: dict[int, dict[str, None]] = {}
    dynamic = False
    for outcome in outcomes:
        if outcome.check.port is None:
            dynamic = True
        else:
            numbers.setdefault(outcome.check.port, {})[outcome.check.transport] = None
    alike: dict[str, list[str]] = {}
    for port in sorted(numbers):
        alike.setdefault("+".join(sorted(numbers[port])), []).append(str(port))
    told = [f"{', '.join(_short(ports))} {transports}" for transports, ports in alike.items()]
    return ", ".join([*told, *(["dynamic RPC"] if dynamic else [])])


def _short(ports: list[str]) -> list[str]:
    """Three neighbours and more as a range."""
    return [
        part
        for span in ranges(ports)
        for part in ([span] if "-" not in span or _width(span) > 2 else span.split("-"))
    ]  # fmt: skip


def _width(span: str) -> int:
    low, _, high = span.partition("-")
    return int(high) - int(low) + 1


def requests(asks: Sequence[Request], findings: Sequence[Finding]) -> tuple[str, ...]:
    """The paths in one line for each condition, then what is asked in words; of older runs the fixes themselves."""
    found = merged(asks)
    paths: dict[str, list[Request]] = {}
    for ask in found:
        if ask.is_path:
            paths.setdefault(ask.provided, []).append(ask)
    lines = [_path_line(provided, paths[provided]) for provided in sorted(paths, key=bool)]
    lines += [ask.words for ask in found if not ask.is_path]
    lines += [
        first_sentence(finding.fix) for finding in findings if finding.fix and not (finding.asks or _follows(finding))
    ]
    return tuple(dict.fromkeys(filter(None, lines)))


def spoken(ask: str) -> str:
    """Without the word that stands before it."""
    return ask.removeprefix("Ask ")


def _path_line(provided: str, asks: Iterable[Request]) -> str:
    """`10.77.0.10 → 10.77.2.10 tcp 464,3268-3269 udp 464; → 10.77.3.10 tcp+udp 464`"""
    by_source: dict[tuple[str, ...], dict[str, list[str]]] = {}
    for ask in asks:
        to = ask.to[0].address or ask.to[0].host
        by_source.setdefault(ask.sources, {}).setdefault(ask_ports(ask), []).append(to)
    told = []
    for sources, ports in by_source.items():
        rows = [f"→ {', '.join(address_ranges(to))} {what}" for what, to in ports.items()]
        told.append(f"{', '.join(sources) or 'this machine'} {'; '.join(rows)}")
    lead = f"{provided}: " if provided else ""
    return printable(lead + "; ".join(told))


def ask_ports(ask: Request) -> str:
    tcp, udp = ",".join(ask.tcp), ",".join(ask.udp)
    if tcp == udp:
        return f"tcp+udp {tcp}"
    return " ".join([*([f"tcp {tcp}"] if tcp else []), *([f"udp {udp}"] if udp else [])])


def first_sentence(text: str) -> str:
    """Up to the first full stop that ends one."""
    for end in (". ", ".\n", "\n"):
        head, found, _ = text.partition(end)
        if found:
            text = head + ("." if end != "\n" else "")
    return text.strip()


def commands(findings: Sequence[Finding], asks: Sequence[Request], run: str, again: str | None) -> tuple[str, ...]:
    """What to type next; the first with the program's name, the others go without. No watch where nothing is waited for
    (`again` is None)."""
    found = []
    if run and any(ask.is_path for ask in asks):
        found.append(f"request {run}")
    errors = [error for finding in findings for error in finding.errors]
    if run and errors:
        found.append(f"explain {errors[0]} --report {run}")
    if again is not None:
        found.append(f"watch{again} --until ok")
    return (f"portcheck {found[0]}", *found[1:]) if found else ()


def healthy_words(conclusion: Conclusion) -> tuple[str, str]:
    """All the forests that are well, and how many checks are; empty where there is none."""
    well = conclusion.well
    if len(well) == 1:
        return well[0].forest, well[0].words
    good, asked = sum(line.good for line in well), sum(line.asked for line in well)
    return folded(line.forest for line in well), f"all well, {good} of {asked} as expected" if well else ""
