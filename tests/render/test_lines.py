"""Progress without a screen, and who gets which."""

from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from factories import check, controller, outcome

from portcheck.model import BlockedAt, State, Verdict
from portcheck.model.events import Finished, ForestFound, Landed, Notify, Phase, Planned, Started
from portcheck.render.live import lines, progress
from portcheck.render.shared.options import Options, ProgressKind, for_stream


class Stream(StringIO):
    def __init__(self, *, terminal: bool = True, encoding: str = "utf-8") -> None:
        super().__init__()
        self.terminal = terminal
        self._encoding = encoding

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return self._encoding

    def isatty(self) -> bool:
        return self.terminal


def a_run(notify: Notify) -> None:
    good, bad = check("ldap/tcp"), check("kpasswd/udp")
    notify(ForestFound("alpha.test", (controller(),)))
    notify(Planned((good, bad)))
    notify(Started(good))
    notify(Landed(outcome(good)))
    blocked = BlockedAt(after="10.77.100.2", hop=2)
    notify(Landed(outcome(bad, State.FILTERED, blocked_at=blocked, verdict=Verdict.UNKNOWN)))
    notify(Phase("second look: 1 of 1"))


PLAIN = Options(progress=ProgressKind.PLAIN)


def test_without_a_terminal_only_what_fails_is_told_once_and_the_end() -> None:
    stream = StringIO()
    with lines.screen(stream, Options()) as notify:
        a_run(notify)
        notify(Landed(outcome(check("kpasswd/udp"), State.FILTERED, verdict=Verdict.FAIL)))  # a second look
        notify(Finished(4.41))
    blocked, done = stream.getvalue().splitlines()
    assert "✖ BLOCKED dc1.alpha.test           464/udp     kpasswd" in blocked
    assert done == "done in 4.4 s"  # as long as the report says, not until the last line was drawn


@pytest.mark.parametrize(("terminal", "said"), [(False, ""), (True, "done in 4.4 s\n")], ids=["pipe", "terminal"])
def test_a_healthy_run_writes_nothing_into_a_pipe(said: str, *, terminal: bool) -> None:
    stream = Stream(terminal=terminal)
    with lines.screen(stream, Options()) as notify:
        notify(Landed(outcome(check("ldap/tcp"), State.OK)))
        notify(Finished(4.41))
    assert stream.getvalue() == said


def test_each_check_is_a_line_as_it_lands_and_what_is_blocked_is_marked() -> None:
    stream = StringIO()
    with lines.screen(stream, PLAIN) as notify:
        a_run(notify)
    blocked = (
        "[2/2] ✖ BLOCKED dc1.alpha.test           464/udp     kpasswd      filtered: no answer to 3 tries in 4.0 s;"
    )
    assert stream.getvalue().splitlines() == [
        "alpha.test: 1 domain controller",
        "2 checks planned",
        "[1/2] ✔ ok      dc1.alpha.test           389/tcp     ldap         3 ms",
        f"{blocked} last heard: 10.77.100.2 (hop 2); it or something beyond drops it",
        "second look: 1 of 1",
    ]


def test_only_the_mark_and_the_count_of_a_line_are_coloured() -> None:
    stream = StringIO()
    with lines.screen(stream, replace(PLAIN, color=True)) as notify:
        a_run(notify)
    assert "\x1b[32m✔ ok      \x1b[0mdc1.alpha.test " in stream.getvalue()


def test_refused_is_failed_but_not_blocked() -> None:
    assert lines.word_of(outcome("ldap/tcp", State.REFUSED)) == "FAILED"
    assert lines.word_of(outcome("ldap/tcp", State.REJECTED)) == "BLOCKED"
    assert lines.word_of(outcome("ldap/tcp", State.FILTERED, verdict=Verdict.SKIP)) == "skipped"


def test_accessible_lines_are_sentences_without_marks() -> None:
    stream = StringIO()
    with lines.screen(stream, replace(PLAIN, accessible=True)) as notify:
        a_run(notify)
    said = stream.getvalue().splitlines()
    assert said[2] == "ok: dc1.alpha.test, ldap, port 389 tcp. ok: answered."
    assert said[3].startswith("BLOCKED: dc1.alpha.test, kpasswd, port 464 udp. filtered: no answer")


def test_in_ascii_the_lines_are_ascii() -> None:
    stream = StringIO()
    with lines.screen(stream, replace(PLAIN, ascii=True)) as notify:
        a_run(notify)
    assert stream.getvalue().isascii()


@pytest.mark.parametrize(
    ("stream", "options", "environ", "shape"),
    [
        (Stream(), Options(), {"TERM": "xterm"}, "live"),
        (Stream(terminal=False), Options(), {"TERM": "xterm"}, "lines"),
        (Stream(), Options(accessible=True), {"TERM": "xterm"}, "lines"),
        (Stream(), Options(), {"TERM": "dumb"}, "lines"),
        (Stream(), Options(progress=ProgressKind.PLAIN), {"TERM": "xterm"}, "plain"),
        (Stream(), Options(progress=ProgressKind.NONE), {"TERM": "xterm"}, "nothing"),
        (Stream(), Options(quiet=True), {"TERM": "xterm"}, "nothing"),
    ],
    ids=["terminal", "pipe", "accessible", "dumb", "plain", "none", "quiet"],
)
def test_who_gets_which_screen(
    stream: Stream, options: Options, environ: dict[str, str], shape: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TERM", environ["TERM"])
    with progress.screen(stream, options, environ=environ) as notify:
        a_run(notify)
        notify(Finished())
    text = stream.getvalue()
    told = {"plain": "2 checks planned" in text, "lines": "2 checks planned" not in text and "BLOCKED" in text}
    assert {**told, "live": "\x1b[" in text, "nothing": not text}[shape]
    assert shape == "live" or "\x1b" not in text


@pytest.mark.parametrize(
    ("given", "color"),
    [
        ({"environ": {}}, True),
        ({"environ": {"NO_COLOR": "1"}}, False),
        ({"environ": {"NO_COLOR": ""}}, True),
        ({"environ": {"TERM": "dumb"}}, False),
        ({"environ": {}, "color": False}, False),
        ({"environ": {"NO_COLOR": "1"}, "color": True}, True),
        ({"environ": {}, "accessible": True}, False),
    ],
)
def test_colour_is_for_terminals_whose_user_wants_it(given: dict, color: bool) -> None:
    assert for_stream(Stream(), **given).color is color


def test_a_file_gets_neither_colour_nor_more_than_80_columns() -> None:
    options = for_stream(Stream(terminal=False), environ={})
    assert (options.color, options.width) == (False, 80)


def test_encodings_that_lack_the_marks_get_ascii() -> None:
    assert [for_stream(Stream(encoding=e), environ={}).ascii for e in ("utf-8", "cp1252", "ascii", "no-such")] == [
        False,
        True,
        True,
        True,
    ]
