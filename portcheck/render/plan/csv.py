"""The forecast as a list for spreadsheets: one row for each line."""

from __future__ import annotations

from portcheck.plan.line import Forecast, ForecastLine
from portcheck.render.plan.words import questions_of
from portcheck.render.shared.options import Options
from portcheck.render.shared.spreadsheet import Value, table

COLUMNS = (
    "kind", "forest", "host", "address", "each_controller", "service", "transport", "port", "need", "purpose",
    "operations", "source", "when", "questions_bytes", "packets_all_answer", "packets_all_silent", "packets_at_most",
    "bytes_all_answer", "bytes_all_silent", "bytes_at_most", "connections_all_answer", "connections_all_silent",
    "connections_at_most",
)  # fmt: skip


def render(forecast: Forecast, _: Options) -> str:
    return table(COLUMNS, map(_row, forecast.lines))


def _row(line: ForecastLine) -> tuple[Value, ...]:
    costs = (line.answered, line.silent, line.at_most)
    return (
        line.kind, line.forest, line.host, line.address or "", "yes" if line.each else "no", line.service,
        line.transport, "" if line.port is None else line.port, line.need, line.purpose, "; ".join(line.operations),
        line.document, line.when, questions_of(line), *(cost.packets for cost in costs),
        *(cost.bytes for cost in costs), *(cost.connections for cost in costs),
    )  # fmt: skip
