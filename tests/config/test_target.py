"""Targets as people write them; and of each mistake the right form."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.config import ConfigError
from portcheck.config.target import MOST_ADDRESSES, TargetText, addresses_of, parse_target


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("Contoso.COM.", TargetText("contoso.com")),
        ("corp", TargetText("corp")),
        ("10.0.0.1", TargetText("10.0.0.1")),
        ("[FD77::10]", TargetText("fd77::10")),
        ("fd77::1:636", TargetText("fd77::1:636")),
        ("dc1.contoso.com:636", TargetText("dc1.contoso.com", 636)),
        ("[fd77::10]:88", TargetText("fd77::10", 88)),
        ("dc1.contoso.com:464/udp", TargetText("dc1.contoso.com", 464, "udp")),
        ("gc:3268", TargetText("gc", 3268)),
        ("ldap://dc1.contoso.com", TargetText("dc1.contoso.com", 389, "tcp", "ldap")),
        ("LDAPS://DC1.contoso.com:10636/", TargetText("dc1.contoso.com", 10636, "tcp", "ldaps")),
        ("GC://contoso.com/dc=contoso,dc=com", TargetText("contoso.com", 3268, "tcp", "gc")),
        ("ldap://[fd77::10]:3268", TargetText("fd77::10", 3268, "tcp", "ldap")),
        ("10.77.1.0/28", TargetText(network=ip_network("10.77.1.0/28"))),
        ("fd77::/120", TargetText(network=ip_network("fd77::/120"))),
    ],
)
def test_what_is_meant(text: str, meant: TargetText) -> None:
    assert parse_target(text) == meant


@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("ldap://dc1.contoso.com:636", "ldaps://dc1.contoso.com:636"),
        ("gc://dc1.contoso.com:3269", "ldaps://dc1.contoso.com:3269"),
        ("ldaps://dc1.contoso.com:389", "ldap://dc1.contoso.com:389"),
        ("ldaps://dc1.contoso.com:3268", "gc://dc1.contoso.com:3268"),
        ("ldap:///dc=contoso,dc=com", "ldap://contoso.com"),
        ("CN=Users,DC=contoso,DC=com", "contoso.com"),
        ("ldap:dc1.contoso.com", "ldap://dc1.contoso.com"),
        ("https://dc1.contoso.com/adfs", "dc1.contoso.com:443"),
        ("dc1.contoso.com:ldaps", "dc1.contoso.com:636"),
        ("dc1.contoso.com/636", "dc1.contoso.com:636"),
        ("dc1.contoso.com 636", "dc1.contoso.com:636"),
        ("dc1.contoso.com,dc2.contoso.com", "dc1.contoso.com dc2.contoso.com"),
        (r"\\contoso.com\sysvol", "contoso.com"),
        ("anna@contoso.com", "contoso.com"),
        ("_ldap._tcp.dc._msdcs.contoso.com", "contoso.com"),
        ("10.0.0.0/8", "10.0.0.0/20"),
        ("fd77::/64", "fd77::/116"),
        ("10.0.0.3/28", "10.0.0.0/28"),
        ("10.0.0.*", "10.0.0.0/24"),
        ("10.0.0.1-20", "10.0.0.1/28"),
        ("fd77:0:0:0:0:0:0:1:636", "[fd77::10]:636"),
    ],
)
def test_a_mistake_is_answered_with_the_right_form(text: str, right: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_target(text)
    assert right in str(told.value)
    assert "\n" not in str(told.value)


def test_a_password_in_a_url_is_not_repeated() -> None:
    for text in ("ldap://anna:geheim@dc1.contoso.com", "https://anna:geheim@dc1.contoso.com/", "x://anna:geheim@y z"):
        with pytest.raises(ConfigError) as told:
            parse_target(text)
        assert "geheim" not in str(told.value)


@settings(deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_target_or_one_line(text: str) -> None:
    try:
        parse_target(text)
    except ConfigError as error:
        told = str(error)
    else:
        told = ""
    assert "\n" not in told
    assert told.isprintable()


@settings(deadline=None)
@given(st.ip_addresses(v=6), st.integers(116, 128))
def test_no_network_has_more_addresses_than_its_bound(address: object, length: int) -> None:
    network = ip_network(f"{address}/{length}", strict=False)
    assert 0 < len(addresses_of(network)) <= MOST_ADDRESSES
