"""An error's causes held against a run: which holds here, which is ruled out and by what, which cannot be told."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portcheck.catalogue.errors import CataloguedError
from portcheck.render.explain.entry import WIDTH, cause_title, wrapped
from portcheck.render.shared.spoken import LISTENER, ended, sentence
from portcheck.render.shared.text import printable

if TYPE_CHECKING:
    from portcheck.diagnose.causes import WeighedCause

MARKS = {"holds": "HERE", "ruled out": "no", "cannot be told": "?"}


def lines(error: CataloguedError, weighed: Sequence[WeighedCause], width: int = WIDTH) -> list[str]:
    """The answer first: what holds, then what is ruled out, then what this run cannot tell."""
    holding = [cause for cause in weighed if cause.standing == "holds"]
    if width == LISTENER:
        return _spoken(error, weighed, _verdict(len(holding), len(weighed)))
    out = [f"{error.name}: {_verdict(len(holding), len(weighed))}", *wrapped("  means  ", error.meaning, width), ""]
    for standing, mark in MARKS.items():
        for one in weighed:
            if one.standing == standing:
                out += wrapped(f"  {mark:<5}", f"{cause_title(one.cause)} – {standing}", width)
                if standing != "ruled out":
                    out += wrapped("       ", one.cause.says, width)
                out += wrapped("       ", printable(one.because), width)
                if one.forests:
                    out += wrapped("       ", f"in {', '.join(map(printable, one.forests))}", width)
    return out


def _spoken(error: CataloguedError, weighed: Sequence[WeighedCause], verdict: str) -> list[str]:
    """In the same order, what the error means at the end."""
    out = [ended(f"{error.name}: {verdict}")]
    for standing in MARKS:
        for one in (each for each in weighed if each.standing == standing):
            says = (one.cause.says,) if standing != "ruled out" else ()
            where = (f"in {', '.join(map(printable, one.forests))}",) if one.forests else ()
            told = "; ".join((cause_title(one.cause), *says, printable(one.because), *where))
            out.append(sentence("holds here" if standing == "holds" else standing, told))
    return [*out, sentence("means", error.meaning)]


def as_dicts(weighed: Sequence[WeighedCause]) -> list[dict[str, object]]:
    """The same as JSON values."""
    return [
        {
            "services": list(one.cause.services),
            "condition": str(one.cause.condition),
            "says": one.cause.says,
            "standing": str(one.standing),
            "because": one.because,
            "forests": list(one.forests),
            "checks": list(one.checks),
        }
        for one in weighed
    ]


def _verdict(holding: int, known: int) -> str:
    if holding:
        return "its cause shows in this run" if holding == 1 else f"{holding} of its causes show in this run"
    return f"none of its {known} known causes shows in this run" if known else "the catalogue knows no network cause"
