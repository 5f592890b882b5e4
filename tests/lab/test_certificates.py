"""Certificates as clients judge them: what is missing, who refuses it, and nothing said of what is in order."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from portcheck.report import to_json
from portcheck.run.runner import explained
from tests.lab import faults, services
from tests.lab.authority import Certificate, new_authority
from tests.lab.program import Run
from tests.lab.world import Lab

TLS = ("636/tcp", "3269/tcp")
OVER_TLS = ("--only", "ldaps", "--only", "gc-tls")


def check(lab: Lab, *more: str, **own: Any) -> Run:
    return lab.check(*more, config=lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own))


def finding(run: Run, code: str) -> dict[str, Any]:
    assert run.report is not None
    (found,) = [one for one in run.report["findings"] if one["code"] == code]
    return dict(found)


def test_a_certificate_without_san_is_told_with_who_refuses_it(lab: Lab) -> None:
    bare = lab.authority.issue((lab.bravo.host,), san=False, label="no-san")
    with services.present(lab.bravo, bare, *TLS):
        run = check(lab)
    told = finding(run, "certificate-no-san")
    assert (run.codes("bravo"), run.code, told["severity"]) == (["certificate-no-san"], 0, "warning")
    assert "Go programs" in told["explanation"]
    assert run.verdicts("bravo", "ldaps") == {"warn"}
    assert run.verdicts("bravo", "ldap") == {"pass"}


def test_a_common_name_of_another_host_is_told_as_that(lab: Lab) -> None:
    bare = lab.authority.issue(("other.bravo.test",), san=False, label="no-san-other")
    with services.present(lab.bravo, bare, *TLS):
        run = check(lab)
    assert run.codes("bravo") == ["certificate-name-mismatch"]


def test_a_target_by_address_needs_the_address_in_the_san(lab: Lab) -> None:
    run = lab.portcheck("check", lab.bravo.address, "-f", "json")
    told = finding(run, "certificate-name-mismatch")
    assert (run.code, told["severity"]) == (0, "warning")
    assert "doesn't contain any IP SANs" in told["explanation"]
    assert run.verdicts(lab.bravo.address, "ldaps") == {"warn"}
    named = lab.authority.issue((lab.bravo.host,), addresses=(lab.bravo.address,), label="by-address")
    with services.present(lab.bravo, named, *TLS):
        run = lab.portcheck("check", lab.bravo.address, "-f", "json")
    assert run.codes(lab.bravo.address) == ["kerberos-name-mismatch", "forest-ok"]


@pytest.mark.parametrize("sent", [False, True])
def test_an_intermediate_that_is_not_sent_is_told_although_the_root_is_known(lab: Lab, sent: bool) -> None:
    root = new_authority("corp-root", lab.folder)
    issuing = new_authority("corp-issuing", lab.folder, above=root)
    shown = issuing.issue((lab.bravo.host,), chained=sent, label=f"chained-{sent}")
    with services.present(lab.bravo, shown, *TLS):
        run = check(lab, *OVER_TLS, ca_file=str(root.file))
    if sent:
        assert run.codes("bravo") == ["forest-ok"]
        return
    told = finding(run, "certificate-incomplete")
    assert (run.codes("bravo"), run.code, told["severity"]) == (["certificate-incomplete"], 0, "warning")
    assert "CN=corp-issuing" in told["title"]
    assert "Schannel" in told["explanation"]


@pytest.mark.parametrize("ports", [TLS, ("636/tcp",), ("3269/tcp",)])
@pytest.mark.parametrize("both", [False, True])
def test_an_intermediate_that_is_not_sent_is_no_interception_beside_a_trusted_start_tls(
    lab: Lab, ports: tuple[str, ...], both: bool
) -> None:
    """StartTLS shows another certificate, by an authority of the system's store or of the same ca_file."""
    root = new_authority("shop-root", lab.folder)
    issuing = new_authority("shop-issuing", lab.folder, above=root)
    shown = issuing.issue((lab.bravo.host,), chained=False, label="shop")
    known = lab.folder / "shop-roots.pem"
    known.write_text(root.file.read_text() + (lab.authority.file.read_text() if both else ""))
    with services.present(lab.bravo, shown, *ports):
        run = check(lab, ca_file=str(known))
    assert (run.codes("bravo"), run.code) == (["certificate-incomplete"], 0)
    assert "a device between signs anew" in finding(run, "certificate-incomplete")["explanation"]  # it may be that


@contextmanager
def by_port(lab: Lab, first: Certificate, second: Certificate) -> Iterator[None]:
    with services.present(lab.bravo, first, "636/tcp"), services.present(lab.bravo, second, "3269/tcp"):
        yield


@pytest.mark.parametrize("order", [1, -1])
def test_an_intermediate_that_one_port_sends_and_the_other_does_not_is_no_interception(lab: Lab, order: int) -> None:
    root = new_authority("store-root", lab.folder)
    issuing = new_authority("store-issuing", lab.folder, above=root)
    shown = [issuing.issue((lab.bravo.host,), chained=sent, label=f"store-{sent}") for sent in (False, True)]
    with by_port(lab, *shown[::order]):
        run = check(lab, *OVER_TLS, ca_file=str(root.file))
    assert (run.codes("bravo"), run.code) == (["certificate-incomplete"], 0)
    assert finding(run, "certificate-incomplete")["checks"] == [
        one["id"] for one in run.of("bravo", "ldaps" if order > 0 else "gc-tls")
    ]


