"""Controllers that only a jump host reaches, asked through its `ssh -D`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.lab import faults
from tests.lab.jump_host import jump_host, why_no_ssh
from tests.lab.network import CLIENT, FW2_CORE
from tests.lab.world import Lab

pytestmark = pytest.mark.skipif(bool(why_no_ssh()), reason=why_no_ssh())


@contextmanager
def only_by_jump_host(lab: Lab) -> Iterator[str]:
    """The first router lets the client through to nobody behind the second."""
    rule = f"ip saddr {CLIENT[0]} ip daddr {{ 10.77.1.0/24, 10.77.2.0/24, 10.77.3.0/24 }} drop"
    with jump_host(lab) as proxy, faults.chain(lab.fw1, "forward", rule):
        yield proxy


def bravo(lab: Lab) -> Path:
    """The controller by name and address: DNS is behind the router too."""
    named = [{"host": lab.bravo.site.fqdn, "address": lab.bravo.address}]
    own = {"domain_controllers": named, "discover": False, "dns": None}
    return lab.forests_toml("bravo", defaults={"profiles": ["mim"]}, bravo=own)


def test_tcp_is_asked_and_udp_is_said_not_to_be(lab: Lab) -> None:
    with only_by_jump_host(lab) as proxy:
        run = lab.portcheck("check", "--proxy", f"socks5://{proxy}", "-f", "json", config=bravo(lab))
    assert run.code == 0, run.stderr
    tcp = {c["service"]: c["verdict"] for c in run.checks if c["transport"] == "tcp"}
    assert {"ldap", "kerberos", "smb", "rpc-samr", "kpasswd"} <= set(tcp)
    assert set(tcp.values()) == {"pass"}
    udp = [c for c in run.checks if c["transport"] == "udp"]
    assert udp
    assert {(c["state"], c["reason"]) for c in udp} == {("skipped", f"UDP does not go through the SOCKS proxy {proxy}")}
    assert run.report is not None
    (well,) = run.report["findings"]
    assert well["code"] == "forest-ok"
    assert "UDP does not go through it and was not asked" in well["explanation"]


def test_what_the_far_end_does_not_reach_is_asked_for_from_there(lab: Lab) -> None:
    dropped = f"ip daddr {lab.bravo.address} tcp dport 464 drop"
    refused = f"ip daddr {lab.bravo.address} tcp dport 636 reject with tcp reset"
    with only_by_jump_host(lab) as proxy, faults.chain(lab.fw2, "output", dropped, refused):
        run = lab.portcheck("check", "--proxy", f"socks5://{proxy}", "-f", "json", config=bravo(lab))
    assert run.code == 1
    wrong = {c["service"]: (c["state"], c["blocked_at"]) for c in run.checks if c["verdict"] == "fail"}
    assert wrong == {"kpasswd": ("filtered", None), "ldaps": ("unreachable", None)}
    assert run.report is not None
    fixes = {f["code"]: f["fix"] for f in run.report["findings"]}
    assert set(fixes) == {"kpasswd-blocked", "ldaps-blocked"}
    assert all(f"from the far end of the SOCKS proxy {proxy} to" in fix for fix in fixes.values())
    assert "look alike" in fixes["ldaps-blocked"]
    assert "look alike" not in fixes["kpasswd-blocked"]
    assert not any(c["evidence"] and "hop" in str(c["evidence"]) for c in run.checks)


def test_names_are_looked_up_at_the_far_end_for_socks5h(lab: Lab) -> None:
    with only_by_jump_host(lab) as proxy:
        run = lab.portcheck("check", "localhost.test:22", "--proxy", f"socks5h://{proxy}", "-f", "json", "-v")
        (check,) = run.checks
        assert (check["host"], check["address"]) == ("localhost.test", None)
        assert any("SOCKS CONNECT localhost.test port 22" in step["detail"] for step in check["evidence"])
        near = lab.portcheck("check", FW2_CORE[1], "--only", "ldap", "--proxy", f"socks5://{proxy}", "-f", "json")
    assert near.checks[0]["state"] in {"unreachable", "refused"}


def test_a_proxy_that_is_not_there_is_a_matter_of_this_machine(lab: Lab) -> None:
    run = lab.portcheck("check", lab.bravo.address, "--proxy", "socks5://127.0.0.1:9", "-f", "json")
    assert run.code == 3
    assert {c["state"] for c in run.checks if c["transport"] == "tcp" and c["port"]} == {"error"}
    assert run.report is not None
    assert [f["code"] for f in run.report["findings"]] == ["local-fault"]


def test_a_sign_in_does_not_leave_by_another_way(lab: Lab) -> None:
    run = lab.portcheck("check", lab.bravo.address, "--proxy", "socks5://127.0.0.1:1080", "--bind", "--user", "x")
    assert (run.code, run.stdout) == (2, "")
    assert "SOCKS" in run.stderr
