"""The final summary for people: per forest what is wrong, worst first, then the matrix, then each check that failed."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.text import Text

from portcheck.model import Finding, Report, Severity, Verdict
from portcheck.render.report import evidence, sentences
from portcheck.render.shared import changes, matrix
from portcheck.render.shared.digest import (
    Digest,
    Group,
    Skipped,
    digests,
    groups,
    headline,
    share_words,
    silent_hosts,
    skipped,
    unanswered,
    working,
)
from portcheck.render.shared.grid import RowKey
from portcheck.render.shared.layout import hang, pad, to_string
from portcheck.render.shared.marks import SEVERITIES, VERDICTS, Mark
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import counted, listed, plain, printable

ROWS_IN_FULL = 16
"""Beyond this many controllers, those of which all is well are only counted (-v shows them)."""
LABEL_WIDTH = 10


def render(report: Report, options: Options) -> str:
    if options.accessible:
        return sentences.render(report, options)
    return to_string(lines(report, options), options)


def lines(report: Report, options: Options) -> Iterator[Text]:
    found = digests(report)
    if not options.quiet:
        yield from title(report, options)
    for digest in found:
        if options.quiet:
            yield from quiet_section(digest, options)
        else:
            yield Text()
            yield from section(digest, options)
    yield from changes.section(report, options)
    if not options.quiet:
        yield from foot(report, found, options)


def title(report: Report, options: Options) -> Iterator[Text]:
    vantage = report.vantage
    where = f"{vantage.called} ({listed(vantage.addresses, 3)})" if vantage.addresses else vantage.called
    who = f"portcheck {report.tool_version} from {where}"
    when = f"{report.started[:16].replace('T', ' ')} UTC"
    what = f"{when}, {counted(len(report.outcomes), 'check')}, {report.duration_s:.1f} s"
    together = f"{who}, {what}"
    for words in (together,) if cell_len(together) <= options.width else (who, what):
        yield from hang("", plain(words, "dim"), options.width, 2)
    if report.interrupted:
        yield from hang("", Text("Interrupted: this is what was known until then.", "bold yellow"), options.width, 2)


def section(digest: Digest, options: Options) -> Iterator[Text]:
    yield from head(digest, options)
    for number, finding in enumerate(digest.findings):
        if _says_the_headline(finding, digest) and not options.verbose:
            continue
        yield Text()
        if finding.severity is Severity.INFO and not options.verbose:
            yield from finding_title(finding, options)
        else:
            yield from finding_block(finding, options, explained=number == 0 or options.verbose > 0)
    table = list(grid(digest, options))
    if table:
        yield Text()
        yield from table
    details = [*works(digest, options), *troubles(digest, options), *left_out(digest, options)]
    if details:
        yield Text()
        yield from details
    if options.verbose:
        yield from evidence.lines(digest, options)


def quiet_section(digest: Digest, options: Options) -> Iterator[Text]:
    yield from head(digest, options)
    for finding in digest.findings:
        if not _says_the_headline(finding, digest):
            yield from finding_title(finding, options)


def _says_the_headline(finding: Finding, digest: Digest) -> bool:
    """ "All well" is said once."""
    return finding.severity is Severity.INFO and finding.title == f"{digest.forest.name}: {headline(digest)[1]}"


def head(digest: Digest, options: Options) -> Iterator[Text]:
    mark, words = headline(digest)
    counts = f", {digest.count(Verdict.PASS)} of {digest.asked} as expected" if digest.asked else ""
    lead = sign(mark, options).append(f"{printable(digest.forest.name)}: ", style="bold")
    yield from hang(lead, Text.assemble(plain(words, mark.style), counts), options.width, 2)


def sign(mark: Mark, options: Options, indent: int = 0) -> Text:
    return Text(" " * indent).append(mark.drawn(ascii_only=options.ascii) + " ", style=mark.style)


def finding_title(finding: Finding, options: Options) -> Iterator[Text]:
    mark = SEVERITIES[finding.severity]
    style = "" if finding.severity is Severity.INFO else mark.style
    yield from hang(sign(mark, options, 2), plain(finding.title, style), options.width)


def finding_block(finding: Finding, options: Options, *, explained: bool) -> Iterator[Text]:
    yield from finding_title(finding, options)
    if explained:
        for paragraph in finding.explanation.splitlines():
            yield from hang(" " * 4, plain(paragraph), options.width)
    for name, words in (
        ("where", listed(finding.hosts, 8)),
        ("seen", finding.evidence),
        ("breaks", "; ".join(finding.breaks)),
        ("users see", ", ".join(finding.errors)),
    ):
        if words:
            yield from hang(Text(" " * 4 + pad(name, LABEL_WIDTH), style="dim"), plain(words), options.width)
    yield from ask(finding, options)


def ask(finding: Finding, options: Options) -> Iterator[Text]:
    """The line for the ticket; told once that it is a request."""
    for number, paragraph in enumerate(finding.fix.splitlines()):
        prefix = "" if number or paragraph.startswith("Ask") else "Ask: "
        yield from hang(" " * 4, Text(prefix, "bold") + plain(paragraph, "bold"), options.width)


def grid(digest: Digest, options: Options) -> Iterator[Text]:
    keys = list(digest.grid.rows)
    shown = keys if options.verbose else in_trouble_first(digest, keys)
    yield from matrix.draw(digest.grid, shown, width=options.width, ascii_only=options.ascii)
    if shown and len(shown) < len(keys):
        words = f"and {counted(len(keys) - len(shown), 'more controller')} with nothing to report"
        yield from hang("  ", Text(words, "dim"), options.width)


def in_trouble_first(digest: Digest, keys: list[RowKey]) -> list[RowKey]:
    """All rows in their order, or of many those in trouble; at least a few."""
    if len(keys) <= ROWS_IN_FULL:
        return keys
    rows = digest.grid.rows
    troubled = [key for key in keys if rows[key].count(Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN)]
    return troubled or [key for key in keys if rows[key].count(Verdict.PASS)][:ROWS_IN_FULL] or keys[:ROWS_IN_FULL]


def works(digest: Digest, options: Options) -> Iterator[Text]:
    for share, names in working(digest).items():
        lead = sign(VERDICTS[Verdict.PASS], options, 2).append(f"{share_words(digest, share)}: ")
        yield from hang(lead, plain(", ".join(names)), options.width, 4)


def troubles(digest: Digest, options: Options) -> Iterator[Text]:
    """Every check that is not as expected, under its service: what was seen there and by whom."""
    fail = VERDICTS[Verdict.FAIL]
    for (status, server), names in unanswered(digest).items():
        lead = sign(fail, options, 2).append("DNS: ")
        yield from hang(lead, plain(f"{status}, asked of {server}: {', '.join(names)}"), options.width, 4)
    silent = () if options.verbose else silent_hosts(digest)
    alike: dict[str, list[str]] = {}
    for host in silent:
        words = f": nothing answers: {host.states}" + (f"; {host.seen}" if host.seen else "")
        alike.setdefault(words, []).append(matrix.label(host.key, digest.forest.name))
    for words, labels in alike.items():
        yield from hang(sign(fail, options, 2), plain(", ".join(labels), "bold") + plain(words), options.width, 4)
    for group in groups(digest, silent=silent):
        yield from group_lines(group, options)


def group_lines(group: Group, options: Options) -> Iterator[Text]:
    lead = sign(VERDICTS[group.verdict], options, 2).append(printable(group.service), style="bold")
    yield from hang(lead, plain(f" – {group.purpose}" if group.purpose else ""), options.width, 4)
    port_width = max(cell_len(sight.port) for sight in group.sights)
    state_width = max(len(sight.state) for sight in group.sights)
    for sight in group.sights:
        lead = Text(" " * 4 + pad(printable(sight.port), port_width) + "  ")
        lead.append(pad(sight.state, state_width) + "  ", style=VERDICTS[group.verdict].style)
        yield from hang(
            lead, Text.assemble(plain(listed(sight.hosts, 8), "bold"), plain(f": {sight.seen}")), options.width
        )


def left_out(digest: Digest, options: Options) -> Iterator[Text]:
    for group in skipped(digest):
        yield from hang(sign(VERDICTS[Verdict.SKIP], options, 2), plain(skip_words(group, digest)), options.width)


def skip_words(group: Skipped, digest: Digest) -> str:
    """`time 123/udp, adws 9389/tcp: not offered here`; hosts are named where it is not all of them."""
    everywhere = len({host for host, _ in digest.grid.rows})
    told = [what if len(hosts) == everywhere else f"{what} on {listed(hosts, 4)}" for what, hosts in group.what]
    return f"{', '.join(told)}: {group.reason}"


def foot(report: Report, found: tuple[Digest, ...], options: Options) -> Iterator[Text]:
    """The marks in words; and, where there are several forests, all of them once more where the eye ends."""
    legend = matrix.legend([digest.grid for digest in found], width=options.width, ascii_only=options.ascii)
    if legend:
        yield Text()
    for words in legend:
        yield from hang("", plain(words, "dim"), options.width, 2)
    if len(found) > 1:
        yield Text()
        for digest in found:
            yield from head(digest, options)
    if options.verbose:
        for limit in report.vantage.limits:
            yield from hang("", plain(f"This machine could not tell: {limit}", "dim"), options.width, 2)