def test_a_certificate_of_nobody_beside_one_that_sends_its_signers_may_be_interception(lab: Lab) -> None:
    root = new_authority("shelf-root", lab.folder)
    issuing = new_authority("shelf-issuing", lab.folder, above=root)
    own = issuing.issue((lab.bravo.host,), chained=True, label="shelf")
    with by_port(lab, lab.stranger.issue((lab.bravo.host,)), own):
        run = check(lab, *OVER_TLS, ca_file=str(root.file))
    assert run.codes("bravo") == ["tls-intercepted"]
    assert "or its certificate comes without its signer's" in finding(run, "tls-intercepted")["title"]


def test_a_server_that_sends_the_root_in_place_of_the_intermediate_is_told(lab: Lab) -> None:
    root = new_authority("desk-root", lab.folder)
    issuing = new_authority("desk-issuing", lab.folder, above=root)
    shown = issuing.issue((lab.bravo.host,), label="desk")
    shown.certificate.write_bytes(shown.certificate.read_bytes() + root.file.read_bytes())
    with services.present(lab.bravo, shown, *TLS):
        run = check(lab, *OVER_TLS, ca_file=str(root.file))
    assert (run.codes("bravo"), run.code) == (["certificate-incomplete"], 0)
    assert "CN=desk-issuing" in finding(run, "certificate-incomplete")["title"]


@pytest.mark.parametrize(("name", "code"), [("bdc1.bravo.test.", "certificate-name-mismatch"), ("BDC1.Bravo.TEST", "")])
def test_a_name_with_a_dot_at_its_end_is_nobodys_and_its_case_is_all_the_same(lab: Lab, name: str, code: str) -> None:
    with services.present(lab.bravo, lab.authority.issue((name,), label="spelling"), *TLS):
        run = check(lab)
    assert (run.codes("bravo"), run.code) == ([code or "forest-ok"], 0)
    if code:
        assert "ends with a dot" in finding(run, code)["explanation"]


def test_a_stranger_s_signature_is_interception_where_the_authority_that_is_known_signed_the_other(lab: Lab) -> None:
    with services.present(lab.bravo, lab.stranger.issue((lab.bravo.host,)), *TLS):
        run = check(lab)
    assert run.codes("bravo") == ["tls-intercepted"]


def test_a_server_that_cuts_tls_13_is_told_with_the_version_that_works(lab: Lab) -> None:
    with services.no_tls13(lab.bravo, *TLS):
        run = check(lab)
    told = finding(run, "tls-failed")
    assert (run.codes("bravo"), run.code) == (["tls-failed"], 0)
    assert "TLS 1.3" in told["title"]
    assert "TLS 1.2 works" in told["explanation"]
    assert "IPS" not in told["fix"]
    assert (run.states("bravo", "ldaps"), run.verdicts("bravo", "ldaps")) == ({"ok"}, {"warn"})


def test_tls_that_is_cut_is_no_question_for_an_ips_where_no_certificate_is_as_likely(lab: Lab) -> None:
    """LDAP in clear is blocked, so StartTLS cannot tell."""
    with services.reset_on_data(lab.bravo, *TLS), faults.drop(lab, lab.bravo, "389/tcp", "3268/tcp"):
        run = check(lab)
    told = finding(run, "tls-failed")
    assert "without a server certificate" in told["explanation"]
    assert told["fix"].startswith("Ask the AD team")
    assert "connection-reset" not in run.codes("bravo")
    assert run.states("bravo", "ldaps") == {"reset"}


def test_tls_that_is_cut_beside_a_certificate_that_start_tls_shows_is_the_paths(lab: Lab) -> None:
    with services.reset_on_data(lab.bravo, *TLS):
        run = check(lab)
    assert run.codes("bravo") == ["connection-reset"]


def test_an_intercepted_port_is_no_pass_and_the_others_are(lab: Lab) -> None:
    with services.present(lab.bravo, lab.stranger.issue((lab.bravo.host,)), "636/tcp"):
        run = check(lab)
    assert run.codes("bravo") == ["tls-intercepted"]
    assert run.verdicts("bravo", "ldaps") == {"warn"}
    assert run.verdicts("bravo", "gc-tls") == {"pass"}
    assert run.verdicts("bravo", "ldap") == {"pass"}


def test_a_clock_that_breaks_sign_in_is_no_minor_fault_in_any_format(lab: Lab) -> None:
    saved, table = lab.vantage.home / "skew.json", lab.vantage.home / "skew.csv"
    with services.skewed(lab.bravo, 1200):
        run = check(lab, "--save", str(saved), "-f", "csv", "-o", str(table))
    assert (run.codes("bravo"), run.code) == (["time-skew"], 1)
    assert run.verdicts("bravo", "kerberos/tcp") == {"fail"}
    assert any("kerberos" in row and ",fail," in row for row in table.read_text().splitlines())
    again = explained(to_json.loads(saved.read_text()))
    assert [one.code for one in again.findings] == ["time-skew"]  # explained anew, it is the same
