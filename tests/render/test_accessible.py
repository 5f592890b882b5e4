"""`--accessible` of `discover` and `plan`: sentences, the conclusion first, nothing drawn."""

from __future__ import annotations

import re

import pytest

from portcheck.catalogue.profiles import built_in
from portcheck.config import DcSpec, ForestSpec
from portcheck.plan.forecast import ForecastOrder, forecast
from portcheck.render import FORMATS, discover
from portcheck.render.explain.entry import unknown
from portcheck.render.plan import table
from portcheck.render.report import sentences as sentences_of_a_run
from portcheck.render.report.findings import FEW_WORDS
from portcheck.render.shared.options import Options
from portcheck.render.shared.spoken import LISTENER

from .situations import SITUATIONS

SPOKEN = Options(accessible=True)
DRAWN = re.compile(r"[│┃─━┌└├╭╰═║✔✖→▸·]|  ")
DOUBLED = re.compile(r"\b(\w{4,}) \1\b")


def sentences(name: str) -> list[str]:
    return discover.render(SITUATIONS[name].build(), SPOKEN).splitlines()


@pytest.mark.parametrize("name", SITUATIONS)
def test_discover_is_spoken_without_drawing_and_nothing_is_said_twice(name: str) -> None:
    told = sentences(name)
    assert [line for line in told if DRAWN.search(line)] == []
    whole = [line for line in told if len(line.split()) >= FEW_WORDS]  # a few words are a fact that two may share
    assert len(set(whole)) == len(whole)
    assert all(line.endswith((".", ":", "?")) for line in told)
    assert not [line for line in told if DOUBLED.search(line)]


def test_discover_says_its_conclusion_first_then_what_is_missing_then_who_answers() -> None:
    told = sentences("srv-missing")
    places = [
        next(number for number, line in enumerate(told) if words in line)
        for words in ("Forest bravo.test has faults", "What to ask for", "Fault:", ": missing (nxdomain)", ", answers")
    ]
    assert places == sorted(places)
    assert places[0] == 0
    assert not [line for line in sentences("healthy") if "missing" in line or "Fault" in line]


def test_a_plan_is_spoken_without_drawing_and_says_first_what_it_comes_to() -> None:
    known = ForestSpec("alpha.test", domain_controllers=(DcSpec("dc1.alpha.test", "10.77.1.10"),), discover=False)
    told = forecast([(known, (built_in()["mim"],))], ForecastOrder())
    spoken = table.render(told, SPOKEN).splitlines()
    assert spoken[0].startswith("Nothing was sent. In all if all answer ")
    assert [line for line in spoken if DRAWN.search(line) or DOUBLED.search(line)] == []
    (kpasswd,) = (line for line in spoken if line.startswith("kpasswd, port 464 udp, required: 1 packet, "))
    assert kpasswd.endswith(".")
    assert "464/udp" in table.render(told, Options())


@pytest.mark.parametrize("name", SITUATIONS)
def test_no_sentence_is_cut_where_it_is_heard(name: str) -> None:
    run = SITUATIONS[name].build()
    assert "…" not in sentences_of_a_run.render(run, SPOKEN)


def test_the_text_of_an_error_is_whole_where_it_is_heard() -> None:
    whole = "There is a time and/or date difference between the client and server"
    run = SITUATIONS["clock"].build()
    assert whole in sentences_of_a_run.render(run, SPOKEN)
    assert whole not in FORMATS["table"](run, Options())


def test_what_was_typed_is_repeated_whole_where_it_is_heard() -> None:
    typed = "an error that nobody has ever written down, " * 4
    assert typed in unknown(typed, (), LISTENER)[0]
    assert typed not in "".join(unknown(typed, ()))
