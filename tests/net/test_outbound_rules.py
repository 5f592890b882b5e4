"""Rules of Windows Firewall as the registry holds them: which fit what was forbidden, and which are passed over."""

from __future__ import annotations

import pytest

from portcheck.net.platform.outbound_rules import rule

HEAD = "v2.30|Action=Block|Active=TRUE|Dir=Out|"
PYTHON = r"C:\portcheck\python\python.exe"


def fits(conditions: str, transport: str = "tcp", address: str = "10.77.1.10", port: int = 389) -> bool | None:
    found = rule(f"{HEAD}{conditions}Name=no directory|Desc=of|EmbedCtxt=us|")
    return None if found is None else found.fits(transport, address, port, PYTHON)


@pytest.mark.parametrize(
    "conditions",
    [
        "",
        "Protocol=6|",
        "Protocol=6|RPort=636|RPort=389|",
        "Protocol=6|RPort2_10=380-390|",
        "RA4=10.77.1.10|",
        "RA4=10.77.0.0/16|",
        "RA4=10.0.0.0/255.0.0.0|",
        "RA4=192.0.2.1|RA4=10.77.1.1-10.77.1.20|",
        r"App=c:\PORTCHECK\python\python.exe|",
        "Profile=Domain|Profile=Private|Protocol=6|RPort=389|",
    ],
)
def test_a_rule_that_blocks_this_fits(conditions: str) -> None:
    assert fits(conditions) is True


@pytest.mark.parametrize(
    "conditions",
    [
        "Protocol=17|",
        "Protocol=6|RPort=636|",
        "Protocol=6|RPort2_10=390-400|",
        "RA4=10.78.0.0/16|",
        "RA6=fd77::/16|",  # an address of the other family is not meant
        "RA4=10.77.1.11-10.77.1.20|",
        r"App=C:\Windows\explorer.exe|",
    ],
)
def test_a_rule_about_something_else_does_not(conditions: str) -> None:
    assert fits(conditions) is False


@pytest.mark.parametrize(
    "conditions",
    [
        "RA4=LocalSubnet|",
        "RPort=RPC|",
        "Svc=dnscache|",
        "AppPkgId=S-1-15-2-1|",
        "IF={1}|",
        "RA42=Internet|",
        "RA4=10.0.0.9-fd77::1|",
    ],
)
def test_a_condition_that_cannot_be_weighed_is_no_accusation(conditions: str) -> None:
    assert fits(conditions) is None


@pytest.mark.parametrize(
    "text",
    [
        "v2.30|Action=Allow|Active=TRUE|Dir=Out|Name=x|",
        "v2.30|Action=Block|Active=FALSE|Dir=Out|Name=x|",
        "v2.30|Action=Block|Active=TRUE|Dir=In|Name=x|",
        "v2.30|",
        "",
        "|||=|",
    ],
)
def test_what_blocks_nothing_that_goes_out_is_no_rule_of_these(text: str) -> None:
    assert rule(text) is None


def test_ipv6_is_weighed_by_its_own_addresses() -> None:
    assert fits("RA6=fd77::/16|", address="fd77::10") is True
    assert fits("RA6=fd77::1-fd77::f|", address="fd77::10") is False


def test_a_name_of_any_length_is_cut() -> None:
    found = rule(f"{HEAD}Name={'x' * 5000}|")
    assert found is not None
    assert len(found.name) == 128
