"""The change request as a workbook for change boards: a sheet to sign, a sheet of 5-tuples. Needs openpyxl (extra)."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from typing import Any

from portcheck.model.libraries import WORKBOOKS, how_to_get
from portcheck.render.request import facts, words
from portcheck.render.request.through_aerleon import FormatError
from portcheck.render.shared.spreadsheet import Value
from portcheck.render.shared.text import printable
from portcheck.request import summary
from portcheck.request.flow import Flow, Ticket

COLUMNS = (
    "rule", "source", "source name", "source port", "destination", "destination name", "protocol", "port", "service",
    "for", "need", "first", "seen", "tries", "control", "suspects", "state",
)  # fmt: skip
LONGEST_CELL = 32_000  # Excel's own limit is 32,767 characters
WIDEST = 60


def render(ticket: Ticket) -> bytes:
    """Raises FormatError where openpyxl is not installed."""
    try:
        from openpyxl import Workbook
    except ImportError:
        raise FormatError(
            f"xlsx is written by a library that is not here: {how_to_get(WORKBOOKS)} (csv needs none)"
        ) from None
    book = Workbook()
    book.remove(book.worksheets[0])
    _fill(book.create_sheet("Request"), _told(ticket))
    _fill(book.create_sheet("Paths"), [COLUMNS, *(_row(rule.name, flow, ticket) for rule in ticket.rules
                                                  for flow in rule.flows)], header=True)  # fmt: skip
    if ticket.questions or ticket.left_out:
        rows = [*(("clear up first", each) for each in ticket.questions),
                *(("not asked for", each) for each in ticket.left_out)]  # fmt: skip
        _fill(book.create_sheet("Notes"), rows)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def _told(ticket: Ticket) -> list[tuple[str, str]]:
    rows = [
        ("Firewall change request", summary.headline(ticket)),
        *((blank, "") for blank in facts.BLANKS),
        ("Impact", summary.impact(ticket)),
        *(("Suspect", line) for line in summary.suspects(ticket)),
        ("State", facts.counts(ticket)),
        ("How to verify", summary.verify(ticket) if ticket.rules else ""),
        ("Note", words.STATELESS if ticket.stateless else words.STATEFUL),
        ("RPC", words.pinning(ticket) if ticket.dynamic else ""),
        ("Made", f"{words.CANDIDATE} Made by portcheck {ticket.version} at {ticket.made} from {ticket.basis}."),
    ]
    return [row for row in rows if row[1] or row[0] in facts.BLANKS]


def _row(rule: str, flow: Flow, ticket: Ticket) -> Sequence[Value]:
    return (
        rule,
        flow.source,
        ticket.names.get(flow.source, ""),
        "any",
        flow.destination,
        flow.host,
        flow.ports.transport,
        flow.ports.low if flow.ports.low == flow.ports.high else flow.ports.numbers,
        flow.service,
        "; ".join(flow.operations) or flow.purpose,
        words.NEEDS[flow.need],
        flow.caveat,
        flow.evidence,
        facts.tries(flow),
        facts.control(flow),
        ", ".join(flow.suspects),
        str(flow.standing or "asked"),
    )


def _fill(sheet: Any, rows: Iterable[Sequence[Value]], *, header: bool = False) -> None:
    """Text is text: a cell that begins like a formula stays a string."""
    from openpyxl.styles import Alignment, Font

    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            cell = sheet.cell(number, column)
            if isinstance(value, str):
                cell.value, cell.data_type = printable(value)[:LONGEST_CELL], "s"
            else:
                cell.value = value
            cell.alignment = Alignment(wrap_text=True, vertical="top")
            if (number if header else column) == 1:
                cell.font = Font(bold=True)
    for letter, cells in zip(_letters(sheet.max_column), sheet.columns, strict=True):
        sheet.column_dimensions[letter].width = min(WIDEST, max(len(str(c.value or "")) for c in cells) + 2)
    if header:
        sheet.freeze_panes = "A2"
        sheet.auto_filter.ref = sheet.dimensions


def _letters(count: int) -> list[str]:
    from openpyxl.utils import get_column_letter

    return [get_column_letter(number) for number in range(1, count + 1)]
