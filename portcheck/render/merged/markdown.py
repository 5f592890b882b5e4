"""The matrix for a ticket: findings with what to do first, then a table for each forest. Nothing becomes markup."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.merge.points import Merged
from portcheck.model.folding import counted
from portcheck.render.merged.rows import UNASKED, ForestMatrix, everywhere, matrices
from portcheck.render.report.markdown import finding_blocks, paragraph, table, text
from portcheck.render.shared import times
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import listed


def render(merged: Merged, _options: Options) -> str:
    return "\n\n".join(block for block in blocks(merged) if block) + "\n"


def blocks(merged: Merged) -> Iterator[str]:
    yield f"# portcheck from {counted(len(merged.points), 'place')}"
    yield table(
        ["Place", "Addresses", "Asked", "Report"],
        [[p.name, listed(p.machine.addresses, 3), times.local(p.started), p.source] for p in merged.points],
    )
    for finding in everywhere(merged):
        yield from finding_blocks(finding)
    for forest in matrices(merged):
        yield from _forest(forest)
    yield paragraph("; ".join(f"{mark.sign} {mark.word}" for mark in (*VERDICTS.values(), UNASKED)))


def _forest(forest: ForestMatrix) -> Iterator[str]:
    yield f"## {forest.mark.sign} {text(forest.name)}: {text(forest.words)}"
    for finding in forest.findings:
        yield from finding_blocks(finding)
    if forest.rows:
        body = [[r.host, r.address, r.service, r.port, *(r.mark(p).sign for p in forest.places)] for r in forest.rows]
        yield table(["Host", "Address", "Service", "Port", *forest.places], body)
    if forest.more:
        yield f"And {counted(forest.more, 'more row')}."
    if forest.well:
        yield f"{counted(forest.well, 'check')} as expected, or not offered, from every place that asked."
