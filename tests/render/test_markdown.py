"""Markdown: read back by a CommonMark reader with tables; what servers said stays text."""

from __future__ import annotations

import itertools
import re

from factories import finding, outcome, report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from strategies import reports

from portcheck.model import Report
from portcheck.render import FORMATS
from portcheck.render.report.markdown import paragraph, text
from portcheck.render.shared.options import Options
from portcheck.render.shared.text import printable

from . import samples
from .test_hostile import NASTY, harmless, nasty_report

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])
OURS = {"h1", "h2", "h3", "p", "ul", "li", "blockquote", "strong", "table", "thead", "tbody", "tr", "th", "td", ""}
EVIL = "<img src=x onerror=alert(1)> [a](javascript:x) `c` **b** | ~~s~~ http://evil.test www.evil.test &lt; # h"


def tokens(markdown: str) -> list[Token]:
    return [inner for token in MARKDOWN.parse(markdown) for inner in (token, *(token.children or ()))]


def markdown(run: Report) -> str:
    return FORMATS["markdown"](run, Options())


def rows(run: Report) -> list[list[str]]:
    """The cells of all tables, as a reader sees them."""
    found: list[list[str]] = []
    parsed = MARKDOWN.parse(markdown(run))
    for token, inner in itertools.pairwise(parsed):
        if token.type == "tr_open":
            found.append([])
        elif token.type in {"th_open", "td_open"}:
            found[-1].append("".join(child.content for child in inner.children or ()))
    return found


def test_the_fix_comes_before_the_explanation_and_the_matrix_after_the_findings() -> None:
    said = [t.content for t in MARKDOWN.parse(markdown(samples.three_forests())) if t.type == "inline"]
    places = [
        next(n for n, words in enumerate(said) if part in words)
        for part in (
            "Passwords cannot be set",
            "To do:",
            "goes through the Kerberos",
            "Seen: 464/tcp",
            "bdc1.bravo.test",
        )
    ]
    assert places[:4] == sorted(places[:4])


def test_the_matrix_has_a_row_a_controller_and_every_row_all_columns() -> None:
    found = rows(samples.three_forests())
    assert {len(row) for row in found if row[0].endswith(".test")} == {len(found[0])}
    (bravo,) = (row for row in found if row[0] == "bdc1.bravo.test")
    assert bravo[found[0].index("kpasswd 464")] == "✖ ✖"
    assert bravo[found[0].index("kerberos 88")] == "✔ !"


def test_the_checks_that_failed_are_told_with_what_was_seen() -> None:
    assert [
        "✖ kpasswd",
        "464/udp",
        "filtered",
        "bdc1",
        "no answer to 3 requests in 4.0 s; last heard: 10.77.100.2 (hop 2); it or something beyond drops it",
    ] in rows(samples.three_forests())


def test_a_dead_host_a_missing_record_and_a_forest_without_dns_are_told() -> None:
    told = markdown(samples.dead_host_and_dns())
    assert "16 filtered" in told
    assert "nxdomain" in told
    assert "could not be asked: no DNS server answers" in told


def test_nothing_that_was_said_becomes_markup_or_a_link() -> None:
    evil = report(outcome(reason=EVIL), findings=(finding(title=EVIL, explanation=EVIL, fix=EVIL, evidence=EVIL),))
    for run in (nasty_report(), evil):
        found = tokens(markdown(run))
        assert {token.tag for token in found} <= OURS
        assert not {token.type for token in found} & {"html_inline", "html_block", "link_open", "image", "code_inline"}
    said = "".join(token.content for token in found if token.type in {"text", "text_special"})
    assert said.count(EVIL) >= 4


def test_a_line_of_an_explanation_is_never_a_list_a_heading_or_code() -> None:
    for start in ("- a", "+ a", "1. a", "1) a", "=== a", "---", "    code", "# h", "> q", "* * *"):
        (opened, inline, closed) = MARKDOWN.parse(paragraph(start))
        assert (opened.type, closed.type) == ("paragraph_open", "paragraph_close")
        assert "".join(child.content for child in inline.children or ()) == start.strip()


def test_control_characters_do_not_come_out_as_such() -> None:
    assert harmless(markdown(nasty_report()))
    assert printable(NASTY).partition("[")[0] in markdown(nasty_report()).replace("\\\\", "\\")


@given(st.text())
def test_any_text_reads_back_as_itself(words: str) -> None:
    parsed = MARKDOWN.parseInline(f"x{text(words)}x")[0]
    assert "".join(child.content for child in parsed.children or ()) == f"x{printable(words)}x"


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_blocks_of_our_own(run: Report) -> None:
    shown = markdown(run)
    assert {token.tag for token in tokens(shown)} <= OURS
    assert not re.search(r"\n\n\n", shown)
