"""The screen in sentences (`--accessible`): the conclusion first, then what failed; nothing is drawn, aligned or
coloured, and no line is broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from portcheck.model import Finding, Report, Severity, Verdict
from portcheck.model.folding import counted, folded
from portcheck.render.report import evidence
from portcheck.render.report.findings import EVERYTHING, WHOLE_HOST, AlreadySaid, by_title, fix_left, title_of
from portcheck.render.report.findings import sentences as split
from portcheck.render.shared import changes, matrix, times
from portcheck.render.shared.conclusion import Conclusion, conclusion, healthy_words, spoken, worst_first
from portcheck.render.shared.digest import (
    Digest,
    Group,
    Sight,
    digests,
    groups,
    headline,
    share_words,
    silent_hosts,
    skipped,
    unanswered,
    working,
)
from portcheck.render.shared.errors import users_see
from portcheck.render.shared.layout import to_string
from portcheck.render.shared.options import Options
from portcheck.render.shared.spoken import ended
from portcheck.render.shared.text import listed, printable, to_ascii

SEVERITY_WORDS = {Severity.ERROR: "Fault", Severity.WARNING: "Warning", Severity.INFO: "Note"}
VERDICT_WORDS = {Verdict.FAIL: "Fails", Verdict.WARN: "Minor fault", Verdict.UNKNOWN: "Could not be asked"}
FOREST_WORDS = {Verdict.FAIL: "has faults", Verdict.WARN: "has minor faults", Verdict.UNKNOWN: "could not be told"}


def render(report: Report, options: Options) -> str:
    told = conclusion(report, options.run, options.again)
    if options.quiet and told.silent:
        return ""
    text = "".join(f"{ended(printable(sentence))}\n" for sentence in sentences(report, told, options))
    text += "".join(details(report, options))
    return to_ascii(text) if options.ascii else text


def sentences(report: Report, told: Conclusion, options: Options) -> Iterator[str]:
    yield from concluded(told, options)
    if options.quiet:
        return
    said = AlreadySaid()
    for digest, _ in worst_first(report):
        yield from forest_sentences(digest, options, said)
    if report.compared is not None and not report.compared.same:
        yield f"{changes.since(report.compared)}:"
        yield from changes.sentences(report.compared, changes.KnownChanges.of(report))
    checks = counted(len(report.outcomes), "check")
    when = f"{times.local(report.started)}, in {report.duration_s:.1f} seconds"
    yield f"portcheck ran {checks} from {report.vantage.called} at {when}"


def concluded(told: Conclusion, options: Options) -> Iterator[str]:
    """The same that ends a screen: here it comes first."""
    if told.interrupted:
        yield "The run was interrupted; this is what was known until then"
    for line in told.troubled:
        yield f"Forest {line.forest} {FOREST_WORDS[line.verdict]}. {line.words}"
    names, words = healthy_words(told)
    if words and not options.quiet:
        yield f"{'Forest' if len(told.well) == 1 else 'Forests'} {names}: {words}"
    for ask in told.asks:
        yield f"What to ask for: {_spoken(ask)}"
    if told.next and not options.quiet:
        yield f"What to do next: {', or '.join(told.next)}"


def _spoken(ask: str) -> str:
    """Without arrows."""
    return spoken(ask).replace("; →", "; and to").replace(" → ", " to ")


def forest_sentences(digest: Digest, options: Options, said: AlreadySaid) -> Iterator[str]:
    shown = [finding for finding in digest.findings if finding.code != "forest-ok"]
    if shown or options.verbose or digest.count(Verdict.FAIL, Verdict.UNKNOWN):
        counts = f", {digest.count(Verdict.PASS)} of {digest.asked} checks as expected" if digest.asked else ""
        yield f"In {digest.forest.name}, {headline(digest)[1]}{counts}:"
    for finding in shown:
        yield from finding_sentences(finding, shown, options, said)
    explained = set() if options.verbose else {check for finding in shown for check in finding.checks}
    silent = silent_hosts(digest)
    if options.verbose:
        for share, names in working(digest).items():
            yield f"{share_words(digest, share).capitalize()}: {', '.join(names)}"
        for left in skipped(digest):
            yield f"Not asked or not offered: {', '.join(what for what, _ in left.what)}. {left.reason}"
    if options.verbose or not shown:
        for (status, server), names in unanswered(digest).items():
            yield f"Not given by DNS ({status}, asked of {server}): {', '.join(names)}"
    for host in silent if not explained else ():
        yield f"Nothing answers on {matrix.label(host.key, digest.forest.name)}: {host.states}. {host.seen}"
    rest = digest if not explained else _without(digest, explained)
    for group in groups(rest, silent=silent):
        for sight in group.sights:
            yield f"{VERDICT_WORDS[group.verdict]}: {sight_words(group, sight)}"


def _without(digest: Digest, explained: set[str]) -> Digest:
    return replace(digest, outcomes=tuple(o for o in digest.outcomes if o.check.id not in explained))


def finding_sentences(
    finding: Finding, findings: Iterable[Finding], options: Options, said: AlreadySaid
) -> Iterator[str]:
    """`findings`: those beside which it stands."""
    words = "".join(said.new([title_of(finding)])) or finding.title  # of two forests with the same fault
    yield f"{SEVERITY_WORDS[finding.severity]}: {words}"
    if by_title(finding, findings, options):
        return
    why = split(finding.explanation)
    whole = finding.code in WHOLE_HOST and finding.breaks and not options.verbose
    for name, words in (
        ("", " ".join(said.new(why if options.verbose else why[:1]))),
        ("Where: ", folded(finding.hosts, 8) if options.verbose else ""),
        ("Seen: ", "; ".join(said.new(finding.evidence.split("; ")))),
        ("Breaks: ", EVERYTHING if whole else "; ".join(finding.breaks)),
        ("Users see: ", users_see(finding.errors, whole=True)),
        ("Also: ", " ".join(said.new(fix_left(finding, options, frozenset())))),
    ):
        if words:
            yield f"{name}{words}"


def sight_words(group: Group, sight: Sight) -> str:
    interface, _, at = sight.port.rpartition(" ")
    port, transport = at.rsplit("/", 1)
    subject = interface or (f"{group.service} ({group.purpose})" if group.purpose else group.service)
    where = f"a {port} {transport} port" if port == "dynamic" else f"port {port} {transport}"
    return f"{subject}, {where} on {listed(sight.hosts, 8)}: {sight.state}, {sight.seen}"


def details(report: Report, options: Options) -> Iterator[str]:
    if options.verbose and not options.quiet:
        wide = Options(width=10_000, verbose=options.verbose)
        for digest in digests(report):
            yield to_string((line for line in evidence.lines(digest, wide) if line), wide)
