"""Prometheus text: promtool finds no fault with it, and a real node exporter serves it from its textfile collector."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from factories import check, controller, finding, outcome, report
from hypothesis import HealthCheck, given, settings
from strategies import reports

from portcheck.cli.output import OutputWish, write
from portcheck.model import ForestReport, Lookup, Report, Severity, State, Verdict
from portcheck.render import FORMATS
from portcheck.render.report.measures import EACH_CHECK_TO, HELP
from portcheck.render.shared.options import Options

from . import samples
from .test_hostile import nasty_report

SAMPLE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (?P<value>\S+)')
CLASHING = {"dc", "datacenter", "service", "cluster", "env", "region", "zone", "type", "instance", "job"}
"""Labels that scrape configurations set themselves (Prometheus, "Writing exporters")."""


def needs(program: str) -> pytest.MarkDecorator:
    found = shutil.which(program)
    return pytest.mark.skipif(found is None, reason=f"{program} is not installed (Debian: tests/run installs it)")


def text(run: Report) -> str:
    return FORMATS["prometheus"](run, Options())


def series(run: Report) -> dict[str, float]:
    found = {}
    for line in text(run).splitlines():
        if not line.startswith("#"):
            sample = SAMPLE.fullmatch(line)
            assert sample, line
            found[line.rpartition(" ")[0]] = float(sample["value"])
    return found


def named(run: Report, name: str, *parts: str) -> list[float]:
    starts = (f"{name}{{", f"{name} ")
    return [v for key, v in series(run).items() if f"{key} ".startswith(starts) and all(part in key for part in parts)]


def big_report() -> Report:
    return report(*(outcome(check(host=f"dc{n}.alpha.test")) for n in range(EACH_CHECK_TO + 1)))


def every_kind() -> Report:
    facts = {"clock_skew_s": -0.25, "certificate_not_after": "2027-11-22T19:34:05Z"}
    answers = ("0 100 389 dc1.alpha.test", "0 100 389 DC2.alpha.test.")
    srv = Lookup("_ldap._tcp.dc._msdcs.alpha.test", "SRV", "system", "ok", answers)
    silent = outcome(check("ldap/tcp", "dc2.alpha.test"), State.FILTERED)
    return report(
        outcome("ldap/tcp", facts=facts),
        outcome("ldaps/tcp", facts=facts),
        outcome("rpc-samr/tcp"),
        silent,
        forests=(ForestReport("alpha.test", ("mim",), (controller(roles=("gc",), site="Here"),), (srv,)),),
        findings=(finding("ldap-blocked", checks=(silent.check.id,)),),
    )


RUNS = {
    "three forests": samples.three_forests(),
    "a dead host": samples.dead_host_and_dns(),
    "evidence": samples.with_evidence(),
    "nasty": replace(nasty_report(), started="2026-11-22T21:38:19.123Z"),
    "big": big_report(),
    "every kind": every_kind(),
}


@needs("promtool")
@pytest.mark.parametrize("name", RUNS)
def test_promtool_finds_no_fault(name: str) -> None:
    said = subprocess.run(
        ["promtool", "check", "metrics"],
        input=text(RUNS[name]),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")


@contextmanager
def node_exporter(folder: Path) -> Iterator[str]:
    """Its metrics page, on a port of loopback that it chooses and names itself."""
    command = [
        *("prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile"),
        *(
            f"--collector.textfile.directory={folder}",
            "--web.listen-address=127.0.0.1:0",
            "--web.disable-exporter-metrics",
        ),
    ]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as running:
        try:
            assert running.stderr is not None
            lines = iter(running.stderr.readline, "")
            address = next(found[1] for line in lines if (found := re.search(r"address=(127\.0\.0\.1:[1-9]\d*)", line)))
            yield f"http://{address}/metrics"
        finally:
            running.kill()


@needs("prometheus-node-exporter")
def test_a_node_exporter_serves_what_was_written(tmp_path: Path) -> None:
    runs = [samples.three_forests(), replace(RUNS["nasty"], exit_code=1)]
    for number, run in enumerate(runs):
        write(run, [OutputWish("prometheus", tmp_path / f"{number}.prom")], Options())
    with node_exporter(tmp_path) as page, urllib.request.urlopen(page, timeout=180) as answer:
        served = answer.read().decode()
    assert "node_textfile_scrape_error 0" in served
    names = Counter(line.partition("{")[0] for line in served.splitlines() if line.startswith("portcheck_"))
    assert names == Counter(key.partition("{")[0] for run in runs for key in series(run))
    assert 'portcheck_check_state{address="10.77.2.10",check="kpasswd",forest="bravo.test",' in served


def test_of_a_state_and_a_verdict_only_the_one_that_holds_is_written() -> None:
    run = samples.three_forests()
    one = ('host="bdc1.bravo.test"', 'check="kpasswd"', 'transport="udp"')
    assert (
        named(run, "portcheck_check_state", *one)
        == named(run, "portcheck_check_state", *one, 'state="filtered"')
        == [1]
    )
    assert named(run, "portcheck_check_verdict", *one) == [1]
    assert named(run, "portcheck_check_verdict", *one, 'verdict="fail"') == [1]
    assert named(run, "portcheck_check_success", *one) == [0]


def test_of_very_many_checks_those_not_as_expected_are_told_and_all_are_counted_by_host() -> None:
    run = big_report()
    broken = replace(
        run, outcomes=(*run.outcomes[1:], replace(run.outcomes[0], state=State.FILTERED, verdict=Verdict.FAIL))
    )
    assert named(run, "portcheck_check_state") == []
    assert named(broken, "portcheck_check_state") == named(broken, "portcheck_check_state", 'state="filtered"') == [1]
    assert sum(named(broken, "portcheck_host_checks")) == len(run.outcomes)
    assert named(broken, "portcheck_host_checks", 'verdict="fail"') == [1]


@pytest.mark.parametrize("state", [State.OK, State.FILTERED])
def test_twelve_hundred_controllers_fit_into_three_megabytes(state: State) -> None:
    one = samples.host_outcomes("dc.forest-number-1.example", "10.77.100.100", dict.fromkeys(samples.MIM, state))
    hosts = [(f"dc{n}.forest-number-1.example", f"10.77.{n // 250}.{n % 250}") for n in range(1200)]
    outcomes = tuple(
        replace(o, check=replace(o.check, forest="forest-number-1.example", host=host, address=address))
        for host, address in hosts
        for o in one
    )
    assert 0 < len(text(report(*outcomes))) < 3_000_000


def test_no_number_has_the_noise_of_floating_point() -> None:
    run = report(outcome(latency_ms=3.2000000000000006, elapsed_ms=4.1 + 2.2))
    assert named(run, "portcheck_check_latency_seconds") == [0.0032]
    assert max(len(line.rpartition(" ")[2]) for line in text(run).splitlines() if line[0] != "#") <= len(
        "1795383503.533"
    )


def test_success_is_a_pass_and_nothing_else_and_what_was_not_asked_has_none() -> None:
    wanted = {Verdict.PASS: [1], Verdict.WARN: [0], Verdict.FAIL: [0], Verdict.SKIP: []}
    for verdict, values in wanted.items():
        assert named(report(outcome(verdict=verdict)), "portcheck_check_success") == values
    assert named(report(outcome(state=State.ERROR)), "portcheck_check_success") == [0]


def test_causes_are_codes_and_catalogued_errors() -> None:
    seen = outcome("kpasswd/udp", State.FILTERED)
    found = finding(checks=(seen.check.id,), errors=("kerberos-no-logon-server",))
    note = finding("kerberos-udp-blocked", severity=Severity.INFO, checks=(seen.check.id,))
    reasons = re.findall('reason="([^"]+)"', text(report(seen, findings=(found, note))))
    assert reasons == ["kpasswd-blocked", "kerberos-no-logon-server"]


def test_the_port_behind_the_mapper_is_no_label() -> None:
    run = report(outcome(replace(check("rpc-drsuapi/tcp"), port=49153)), outcome("rpc/tcp"))
    assert "49153" not in text(run)
    assert named(run, "portcheck_rpc_endpoint_up", 'interface="drsuapi"') == [1]
    assert named(run, "portcheck_check_success", 'check="rpc"', 'port="135"') == [1]


def test_every_family_can_be_seen() -> None:
    assert {key.partition("{")[0] for key in series(every_kind())} == set(HELP)


def test_clocks_certificates_and_records() -> None:
    run = every_kind()
    assert named(run, "portcheck_clock_skew_seconds") == [-0.25]
    assert named(run, "portcheck_tls_cert_not_after_timestamp_seconds", 'check="ldaps"', 'port="636"') == [1826912045]
    assert named(run, "portcheck_srv_records", 'record="_ldap._tcp.dc._msdcs.alpha.test"') == [2]
    assert named(run, "portcheck_srv_records_unreachable") == [1]
    assert named(run, "portcheck_dc_info", 'site="Here"', 'global_catalog="yes"') == [1]


def test_the_last_run_by_forest() -> None:
    run = samples.three_forests()
    assert named(run, "portcheck_last_run_success", "alpha") == [1]
    assert named(run, "portcheck_last_run_success", "bravo") == [0]
    assert named(run, "portcheck_last_run_timestamp_seconds", "alpha") == [1795383503.533]
    assert named(replace(run, interrupted=True), "portcheck_last_run_success") == [0, 0, 0]
    unasked = report(forests=(ForestReport("delta.test", (), problem="no DNS server answers"),))
    assert named(unasked, "portcheck_last_run_success") == [0]


def test_no_label_clashes_with_those_of_scrape_configurations() -> None:
    labels = {name for run in RUNS.values() for name in re.findall(r'[{,]([a-z_]+)="', text(run))}
    assert labels & CLASHING == set()


@settings(suppress_health_check=[HealthCheck.too_slow], max_examples=60, deadline=None)
@given(reports)
def test_any_report_is_readable_and_no_series_comes_twice(run: Report) -> None:
    keys = [line.rpartition(" ")[0] for line in text(run).splitlines() if not line.startswith("#")]
    assert len(keys) == len(set(keys)) == len(series(run))


@pytest.mark.skipif(sys.platform == "win32", reason="names that begin with a dot hide on Unix")
def test_a_draft_is_never_taken_for_a_textfile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The collector reads *.prom; while it is being written the file has another name."""
    seen: list[str] = []
    real = os.replace

    def look(draft: str, target: str, **folders: int) -> None:
        seen.extend(path.name for path in tmp_path.iterdir())
        real(draft, target, **folders)

    monkeypatch.setattr(os, "replace", look)
    write(samples.three_forests(), [OutputWish("prometheus", tmp_path / "run.prom")], Options())
    assert len(seen) == 1
    assert not seen[0].endswith(".prom")
    assert [path.name for path in tmp_path.iterdir()] == ["run.prom"]


@pytest.mark.parametrize("seconds", [1e14, -1e14, 1e300])
def test_a_saved_run_that_claims_to_have_taken_for_ever_is_written_all_the_same(seconds: float) -> None:
    assert "portcheck_last_run_timestamp_seconds" in text(replace(samples.three_forests(), duration_s=seconds))
