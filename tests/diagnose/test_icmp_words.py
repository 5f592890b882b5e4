"""ICMP and ICMPv6 give one number different meanings; who spoke in which is told by its address."""

from __future__ import annotations

import pytest
from factories import check, outcome

from portcheck.diagnose.phrases import how
from portcheck.model import State
from portcheck.model.readings import nobody_there
from portcheck.net.icmp import V4, V6, Icmp

ROUTERS = {4: "10.77.100.2", 6: "fd77::2"}
HOSTS = {4: "10.77.1.10", 6: "fd77::10"}
ALL = [(4, *pair) for pair in V4 if pair != (3, 4)] + [(6, *pair) for pair in V6 if pair != (2, 0)]


def told(family: int, kind: int, code: int, told_by: str | None) -> str:
    facts = {"icmp_type": kind, "icmp_code": code} | ({} if told_by is None else {"icmp_from": told_by})
    return how(outcome(check("ldap/tcp", address=HOSTS[family]), State.UNREACHABLE, facts=facts))


@pytest.mark.parametrize(("family", "kind", "code"), ALL)
def test_the_finding_words_it_as_its_own_protocol_does(family: int, kind: int, code: int) -> None:
    """Shorter at most: what kind of objection it is stays the same."""
    own = Icmp(family, kind, code, ROUTERS[family]).words
    words = told(family, kind, code, ROUTERS[family])
    assert words == f"{ROUTERS[family]} said: unreachable" or own.endswith(words.partition("said: ")[2])


def test_a_hop_limit_is_no_missing_network() -> None:
    assert told(6, 3, 0, ROUTERS[6]).endswith("said: hop limit exceeded")
    assert told(4, 3, 0, ROUTERS[4]).endswith("said: network unreachable")


@pytest.mark.parametrize(("family", "pair", "nobody"), [(4, (3, 1), True), (6, (1, 3), True), (6, (3, 1), False)])
def test_nobody_at_the_address_is_said_by_each_in_its_own_way(family: int, pair: tuple[int, int], nobody: bool) -> None:
    facts = {"icmp_type": pair[0], "icmp_code": pair[1], "icmp_from": ROUTERS[family]}
    assert nobody_there(outcome(check("ldap/tcp", address=HOSTS[family]), State.UNREACHABLE, facts=facts)) is nobody
