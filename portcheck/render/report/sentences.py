"""The summary in sentences (`--accessible`): nothing is drawn, aligned or coloured, and no line is broken."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.model import Finding, Report, Severity, Verdict
from portcheck.render.report import evidence
from portcheck.render.shared import changes, matrix
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
from portcheck.render.shared.layout import to_string
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import counted, listed, printable, to_ascii

SEVERITY_WORDS = {Severity.ERROR: "Fault", Severity.WARNING: "Warning", Severity.INFO: "Note"}
VERDICT_WORDS = {Verdict.FAIL: "Fails", Verdict.WARN: "Minor fault", Verdict.UNKNOWN: "Could not be asked"}


def render(report: Report, options: Options) -> str:
    text = "".join(f"{printable(sentence)}\n" for sentence in sentences(report, options))
    text += "".join(details(report, options))
    return to_ascii(text) if options.ascii else text


def sentences(report: Report, options: Options) -> Iterator[str]:
    if not options.quiet:
        checks = counted(len(report.outcomes), "check")
        yield f"portcheck ran {checks} from {report.vantage.called} in {report.duration_s:.1f} seconds."
    if report.interrupted:
        yield "The run was interrupted; this is what was known until then."
    for digest in digests(report):
        yield from forest_sentences(digest, options)
    if report.compared is not None and not report.compared.same:
        yield f"{changes.since(report.compared)}."
        yield from changes.sentences(report.compared, changes.KnownChanges.of(report))


def forest_sentences(digest: Digest, options: Options) -> Iterator[str]:
    _, words = headline(digest)
    counts = f" {digest.count(Verdict.PASS)} of {digest.asked} checks are as expected." if digest.asked else ""
    yield f"Forest {digest.forest.name}: {words}.{counts}"
    for finding in digest.findings:
        yield from finding_sentences(finding, options)
    if options.quiet:
        return
    for share, names in working(digest).items():
        yield f"{share_words(digest, share).capitalize()}: {', '.join(names)}."
    for (status, server), names in unanswered(digest).items():
        yield f"Missing in DNS ({status}, asked of {server}): {', '.join(names)}."
    silent = silent_hosts(digest)
    for host in silent:
        yield f"Nothing answers on {matrix.label(host.key, digest.forest.name)}: {host.states}. {host.seen}."
    for group in groups(digest, silent=silent):
        for sight in group.sights:
            yield f"{VERDICT_WORDS[group.verdict]}: {sight_words(group, sight)}"
    for left in skipped(digest):
        yield f"Not asked or not offered: {', '.join(what for what, _ in left.what)}. {left.reason}."


def finding_sentences(finding: Finding, options: Options) -> Iterator[str]:
    yield f"{SEVERITY_WORDS[finding.severity]}: {finding.title}."
    if options.quiet or (finding.severity is Severity.INFO and not options.verbose):
        return
    for name, words in (
        ("", finding.explanation),
        ("Where: ", listed(finding.hosts, 8)),
        ("Seen: ", finding.evidence),
        ("Breaks: ", "; ".join(finding.breaks)),
        ("Users see: ", ", ".join(finding.errors)),
        ("" if finding.fix.startswith("Ask") else "Ask: ", finding.fix),
    ):
        if words:
            yield f"{name}{words}" if words.endswith(".") else f"{name}{words}."


def sight_words(group: Group, sight: Sight) -> str:
    interface, _, at = sight.port.rpartition(" ")
    port, transport = at.rsplit("/", 1)
    subject = interface or (f"{group.service} ({group.purpose})" if group.purpose else group.service)
    where = f"a {port} {transport} port" if port == "dynamic" else f"port {port} {transport}"
    return f"{subject}, {where} on {listed(sight.hosts, 8)}: {sight.state}, {sight.seen}."


def details(report: Report, options: Options) -> Iterator[str]:
    if options.verbose and not options.quiet:
        wide = Options(width=10_000)
        for digest in digests(report):
            yield to_string((line for line in evidence.lines(digest, wide) if line), wide)
