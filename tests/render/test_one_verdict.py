"""Exit code, metrics, Nagios, JUnit, JSON, the page's and the terminal's headlines: one verdict, whatever the run."""

from __future__ import annotations

import json
import random
import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import pytest
from factories import check, finding, outcome, report

from portcheck.model import ForestReport, Lookup, Need, Report, Severity, State, Verdict
from portcheck.render import FORMATS
from portcheck.render.report.nagios import CRITICAL, OK, UNKNOWN, WARNING, level
from portcheck.render.shared.conclusion import conclusion
from portcheck.render.shared.digest import digests, headline
from portcheck.render.shared.marks import VERDICTS
from portcheck.render.shared.options import Options
from portcheck.report import verdicts

from .situations import SITUATIONS

SERVICES = ("ldap/tcp", "kpasswd/udp", "kerberos/tcp", "rpc-samr/tcp")
SEEN = (
    *((State.OK, Verdict.PASS),) * 6,
    (State.OK, Verdict.WARN),
    (State.FILTERED, Verdict.FAIL),
    (State.FILTERED, Verdict.WARN),
    (State.FILTERED, Verdict.SKIP),
    (State.SKIPPED, Verdict.SKIP),
    (State.ERROR, Verdict.UNKNOWN),
)
MET = {Verdict.PASS, Verdict.WARN}
LEVELS = {Verdict.PASS: OK, Verdict.WARN: WARNING, Verdict.FAIL: CRITICAL, Verdict.UNKNOWN: UNKNOWN}


def generated(seed: int) -> Report:
    """A run of one to three forests, each with little, so that every mixture comes."""
    dice = random.Random(seed)
    names = [f"f{n}.example" for n in range(dice.choice((1, 1, 2, 3)))]
    outcomes, findings, forests = [], [], []
    for name in names:
        seen = [
            outcome(
                check(service, f"dc{n}.{name}", need=dice.choice((Need.REQUIRED, Need.REQUIRED, Need.OPTIONAL))),
                state,
                verdict=verdict,
            )
            for n in range(dice.choice((0, 1, 1, 2)))
            for service in dice.sample(SERVICES, dice.randint(1, 4))
            for state, verdict in [dice.choice(SEEN)]
        ]
        outcomes += seen
        if dice.random() < 0.3:
            proven = tuple(o.check.id for o in seen if dice.random() < 0.5)
            severity = dice.choice((*Severity,))
            findings.append(finding("srv-missing", name, severity=severity, checks=proven, fix="Ask the DNS team."))
        lookups = (Lookup("_x", "SRV", "10.0.0.1", "nxdomain"),) if dice.random() < 0.1 else ()
        problem = "no DNS server answers" if dice.random() < 0.08 else None
        forests.append(ForestReport(name, ("mim",), lookups=lookups, problem=problem))
    run = report(*outcomes, forests=tuple(forests), findings=tuple(findings))
    return replace(run, exit_code=verdicts.exit_code(run, "fail"), interrupted=dice.random() < 0.05)


RUNS = [generated(seed) for seed in range(500)]


def test_the_corpus_holds_every_verdict_often() -> None:
    found = [verdicts.of_run(run) for run in RUNS]
    assert min(found.count(verdict) for verdict in verdicts.WORST_FIRST) > 15


def successes(run: Report) -> dict[str, bool]:
    told = re.findall(r'last_run_success\{forest="([^"]+)"\} (\d)', FORMATS["prometheus"](run, Options()))
    return {forest: value == "1" for forest, value in told}


def unfailed(run: Report) -> dict[str, bool]:
    root = ET.fromstring(FORMATS["junit"](run, Options()))
    return {suite.get("name", ""): suite.get("failures") == suite.get("errors") == "0" for suite in root}


@pytest.mark.parametrize("chunk", range(10))
def test_every_format_says_the_same(chunk: int) -> None:
    for run in RUNS[chunk::10]:
        verdict, by_forest = verdicts.of_run(run), verdicts.by_forest(run)
        met = {name: one in MET and not run.interrupted for name, one in by_forest.items()}
        assert (run.exit_code == 0) is all(one in MET for one in by_forest.values())
        assert level(run) == LEVELS[verdict]
        assert successes(run) == met
        assert unfailed(run) == met
        told = json.loads(FORMATS["json"](run, Options()))
        assert {forest["name"]: forest["verdict"] for forest in told["forests"]} == by_forest
        assert {d.forest.name: headline(d)[0] for d in digests(run)} == {n: VERDICTS[v] for n, v in by_forest.items()}
        ends = conclusion(run)
        assert {line.forest: line.verdict for line in (*ends.troubled, *ends.well)} == by_forest
        page = FORMATS["table"](run, Options())
        block = page.split("\n\n")[-1]
        signs = {VERDICTS[one].sign for one in by_forest.values() if one is not Verdict.PASS}
        assert signs == {line[0] for line in block.splitlines() if line[0] in "✖!?"}


@pytest.mark.parametrize("name", [name for name in SITUATIONS if name != "thirty-by-forty"])
def test_the_situations_too(name: str) -> None:
    run = SITUATIONS[name].build()
    met = all(one in MET for one in verdicts.by_forest(run).values())
    assert all(successes(run).values()) is all(unfailed(run).values()) is (level(run) in {OK, WARNING}) is met


@pytest.mark.parametrize("facts", [{}, {"reset_untold": True}])
def test_a_reset_is_laid_on_nobody_where_it_is_not_told_whose_it_was(facts: dict[str, bool]) -> None:
    refused = outcome("kpasswd/tcp", State.REFUSED, verdict=Verdict.FAIL, facts=facts)
    ends = conclusion(report(refused, findings=(finding("service-down", checks=(refused.check.id,)),)))
    (line,) = ends.troubled
    assert "refused – the service does not run" in line.words
    assert ("or a firewall resets in its name" in line.words) is bool(facts)
