"""CSV for spreadsheets and scripts: every table of it is written here, so that no text in one is ever calculated.

A text that begins like a formula, or goes on like one behind a semicolon (which separates cells in half of Europe), is
given an apostrophe there (OWASP, CSV injection). Control characters, tabs and line ends too, are spelled as escapes.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Sequence
from io import StringIO

from portcheck.render.shared.text import printable

FORMULA = re.compile(r"(?:^|(?<=;))(?=[\s\"']*[=+\-@\uff1d\uff0b\uff0d\uff20])")
"""Where a formula would begin: `=`, `+`, `-`, `@` and their full-width twins, spaces and quotes before them or not."""

Value = str | int | float | None


def table(columns: Sequence[str], rows: Iterable[Iterable[Value]]) -> str:
    text = StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([cell(value) for value in row] for row in rows)
    return text.getvalue()


def cell(value: Value) -> Value:
    """Numbers are numbers; text is one line and no formula."""
    return FORMULA.sub("'", printable(value)) if isinstance(value, str) else value
