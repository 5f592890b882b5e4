"""A real KDC proxy on the second router, in front of a real Samba KDC."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest

from tests.lab import faults, records
from tests.lab.network import FW2_CORE
from tests.lab.program import PROJECT, Run
from tests.lab.world import Lab

SYSTEM_PYTHON = "/usr/bin/python3"
NAME = "kp.bravo.test"


def why_no_proxy() -> str:
    found = subprocess.run([SYSTEM_PYTHON, "-c", "import kdcproxy"], capture_output=True, check=False)
    return "python3-kdcproxy is not installed" if found.returncode else ""


pytestmark = pytest.mark.skipif(bool(why_no_proxy()), reason=why_no_proxy())


@contextmanager
def kdc_proxy(lab: Lab, realm: str = "BRAVO.TEST") -> Iterator[None]:
    """Serves one realm, whose KDC it knows by address; clients find it by name."""
    config = lab.folder / "kdcproxy.conf"
    config.write_text(f"[global]\nconfigs =\n[{realm}]\nkerberos = kerberos+tcp://{lab.bravo.address}:88\n")
    issued = lab.authority.issue((NAME,), label="kdc-proxy")
    program = (SYSTEM_PYTHON, str(PROJECT / "tests/lab/kdc_proxy_server.py"))
    with (
        records.added(lab.bravo, "kp", "A", FW2_CORE[0]),
        subprocess.Popen(
            lab.fw2.argv(
                "env",
                f"KDCPROXY_CONFIG={config}",
                *program,
                FW2_CORE[0],
                "443",
                str(issued.certificate),
                str(issued.key),
            ),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server,
    ):
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
            yield
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(10)


def through(lab: Lab, *more: str) -> tuple[Run, dict[str, Any]]:
    run = lab.portcheck("check", "bravo.test", "--system", f"kdc-proxy={NAME}", *more, "-f", "json")
    (check,) = [c for c in run.checks if c["service"] == "kdc-proxy"]
    return run, check


def test_a_real_kdc_answers_through_it_and_any_profile_asks_it(lab: Lab) -> None:
    with kdc_proxy(lab):
        for profile in ("member", "kdc-proxy"):
            run, check = through(lab, "--profile", profile)
            assert (check["state"], check["verdict"], check["port"]) == ("ok", "pass", 443), check["reason"]
            assert check["facts"]["kerberos_error_name"].startswith("KDC_ERR")
            assert abs(check["facts"]["clock_skew_s"]) < 300
            assert check["facts"]["certificate_trusted"] is True
            assert run.code == 0
    assert run.report is not None
    assert {c["service"] for c in run.checks} == {"kdc-proxy"}  # its own profile asks nothing of controllers


def test_it_works_where_88_is_closed_and_says_which_of_the_two(lab: Lab) -> None:
    with kdc_proxy(lab), faults.drop(lab, lab.bravo, "88", at=lab.fw1):
        run, check = through(lab, "--profile", "member", "--only", "kerberos", "--only", "kdc-proxy")
    assert check["verdict"] == "pass"
    assert run.verdicts("bravo", "kerberos/tcp") == {"fail"}


def test_a_proxy_that_reaches_no_kdc_is_not_a_closed_port(lab: Lab) -> None:
    with kdc_proxy(lab), faults.chain(lab.fw2, "output", f"ip daddr {lab.bravo.address} tcp dport 88 reject"):
        run, check = through(lab, "--profile", "kdc-proxy")
    assert (check["state"], check["verdict"], run.code) == ("mute", "fail", 1), check["reason"]
    assert run.codes("bravo") == ["kdc-proxy-no-kdc"]


def test_a_realm_that_it_does_not_serve(lab: Lab) -> None:
    with kdc_proxy(lab, "OTHER.TEST"):
        run, check = through(lab, "--profile", "kdc-proxy")
    assert check["verdict"] == "fail"
    assert run.codes("bravo") == ["kdc-proxy-no-kdc"], check["reason"]


def test_a_closed_way_to_it_is_asked_for(lab: Lab) -> None:
    with kdc_proxy(lab), faults.chain(lab.fw1, "forward", f"ip daddr {FW2_CORE[0]} tcp dport 443 drop"):
        run, check = through(lab, "--profile", "kdc-proxy")
    assert (check["state"], run.codes("bravo")) == ("filtered", ["kdc-proxy-blocked"])
    assert run.report is not None
    assert f"tcp 443 from 10.77.0.10 to {FW2_CORE[0]}" in run.report["findings"][0]["fix"]


def test_without_one_named_nobody_hears_of_it(lab: Lab) -> None:
    run = lab.portcheck("check", "bravo.test", "--profile", "member", "-f", "json")
    assert "kdc-proxy" not in {c["service"] for c in run.checks}
