"""No CSV that is written has a cell that a spreadsheet would calculate, whichever sign it takes for the separator."""

from __future__ import annotations

import ast
import csv
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from factories import check, outcome, report
from hypothesis import given
from hypothesis import strategies as st

import portcheck
from portcheck.plan.line import Forecast, ForecastLine, LineKind
from portcheck.render import FORMATS
from portcheck.render.plan import FORMATS as FORECASTS
from portcheck.render.request.csv import render as ticket_csv
from portcheck.render.shared.options import Options
from portcheck.render.shared.spreadsheet import cell, table
from tests.request.requests import flow, ticket

STARTS = ("=", "+", "-", "@", "\N{FULLWIDTH EQUALS SIGN}", "\N{FULLWIDTH PLUS SIGN}", "\uff20", "\uff0d")
LEADS = ["", " ", "\t", "\r\n", "\N{NO-BREAK SPACE}", '"', "'", "dc1;", 'dc1; "', "dc1;\t", 'a","', "a,;"]
WRITERS: dict[str, Callable[[str], str]] = {
    "check": lambda nasty: FORMATS["csv"](
        report(replace(outcome(check(host=nasty, forest=nasty)), reason=nasty)), Options()
    ),
    "request": lambda nasty: ticket_csv(
        ticket(flow(host=nasty, service=nasty, purpose=nasty, operations=(nasty, nasty), why=nasty, document=nasty))
    ),
    "plan": lambda nasty: FORECASTS["csv"](
        Forecast(
            (ForecastLine(LineKind.CHECK, nasty, nasty, nasty, nasty, "tcp", 1, purpose=nasty, operations=(nasty,)),)
        ),
        Options(),
    ),
}
pieces = st.lists(st.one_of(st.sampled_from([*STARTS, *LEADS, ";", ",", '"', "1"]), st.text(max_size=3)), max_size=8)


def cells(text: str, separator: str) -> list[str]:
    return [found for row in csv.reader(StringIO(text), delimiter=separator) for found in row]


def calculated(found: str) -> bool:
    """Spaces and quotes before it keep no spreadsheet from it; an apostrophe at the very beginning does."""
    return not found.startswith("'") and found.strip().lstrip(" \"'").startswith(STARTS)


@pytest.mark.parametrize("writer", WRITERS)
@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("lead", LEADS)
@pytest.mark.parametrize("separator", [",", ";"])
def test_no_cell_begins_a_formula(writer: str, start: str, lead: str, separator: str) -> None:
    text = WRITERS[writer](f'{lead}{start}cmd|" /C calc"!A0')
    assert [found for found in cells(text, separator) if calculated(found)] == []


@pytest.mark.parametrize("writer", WRITERS)
@given(words=pieces.map("".join))
def test_no_words_ever_become_one_or_break_the_table(writer: str, words: str) -> None:
    text = WRITERS[writer](words)
    for separator in ",;":
        assert [found for found in cells(text, separator) if calculated(found)] == []
    assert len({len(row) for row in csv.reader(StringIO(text), strict=True)}) == 1


@given(st.lists(pieces.map("".join), min_size=2, max_size=4))
def test_nor_do_neighbours_together(row: list[str]) -> None:
    text = table([f"column {number}" for number in range(len(row))], [row])
    for separator in ",;":
        assert [found for found in cells(text, separator) if calculated(found)] == []


def test_names_reasons_and_numbers_without_harm_stay_as_they_are() -> None:
    for words in (
        "dc1.alpha.test",
        "no answer to 3 requests in 4.0 s; last heard: 10.0.0.1; it or something beyond drops it",
        "rpc-netlogon",
        "a@b",
    ):
        assert cell(words) == words
    assert (cell(-1.5), cell(None), cell(3)) == (-1.5, None, 3)


def test_no_other_module_writes_csv() -> None:
    """A further writer goes through `table` too."""
    package = Path(portcheck.__file__).parent
    writers = {
        str(module.relative_to(package))
        for module in package.rglob("*.py")
        for node in ast.walk(ast.parse(module.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import) and "csv" in {name.name for name in node.names}
    }
    reader = str(Path("logs") / "records.py")
    assert writers - {reader} == {str(Path("render") / "shared" / "spreadsheet.py")}
