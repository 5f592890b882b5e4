"""A saved report may hold anything under a fact's key: what does not fit was not told, whichever key it is."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, cast

import pytest
from diagnose.scenarios import cases, report_of
from factories import SERVICES, check, outcome, report

from portcheck.diagnose import diagnose
from portcheck.diagnose.verdict import Offered, verdict_of
from portcheck.model import Outcome, State, Verdict
from portcheck.report import to_json

SCHEMA = Path(to_json.__file__).parents[1] / "schema/facts.toml"
KEYS = sorted({key for group in tomllib.loads(SCHEMA.read_text(encoding="utf-8"))["group"] for key in group["keys"]})
ODD = ([], {}, [[]], [{}], {"a": []}, [None], "\x1b[31m", 1e300, True)
VERDICTS = {State.OK: Verdict.PASS, State.SKIPPED: Verdict.SKIP}
NAMES = [f"{name}/{transport}" for name, row in SERVICES.items() for transport in ("tcp", "udp") if transport in row]


def seen(state: State, key: str, *values: object) -> list[Outcome]:
    """Each service says another of the values."""
    verdict = VERDICTS.get(state, Verdict.FAIL)
    told = zip(NAMES, cycle(values), strict=False)
    return [outcome(check(name), state, verdict=verdict, facts={key: value}) for name, value in told]


@pytest.mark.parametrize("state", [State.OK, State.FILTERED, State.REFUSED, State.MUTE])
def test_no_fact_is_taken_for_what_it_should_be(state: State) -> None:
    for key in KEYS:
        told = diagnose(report(*seen(state, key, *ODD)))
        assert all("\x1b" not in finding.explanation for finding in told), key


@pytest.mark.parametrize("state", State)
def test_no_outcome_is_beyond_a_verdict(state: State) -> None:
    """Some of a saved run are judged again, without what their finding explains."""
    for key in KEYS:
        for value in ODD:
            assert all(verdict_of(one, Offered()) in Verdict for one in seen(state, key, value)), key


def places(value: object) -> Iterator[Callable[[object], None]]:
    """What puts another value in the place of one that stands somewhere within; it is put back by the next."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, was in list(inner):
        yield partial(cast(Any, value).__setitem__, key)
        cast(Any, value)[key] = was
        yield from places(was)


@pytest.mark.parametrize("odd", [-1, "x", [[]], {"a": []}])
def test_what_was_found_of_a_forest_may_be_anything_at_any_depth(odd: object) -> None:
    tried = 0
    for case in cases().values():
        run = report_of(case)
        for forest in run.forests:
            for put in places(forest.facts):
                put(odd)
                diagnose(run)
                tried += 1
    assert tried > 100


def test_an_old_version_of_tls_is_told_where_it_is_one() -> None:
    told = {f.code for f in diagnose(report(*seen(State.OK, "tls_version", "TLSv1")))}
    odd = {f.code for f in diagnose(report(*seen(State.OK, "tls_version", ["TLSv1"])))}
    assert ("tls-outdated" in told, "tls-outdated" in odd) == (True, False)
