"""JUnit: read back by a JUnit parser, and held against what the schemas of Jenkins and Ant ask for."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

from factories import check, finding, outcome, report
from hypothesis import HealthCheck, given, settings
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase
from strategies import reports

from portcheck.model import Report, Severity, State, Verdict
from portcheck.render import FORMATS
from portcheck.render.shared.grid import cell_of
from portcheck.render.shared.options import Options

from . import samples
from .test_hostile import nasty_report

TestCase.__test__ = False  # pytest takes every class of this name for its own

# Attributes that both schemas know, those they require, and which children stand in which order
# (Jenkins' xUnit plugin, junit-10.xsd; Ant's JUnit task, JUnit.xsd).
SUITE = {"name", "tests", "failures", "errors", "time", "timestamp", "hostname", "id", "package"}
CASE = {"name", "classname", "time"}
SECONDS = re.compile(r"[0-9]+\.[0-9]+")
TIMESTAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")


def junit(run: Report) -> str:
    return FORMATS["junit"](run, Options())


def read(run: Report) -> JUnitXml:
    return JUnitXml.fromstring(junit(run).encode())


def results(run: Report) -> dict[str, TestCase]:
    return {f"{case.classname} {case.name}": case for suite in read(run) for case in suite}


def test_a_forest_is_a_suite_and_a_check_a_case() -> None:
    run = samples.three_forests()
    suites = {suite.name: suite for suite in read(run)}
    assert list(suites) == ["alpha.test", "bravo.test", "charlie.test"]
    assert {name: suite.tests for name, suite in suites.items()} == {name: len(run.of_forest(name)) for name in suites}
    assert (suites["bravo.test"].failures, suites["bravo.test"].errors, suites["bravo.test"].skipped) == (3, 0, 0)


def test_the_state_is_the_type_of_the_failure() -> None:
    found = results(samples.three_forests())
    (failure,) = found["bravo_test/bdc1 [10_77_2_10] kpasswd 464/udp"].result
    assert isinstance(failure, Failure)
    assert failure.type == "filtered"
    assert (
        failure.message
        == "no answer to 3 requests in 4.0 s; last heard: 10.77.100.2 (hop 2); it or something beyond drops it"
    )
    assert found["alpha_test/dc1 [10_77_1_10] ldap 389/tcp"].result == []


def test_what_could_not_be_asked_is_an_error_what_is_not_offered_is_skipped() -> None:
    found = results(samples.dead_host_and_dns())
    (error,) = found["alpha_test/dc1 [10_77_1_10] kerberos 88/udp"].result
    (skipped,) = found["alpha_test/dc1 [10_77_1_10] gc 3268/tcp"].result
    assert (type(error), error.type) == (Error, "error")
    assert (type(skipped), skipped.message) == (Skipped, "not a Global Catalog")


def test_a_missing_record_and_a_forest_that_could_not_be_asked_are_cases_too() -> None:
    found = results(samples.dead_host_and_dns())
    (failure,) = found["alpha_test/dns SRV _kpasswd._tcp.alpha.test asked of 10.77.1.10"].result
    assert (type(failure), failure.type) == (Failure, "nxdomain")
    (error,) = found["delta_test forest"].result
    assert (type(error), error.message) == (Error, "no DNS server answers")


def test_the_evidence_is_the_text_of_the_failure() -> None:
    (case,) = (case for name, case in results(samples.with_evidence()).items() if "kpasswd" in name)
    assert case.result[0].text.splitlines()[0] == "0.1 ms sent: kpasswd request, 270 bytes"


def test_findings_and_minor_faults_are_in_system_out() -> None:
    suites = {
        suite.get("name"): suite.findtext("system-out") for suite in ET.fromstring(junit(samples.three_forests()))
    }
    assert "error: kpasswd-blocked: Passwords cannot be set" in suites["bravo.test"]
    assert "  fix: Ask the firewall team: allow tcp+udp 464" in suites["bravo.test"]
    assert "minor fault: bdc1.bravo.test kerberos 88/udp: filtered" in suites["bravo.test"]
    assert not suites["alpha.test"]


def test_control_characters_from_a_server_leave_the_xml_well_formed() -> None:
    found = results(nasty_report()).values()
    assert len(found) == 3
    assert all(case.result[0].message and "\\x1b[31mred" in case.result[0].message for case in found)


def fits_both_schemas(root: ET.Element) -> bool:
    assert (root.tag, root.attrib) == ("testsuites", {})
    for number, suite in enumerate(root):
        assert set(suite.attrib) == SUITE | {"skipped"}
        assert suite.get("id") == str(number)
        assert all(suite.get(name, "").strip() for name in ("name", "hostname"))
        assert SECONDS.fullmatch(suite.get("time", ""))
        kinds = [child.tag for child in suite]
        cases = suite.findall("testcase")
        assert kinds == ["properties", *["testcase"] * len(cases), "system-out", "system-err"]
        assert all(set(one.attrib) == {"name", "value"} for one in suite.iterfind("properties/property"))
        for case in cases:
            assert set(case.attrib) == CASE
            assert SECONDS.fullmatch(case.get("time", ""))
            assert len(case) <= 1
            assert all(one.tag in {"failure", "error", "skipped"} for one in case)
            assert all(set(one.attrib) == {"message", *["type"] * (one.tag != "skipped")} for one in case)
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.get(name) == str(len(suite.findall(f"testcase/{tag}")))
        assert suite.get("tests") == str(len(cases))
    return True


def test_the_samples_fit_both_schemas() -> None:
    for run in (samples.three_forests(), samples.dead_host_and_dns(), samples.with_evidence()):
        root = ET.fromstring(junit(run))
        assert fits_both_schemas(root)
        assert all(TIMESTAMP.fullmatch(suite.get("timestamp", "")) for suite in root)


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports)
def test_any_report_fits_both_schemas(run: Report) -> None:
    assert fits_both_schemas(ET.fromstring(junit(run)))


def test_a_case_fails_if_and_only_if_its_check_does() -> None:
    tags = {Verdict.FAIL: Failure, Verdict.UNKNOWN: Error, Verdict.SKIP: Skipped}
    for state in State:
        for verdict in Verdict:
            seen = outcome(check(), state, verdict=verdict)
            told = results(report(seen, outcome("smb/tcp"), findings=(finding(severity=Severity.INFO),)))
            (case,) = (case for name, case in told.items() if "ldap" in name)
            wanted = tags.get(cell_of(seen))  # type: ignore[arg-type]
            assert [type(one) for one in case.result] == ([wanted] if wanted else [])


def test_no_name_nests_by_a_dot_or_changes_with_a_port_that_the_mapper_gives_anew() -> None:
    run = report(outcome(replace(check("rpc-drsuapi/tcp"), port=49153)), outcome("ldap/tcp"))
    names = [(case.classname, case.name) for suite in read(run) for case in suite]
    assert names == [
        ("alpha_test/dc1 [10_77_1_1]", "rpc-drsuapi dynamic/tcp"),
        ("alpha_test/dc1 [10_77_1_1]", "ldap 389/tcp"),
    ]


def test_a_failure_carries_what_is_to_be_done_and_what_passes_does_not() -> None:
    silent, well = outcome("kpasswd/tcp", State.FILTERED), outcome("ldap/tcp")
    told = finding(checks=(silent.check.id,), fix="Ask the firewall team: allow tcp 464.")
    root = ET.fromstring(junit(report(silent, well, findings=(told,))))
    texts = {case.get("name"): [one.text for one in case] for case in root.iter("testcase")}
    assert texts == {"kpasswd 464/tcp": ["kpasswd-blocked: Ask the firewall team: allow tcp 464."], "ldap 389/tcp": []}


def test_a_fault_that_no_check_proves_is_a_case_of_its_own() -> None:
    run = report(outcome(), findings=(finding("srv-missing", title="No SRV", fix="Ask the DNS team."),))
    failed = [(case.name, case.result[0].text) for suite in read(run) for case in suite if case.result]
    assert failed == [("srv-missing", "Ask the DNS team.")]
