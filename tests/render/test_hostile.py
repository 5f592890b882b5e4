"""Servers, DNS and damaged files may put anything into a string; none of it may act on a terminal or a log."""

from __future__ import annotations

import json
import unicodedata
from dataclasses import fields, replace
from io import StringIO

import pytest
from factories import check, controller, finding, outcome, report
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console
from strategies import reports

from portcheck.model import BlockedAt, ForestReport, Lookup, Report, State, Trace, Vantage
from portcheck.model.events import Event, ForestFound, Landed, Phase, Planned
from portcheck.render import FORMATS
from portcheck.render.live import lines
from portcheck.render.live.board import Board
from portcheck.render.live.screen import View
from portcheck.render.shared.options import Options, ProgressKind
from portcheck.render.shared.text import HARMFUL, printable, shorten, shorten_middle, to_ascii

NASTY = "\x1b[31mred\x1b]0;title\x07\r\n\x9b2J\u202egnp.exe\u2066\u200b[bold red]m[/] :smile: \ud800\U000e0041Z\u0300\u0301\u0302\u0303"  # noqa: E501
STYLES = (Options(), Options(verbose=1), Options(quiet=True), Options(accessible=True, verbose=1), Options(ascii=True))


def harmless(text: str) -> bool:
    return all(char == "\n" or unicodedata.category(char) not in HARMFUL for char in text)


def nasty_report(words: str = NASTY) -> Report:
    """The nasty words in every field that holds text."""
    subject = replace(check(), **dict.fromkeys(("forest", "host", "address", "service", "purpose", "domain"), words))
    subject = replace(subject, operations=(words,), profiles=(words,), why=words, source=words)
    seen = outcome(
        subject,
        State.FILTERED,
        reason=words,
        facts={words: words, "list": [words], "object": {words: words}},
        evidence=(Trace(0.0, words, words),),
        blocked_at=BlockedAt(by=words, after=words),
    )
    forest = ForestReport(
        words,
        (words,),
        (controller(words, words, source=words, site=words, roles=(words,), domain=words, facts={words: words}),),
        (Lookup(words, words, words, words, (words,)),),
        words,
    )
    texts = dict.fromkeys(("code", "forest", "title", "explanation", "evidence", "fix"), words)
    lists = dict.fromkeys(("hosts", "breaks", "errors", "checks"), (words,))
    return report(
        seen,
        forests=(forest,),
        findings=(finding(**texts, **lists),),
        vantage=Vantage(words, words, (words,), (words,)),
        started=words,
        tool_version=words,
    )


def test_the_nasty_report_reaches_every_field_that_holds_text() -> None:
    holds = repr(nasty_report())
    for name in (*(f.name for f in fields(Lookup)), "reason", "explanation", "site", "limits"):
        assert f"{name}=" in holds
    assert holds.count(repr(NASTY)) > 40


@pytest.mark.parametrize("options", STYLES, ids=str)
def test_escapes_bidi_marks_and_line_breaks_never_come_out_as_such(options: Options) -> None:
    text = FORMATS["table"](nasty_report(), options)
    assert harmless(text)
    assert "\\x1b[31mred" in text


def test_rich_markup_and_emoji_names_are_just_letters() -> None:
    text = FORMATS["table"](nasty_report(), Options(width=400))
    assert "[bold red]m[/] :smile:" in text


@pytest.mark.parametrize("name", ["json", "jsonl"])
def test_machine_formats_stay_ascii_and_read_back_the_same(name: str) -> None:
    text = FORMATS[name](nasty_report(), Options())
    assert text.isascii()
    assert harmless(text)
    first = json.loads(text)["checks"][0] if name == "json" else json.loads(text.splitlines()[0])
    assert first["reason"] == NASTY


def nasty_events() -> tuple[Event, ...]:
    run = nasty_report()
    return (
        ForestFound(NASTY, run.forests[0].domain_controllers),
        Planned(tuple(o.check for o in run.outcomes)),
        *(Landed(o) for o in run.outcomes),
        Phase(NASTY),
    )


@pytest.mark.parametrize("options", STYLES, ids=str)
def test_lines_of_progress_are_one_line_each(options: Options) -> None:
    stream = StringIO()
    with lines.screen(stream, replace(options, progress=ProgressKind.PLAIN)) as notify:
        for event in nasty_events():
            notify(event)
    assert harmless(stream.getvalue())
    assert stream.getvalue().count("\n") == len(nasty_events())


def test_the_live_screen_is_harmless_too() -> None:
    board = Board()
    for event in nasty_events():
        board.take(event)
    console = Console(file=StringIO(), width=80, height=24)
    console.print(View(board, Options()))
    assert harmless(console.file.getvalue())


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports, st.sampled_from(STYLES), st.sampled_from([20, 40, 80, 200]))
def test_any_report_can_be_shown_and_is_harmless(run: Report, options: Options, width: int) -> None:
    assert harmless(FORMATS["table"](run, replace(options, width=width)))


@given(st.text())
def test_printable_words_are_one_line_and_words_without_harm_stay_as_they_are(words: str) -> None:
    shown = printable(words)
    assert harmless(shown)
    assert "\n" not in shown
    assert printable(shown) == shown
    assert to_ascii(shown).isascii()


@given(st.text(), st.integers(0, 20))
def test_shortened_words_fit(words: str, width: int) -> None:
    assert cell_len(shorten(words, width)) <= width
    assert cell_len(shorten_middle(words, width)) <= width


def test_names_of_the_world_are_left_alone() -> None:
    for name in ("dc1.münchen.test", "Zürich-Süd", "東京", "dc1.alpha.test"):
        assert printable(name) == name
