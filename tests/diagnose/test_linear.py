"""Twice the hosts are twice the work: no rule looks at every host for each host. Counted in calls, not in time."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Mapping
from dataclasses import replace

import pytest
from diagnose.scenarios import cases, report_of

from portcheck.diagnose import diagnose
from portcheck.diagnose.view import ForestFacts
from portcheck.model import Lookup, Report

CASES = cases()
HOSTS = 24
FEW = 8 * HOSTS  # calls that are no sign of anything
MORE = 2.6  # times the calls of half as many hosts: sorting alone is a little more than twice

CHOSEN = (
    "clients: the domain's name as a host, with a dead address",
    "clients: reverse DNS names another host",
    "clock: ",
    "hosts: one of two controllers is dead",
    "names: another forest's controller answers under the name, before everything else",
    "names: a record points at an address where the last router finds nobody",
    "outside: the way from a domain controller, asked from elsewhere",
    "path: ",
    "reachability: ",
    "roles: ",
    "services: ",
    "tls: ",
)
"""Cases, or the first one of a file."""


def many(run: Report, times: int) -> Report:
    """The run with each of its hosts so many times, under names and addresses of their own."""
    hosts = {o.check.host for o in run.outcomes} | {dc.host for f in run.forests for dc in f.domain_controllers}
    hosts -= {forest.name for forest in run.forests}

    def another(word: str, number: int) -> str:
        if word in hosts and number:
            return f"n{number}{word}"
        parts = word.split(".")
        numeric = len(parts) == 4 and all(part.isdigit() for part in parts)
        return f"10.{number}.{parts[2]}.{parts[3]}" if numeric and number else word

    def looked_up(lookup: Lookup, number: int) -> Lookup:
        told = tuple(" ".join(another(word, number) for word in answer.split()) for answer in lookup.answers)
        return replace(lookup, name=another(lookup.name, number), answers=told)

    outcomes = [
        replace(o, check=replace(o.check, host=another(o.check.host, n), address=another(o.check.address or "", n)))
        for n in range(times)
        for o in run.outcomes
    ]
    forests = [
        replace(
            forest,
            domain_controllers=tuple(
                replace(dc, host=another(dc.host, n), address=another(dc.address or "", n) or None)
                for n in range(times)
                for dc in forest.domain_controllers
            ),
            lookups=tuple(looked_up(lookup, n) for n in range(times) for lookup in forest.lookups),
        )
        for forest in run.forests
    ]
    return replace(run, outcomes=tuple(outcomes), forests=tuple(forests))


def calls(run: Report) -> Mapping[tuple[str, int, str], int]:
    """How often each function was called to explain the run."""
    counting = cProfile.Profile()
    counting.enable()
    diagnose(run)
    counting.disable()
    rows: Mapping[tuple[str, int, str], tuple[int, ...]] = pstats.Stats(counting).stats  # type: ignore[attr-defined]
    return {where: row[1] for where, row in rows.items()}


@pytest.mark.parametrize("title", [next(t for t in CASES if t.startswith(start)) for start in CHOSEN])
def test_twice_the_hosts_are_twice_the_work(title: str) -> None:
    run = report_of(CASES[title])
    diagnose(run)  # what is loaded late is loaded
    half, whole = calls(many(run, HOSTS)), calls(many(run, 2 * HOSTS))
    grown = {where: (half.get(where, 0), count) for where, count in whole.items() if count > FEW}
    assert {where: row for where, row in grown.items() if row[1] > MORE * row[0]} == {}


def test_what_is_found_in_the_whole_run_is_found_once_for_all_forests() -> None:
    run = report_of(CASES["names: another forest's controller answers under the name, before everything else"])
    asked: list[int] = []

    def find(report: Report) -> int:
        asked.append(len(report.outcomes))
        return len(report.outcomes)

    several = replace(run, forests=(*run.forests, *(replace(f, name=f"other.{f.name}") for f in run.forests)))
    for facts in ForestFacts.each(several):
        assert facts.without(facts.outcomes).of_run(find) == len(run.outcomes)
    assert asked == [len(run.outcomes)]


def test_what_is_found_in_a_forest_is_found_once_until_something_counts_as_not_seen() -> None:
    run = report_of(CASES["names: another forest's controller answers under the name, before everything else"])
    asked: list[int] = []

    def find(facts: ForestFacts) -> int:
        asked.append(len(facts.outcomes))
        return len(facts.outcomes)

    (facts, *_) = ForestFacts.each(run)
    assert facts.once(find) == facts.explaining(facts.outcomes).in_trouble().once(find) == len(facts.outcomes)
    assert facts.without(facts.outcomes[:1]).once(find) == len(facts.outcomes) - 1
    assert asked == [len(facts.outcomes), len(facts.outcomes) - 1]
