"""For a ticket: findings with their fix first, then the matrix, then the checks that are not as expected.

CommonMark with GitHub's tables. Whatever a server said is text: nothing of it becomes markup, HTML or a link.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from portcheck.model import Finding, Report, Severity, Verdict
from portcheck.model.folding import counted
from portcheck.render.report.grids import ROWS_IN_FULL
from portcheck.render.shared import matrix, times
from portcheck.render.shared.digest import Digest, digests, groups, headline, silent_hosts
from portcheck.render.shared.grid import Column, GridRow, RowKey
from portcheck.render.shared.marks import SEVERITIES, VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed, printable

MARKUP = re.compile(r"[\\`*_{}\[\]<>#|~!&$@]|(?<=\w):(?=/)|(?<=www)\.", re.IGNORECASE)
"""What CommonMark, GitHub's additions, and their way of making links of bare addresses would act on."""
BLOCK = re.compile(r"^\s*(?:\d{0,9})(?=[-+=.)])")
"""What would make a list or a heading where a line begins."""
ENTITIES = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}


def render(report: Report, _options: Options) -> str:
    found = digests(report)
    blocks = [*title(report), *(block for digest in found for block in section(digest)), *foot(found)]
    return "\n\n".join(block for block in blocks if block) + "\n"


def text(words: str) -> str:
    """The words as they are, for a place where inline markup would be read."""
    return MARKUP.sub(lambda char: ENTITIES.get(char[0], f"\\{char[0]}"), printable(words))


def paragraph(words: str) -> str:
    """The words as they are, where a block begins."""
    return BLOCK.sub(lambda lead: f"{lead[0].strip()}\\", text(words).strip())


def title(report: Report) -> Iterator[str]:
    vantage = report.vantage
    yield f"# portcheck from {text(vantage.called)}"
    where = f" ({text(listed(vantage.addresses, 3))})" if vantage.addresses else ""
    when = text(times.local(report.started))
    count = counted(len(report.outcomes), "check")
    yield f"{when}, {count} in {report.duration_s:.1f} s, from {text(vantage.called)}{where}."
    if report.interrupted:
        yield "**Interrupted: this is what was known until then.**"


def section(digest: Digest) -> Iterator[str]:
    mark, words = headline(digest)
    yield f"## {mark.sign} {text(digest.forest.name)}: {text(words)}"
    if digest.asked:
        yield f"{digest.count(Verdict.PASS)} of {digest.asked} checks are as expected."
    for finding in digest.findings:
        yield from finding_blocks(finding)
    yield from grid(digest)
    yield from troubles(digest)


def finding_blocks(finding: Finding) -> Iterator[str]:
    """What to do comes first; what only informs is a line."""
    mark = SEVERITIES[finding.severity]
    if finding.severity is Severity.INFO:
        yield f"{mark.sign} {text(finding.title)}"
        return
    yield f"### {mark.sign} {text(finding.title)}"
    if finding.fix:
        lines = [f"> {text(line)}" for line in finding.fix.splitlines()]
        yield "\n>\n".join(["> **To do:**" + lines[0][1:], *lines[1:]])
    yield from (paragraph(line) for line in finding.explanation.splitlines())
    rows = (
        ("Where", listed(finding.hosts, 8)),
        ("Seen", finding.evidence),
        ("Breaks", "; ".join(finding.breaks)),
        ("Users see", ", ".join(finding.errors)),
    )
    yield "\n".join(f"- {name}: {text(words)}" for name, words in rows if words)


def grid(digest: Digest) -> Iterator[str]:
    keys = list(digest.grid.rows)
    columns = digest.grid.ordered_columns()
    if not keys or not columns:
        return
    shown = in_trouble_first(digest, keys)
    head = ["Host", "Address", *(" ".join(filter(None, matrix.heading(c, full=True))) for c in columns)]
    body = [cells(digest, key, columns) for key in shown]
    yield table(head, body)
    if len(shown) < len(keys):
        yield f"And {counted(len(keys) - len(shown), 'more controller')} with nothing to report."


def in_trouble_first(digest: Digest, keys: list[RowKey]) -> list[RowKey]:
    """All rows in their order, or of many those in trouble; at least a few."""
    if len(keys) <= ROWS_IN_FULL:
        return keys
    rows = digest.grid.rows
    troubled = [key for key in keys if rows[key].count(Verdict.FAIL, Verdict.UNKNOWN, Verdict.WARN)]
    return troubled or keys[:ROWS_IN_FULL]


def cells(digest: Digest, key: RowKey, columns: Sequence[Column]) -> list[str]:
    row = digest.grid.rows[key]
    return [key[0], key[1] or "no address", *(cell(row, column) for column in columns)]


def cell(row: GridRow, column: Column) -> str:
    found = (row.worst((column.key, slot)) for slot in column.slots)
    return " ".join(" " if one is None else matrix.mark_of(one).sign for one in found).strip()


def troubles(digest: Digest) -> Iterator[str]:
    fail, silent = VERDICTS[Verdict.FAIL].sign, silent_hosts(digest)
    rows = [[f"{fail} DNS", q.record, q.status, q.name, f"asked of {q.server}"] for q in digest.lookups]
    rows += [
        [f"{fail} all asked", "", host.states, matrix.label(host.key, digest.forest.name), host.seen] for host in silent
    ]
    for group in groups(digest, silent=silent):
        lead = f"{VERDICTS[group.verdict].sign} {group.service}"
        rows += [[lead, s.port, s.state, listed(s.hosts, 8), s.seen] for s in group.sights]
    if rows:
        yield "Not as expected:"
        yield table(["Service", "Port", "State", "Host", "Seen"], rows)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, *rows]
    drawn = [f"| {' | '.join(map(text, line))} |" for line in lines]
    return "\n".join([drawn[0], f"|{' --- |' * len(head)}", *drawn[1:]])


def foot(found: Sequence[Digest]) -> Iterator[str]:
    """The marks that occur, in words."""
    legend = matrix.legend([digest.grid for digest in found], width=10_000)
    yield paragraph("; ".join(legend))
