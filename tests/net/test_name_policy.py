"""The Name Resolution Policy Table: the closest rule names the servers; one without any leads back to the usual."""

from __future__ import annotations

import pytest

from portcheck.net.dns import Names
from portcheck.net.platform import name_policy
from portcheck.net.platform.name_policy import PolicyRule

TABLE = (
    PolicyRule((".contoso.com", ".fabrikam.com"), ("10.0.0.1", "10.0.0.2")),
    PolicyRule((".emea.contoso.com",), ("10.0.0.3",)),
    PolicyRule(("www.contoso.com",)),
)


@pytest.mark.parametrize(
    ("name", "servers"),
    [
        ("_ldap._tcp.contoso.com", ("10.0.0.1", "10.0.0.2")),
        ("contoso.com", ("10.0.0.1", "10.0.0.2")),
        ("DC1.Emea.Contoso.COM.", ("10.0.0.3",)),
        ("www.contoso.com", ()),
        ("dc1.www.contoso.com", ("10.0.0.1", "10.0.0.2")),
        ("notcontoso.com", ()),
        ("alpha.test", ()),
    ],
)
def test_the_closest_rule_names_the_servers(name: str, servers: tuple[str, ...]) -> None:
    assert name_policy.servers(TABLE, name) == servers
    assert name_policy.servers((*TABLE, PolicyRule((".",), ("10.9.9.9",))), name) == (
        servers or (() if name.startswith("www") else ("10.9.9.9",))
    )


@pytest.mark.parametrize(
    ("names", "options", "listed", "found"),
    [
        ([".Contoso.com", ""], 8, "10.0.0.1;10.0.0.2", PolicyRule((".contoso.com",), ("10.0.0.1", "10.0.0.2"))),
        ([".contoso.com"], 8, "10.0.0.1, 10.0.0.2", PolicyRule((".contoso.com",), ("10.0.0.1", "10.0.0.2"))),
        ([".contoso.com"], 0, "10.0.0.1", PolicyRule((".contoso.com",))),
        ([".contoso.com"], 4, "", None),
        ([], 8, "10.0.0.1", None),
    ],
)
def test_a_rule_is_read_as_the_registry_holds_it(
    names: list[str], options: int, listed: str, found: PolicyRule
) -> None:
    assert name_policy.rule(names, options, listed) == found


async def test_a_name_of_the_table_is_asked_of_its_servers_and_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(name_policy, "rules", lambda: TABLE)
    monkeypatch.setattr("portcheck.net.dns.system_servers", lambda: (("10.7.7.7", 53),))
    names = Names()
    assert names._of_the_system("dc1.emea.contoso.com") == (("10.0.0.3", 53),)
    assert names._of_the_system("alpha.test") == (("10.7.7.7", 53),)
