"""Rules open exactly what the flows ask for, and there are as few of them as can be."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portcheck.model import Need
from portcheck.request import grouping
from portcheck.request.flow import Flow, Ports
from portcheck.request.grouping import cover, merged, rules_for
from tests.request.requests import flow, mixed, opened, wanted

addresses = st.sampled_from(["10.0.0.1", "10.0.0.2", "10.0.0.3", "fd00::1", "fd00::2"])
numbers = st.integers(1, 12)
flows = st.builds(
    lambda source, destination, low, more, transport, need, caveat: Flow(
        source=source if (":" in source) == (":" in destination) else ("fd00::9" if ":" in destination else "10.0.0.9"),
        destination=destination,
        ports=Ports(transport, low, low + more),
        host=destination,
        forest="alpha.test",
        service="ldap",
        need=need,
        caveat=caveat,
    ),
    addresses,
    addresses,
    numbers,
    st.integers(0, 3),
    st.sampled_from(["tcp", "udp"]),
    st.sampled_from([*Need]),
    st.sampled_from(["", "is it up?"]),
)


@given(st.lists(flows, max_size=25))
def test_the_rules_open_what_is_asked_for_and_nothing_else(asked: list[Flow]) -> None:
    assert opened(rules_for(asked)) == wanted(asked)


@given(st.lists(flows, max_size=25))
def test_a_rule_is_of_one_family_one_need_and_one_caveat_and_each_flow_is_in_one(asked: list[Flow]) -> None:
    rules = rules_for(asked)
    for rule in rules:
        assert len({(one.family, one.optional, one.caveat) for one in rule.flows}) == 1
        opening = [one for one in rule.flows if one.need is rule.need]
        assert opened([rule]) == wanted(opening)
        assert {":" in address for address in (*rule.sources, *rule.destinations)} == {rule.family == 6}
    assert [rule.name for rule in rules] == [f"R{n}" for n in range(1, len(rules) + 1)]


def fewest(needs: dict[str, frozenset[Ports]]) -> int:
    """By trying all: the fewest products of whole rows that make up the needs."""
    parts = {
        frozenset.intersection(*some) for n in range(1, len(needs) + 1) for some in combinations(needs.values(), n)
    }
    whole = [(frozenset(d for d in needs if needs[d] >= ports), ports) for ports in parts if ports]
    goal = {(d, p) for d, those in needs.items() for p in those}
    for count in range(len(whole) + 1):
        for chosen in combinations(whole, count):
            if {(d, p) for ds, ps in chosen for d in ds for p in ps} == goal:
                return count
    raise AssertionError


small = st.dictionaries(
    st.sampled_from(["a", "b", "c", "d"]),
    st.frozensets(st.sampled_from([Ports("tcp", n, n) for n in (1, 3, 5, 7)]), min_size=1),
    min_size=1,
)


@settings(max_examples=200)
@given(small)
def test_there_are_as_few_rules_as_can_be(needs: dict[str, frozenset[Ports]]) -> None:
    products = cover(needs)
    assert {(d, p) for ds, ps in products for d in ds for p in ps} == {(d, p) for d in needs for p in needs[d]}
    assert len(products) <= fewest(needs) + 1  # greedy: at most one more among four kinds, and nearly always none


def test_alike_controllers_share_a_rule() -> None:
    (rule,) = rules_for([flow(d, p, t) for d in ("10.1.0.1", "10.1.0.2") for p in (88, 464) for t in ("tcp", "udp")])
    assert rule.destinations == ("10.1.0.1", "10.1.0.2")
    assert [str(ports) for ports in rule.ports] == ["88/tcp", "464/tcp", "88/udp", "464/udp"]


def test_neighbours_become_a_range_and_gaps_stay_shut() -> None:
    ports = [Ports("tcp", n, n) for n in (3268, 3269, 389, 391)] + [Ports("udp", 390, 390)]
    assert [str(one) for one in merged(ports)] == ["389/tcp", "391/tcp", "3268-3269/tcp", "390/udp"]


def test_an_optional_need_within_a_needed_range_makes_no_rule_of_its_own() -> None:
    (rule,) = rules_for([flow(port=(100, 200)), flow(port=150, need=Need.OPTIONAL)])
    assert not rule.optional


def test_what_is_needed_in_some_cases_is_a_rule_of_its_own_and_never_called_needed() -> None:
    asked = [flow(port=389), flow(port=3268, need=Need.CONDITIONAL), flow(port=9389, need=Need.OPTIONAL)]
    rules = rules_for(asked)
    assert [(rule.need, [str(p) for p in rule.ports]) for rule in rules] == [
        (Need.REQUIRED, ["389/tcp"]), (Need.CONDITIONAL, ["3268/tcp"]), (Need.OPTIONAL, ["9389/tcp"])
    ]  # fmt: skip


def test_a_weaker_need_on_ports_that_are_open_anyway_is_told_by_the_rule_that_opens_them() -> None:
    also = flow(port=150, service="rpc-drsuapi", need=Need.CONDITIONAL)
    (rule,) = rules_for([also, flow(port=(100, 200))])
    assert (rule.need, rule.flows[0].ports.low, also in rule.flows) == (Need.REQUIRED, 100, True)
    (caveat, plain) = reversed(rules_for([flow(port=1), flow(port=2, caveat="is it up?")]))
    assert (plain.caveat, caveat.caveat) == ("", "is it up?")


def test_three_kinds_of_hosts_may_share_by_port_instead_of_by_host() -> None:
    """Each host with another pair of three ports: by port and by host alike need three rules, and no fewer do."""
    ports = [Ports("tcp", n, n) for n in (88, 389, 464)]
    needs = {f"10.0.0.{n}": frozenset(ports) - {ports[n]} for n in range(3)}
    assert len(cover(needs)) == fewest(needs) == 3


def test_the_mixed_request_opens_exactly_itself() -> None:
    assert opened(rules_for(mixed())) == wanted(mixed())
    assert len(rules_for(mixed())) == 6


def test_hundreds_of_controllers_with_ports_of_their_own_are_grouped_soon() -> None:
    fixed = [flow(f"10.1.{n // 200}.{n % 200 + 1}", port) for n in range(400) for port in (53, 88, 135, 389, 445)]
    own = [flow(f"10.1.{n // 200}.{n % 200 + 1}", 49152 + n * 3, dynamic=True) for n in range(400)]
    rules = rules_for([*fixed, *own])
    assert opened(rules) == wanted([*fixed, *own])
    assert len(rules) <= 401


def test_a_need_from_several_sources_opens_it_for_each_of_them() -> None:
    asked = [flow(source=source) for source in ("10.77.0.10", "10.77.0.11")]
    (rule,) = rules_for(asked)
    assert rule.sources == ("10.77.0.10", "10.77.0.11")


def test_a_caveat_is_settled_where_a_firm_flow_opens_the_same() -> None:
    (rule,) = rules_for([flow(port=(100, 200)), flow(port=150, caveat="is it up?")])
    assert (rule.caveat, [str(ports) for ports in rule.ports]) == ("", ["100-200/tcp"])


def test_what_this_machine_opens_and_what_a_controller_opens_are_two_rules() -> None:
    rules = rules_for([flow(port=88), flow(port=135, source_host="mim1.alpha.test")])
    assert len(rules) == 2


def test_a_range_within_a_range_does_not_end_it() -> None:
    assert [str(one) for one in merged([Ports("tcp", 1, 9), Ports("tcp", 3, 4)])] == ["1-9/tcp"]


def test_a_rule_gives_as_its_reasons_only_flows_that_it_opens() -> None:
    asked = [flow("10.1.0.1", 88), flow("10.1.0.2", 88), flow("10.1.0.1", 9389)]
    for rule in rules_for(asked):
        assert wanted(rule.flows) <= opened([rule])


def test_each_family_has_rules_of_its_own_the_older_one_first() -> None:
    rules = rules_for([flow("fd00::1", 389, source="fd00::9"), flow("10.0.0.1", 389, source="10.0.0.9")])
    assert [(rule.family, rule.destinations) for rule in rules] == [(4, ("10.0.0.1",)), (6, ("fd00::1",))]


def test_a_port_that_a_range_beside_it_opens_sets_nobody_apart() -> None:
    wide = Ports("tcp", 380, 390)
    both = [replace(flow(where, 389), ports=wide) for where in ("10.0.0.1", "10.0.0.2")]
    (rule,) = rules_for([*both, flow("10.0.0.1", 389)])
    assert (rule.destinations, rule.ports) == (("10.0.0.1", "10.0.0.2"), (wide,))


def test_by_port_is_taken_where_that_is_fewer_and_its_reasons_are_of_its_port() -> None:
    """One host needs the first port, one the second, one both: three kinds of hosts, two rules."""
    asked = [flow("10.0.0.1", 88), flow("10.0.0.2", 389), flow("10.0.0.3", 88), flow("10.0.0.3", 389)]
    rules = rules_for(asked)
    told = [(rule.ports[0].low, rule.destinations, {one.ports for one in rule.flows}) for rule in rules]
    alone = {port: Ports("tcp", port, port) for port in (88, 389)}
    assert sorted(told, key=str) == [
        (389, ("10.0.0.2", "10.0.0.3"), {alone[389]}),
        (88, ("10.0.0.1", "10.0.0.3"), {alone[88]}),
    ]


def test_of_very_many_kinds_only_the_two_plain_ways_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every set of nine ports, each at a host of its own: by host so many rules as sets, by port nine."""
    ports = [Ports("tcp", n, n) for n in range(1, 18, 2)]
    sets = [frozenset(some) for count in range(1, 10) for some in combinations(ports, count)]
    assert len(sets) > grouping.MOST_KINDS
    monkeypatch.setattr(grouping, "_greedy", pytest.fail)
    assert len(cover({f"10.0.{n // 200}.{n % 200}": those for n, those in enumerate(sets)})) == 9
