"""A row for each check and place, for spreadsheets and scripts: the columns of COLUMNS; new ones only at the end."""

from __future__ import annotations

from collections.abc import Iterator

from portcheck.merge.points import Merged
from portcheck.render.merged.rows import verdict
from portcheck.render.shared.options import Options
from portcheck.render.shared.spreadsheet import Value, table

COLUMNS = (
    *("vantage", "forest", "host", "address", "service", "transport", "port", "need", "state", "verdict", "reason"),
    *("blocked_by", "blocked_after", "blocked_hop", "findings", "started", "id"),
)


def render(merged: Merged, _options: Options) -> str:
    return table(COLUMNS, rows(merged))


def rows(merged: Merged) -> Iterator[tuple[Value, ...]]:
    started = {point.name: point.started for point in merged.points}
    codes: dict[str, list[str]] = {}
    for finding in merged.findings:
        for proof in finding.checks:
            codes.setdefault(proof, []).append(finding.code)
    for cell in merged.cells:
        found = " ".join(codes.get(cell.check.id, ()))
        for place, outcome in cell.seen.items():
            check, blocked = outcome.check, outcome.blocked_at
            yield (
                place, check.forest, check.host, check.address, check.service, check.transport, check.port,
                check.need.value, outcome.state.value, verdict(outcome).value, outcome.reason,
                blocked.by if blocked else None, blocked.after if blocked else None, blocked.hop if blocked else None,
                found, started[place], check.id,
            )  # fmt: skip
