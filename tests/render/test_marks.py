"""Marks on the classic console of Windows, whose font lacks some."""

from __future__ import annotations

import pytest
from factories import outcome, report

from portcheck.model import Verdict
from portcheck.render import FORMATS
from portcheck.render.shared import marks
from portcheck.render.shared.options import Options


@pytest.mark.parametrize(
    ("system", "environ", "classic"), [("posix", {}, False), ("nt", {"WT_SESSION": "x"}, False), ("nt", {}, True)]
)
def test_windows_terminal_says_that_it_is_one(system: str, environ: dict[str, str], classic: bool) -> None:
    assert marks.is_classic_console(system, environ) is classic


@pytest.mark.parametrize(("classic", "shown"), [(True, "√×!–"), (False, "✔✖!–")])
def test_the_classic_console_shows_marks_that_its_font_has(
    monkeypatch: pytest.MonkeyPatch, classic: bool, shown: str
) -> None:
    monkeypatch.setattr(marks, "is_classic_console", lambda: classic)
    asked = (Verdict.PASS, Verdict.FAIL, Verdict.WARN, Verdict.SKIP)
    assert "".join(marks.VERDICTS[verdict].drawn(ascii_only=False) for verdict in asked) == shown
    assert "".join(marks.VERDICTS[verdict].drawn(ascii_only=True) for verdict in asked).isascii()


def test_a_file_has_one_mark_for_one_verdict_whatever_the_console(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marks, "is_classic_console", lambda: True)
    told = FORMATS["markdown"](report(outcome("kpasswd/udp", "filtered")), Options())
    assert "✖ fault" in told
    assert "×" not in told
