"""The door of `portcheck listen`: what it lets in, with a clock of the test's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portcheck.server.admission import Visitor
from portcheck.server.listener.limits import (
    ALL_BURST,
    ALL_CONNECTIONS,
    BURST,
    CONNECTIONS,
    DATAGRAMS_A_SECOND,
    MOST_CONTACTS,
    MOST_COUNTED,
    MOST_SOURCES,
    Contact,
    Limits,
    network_of,
)
from portcheck.server.listener.services import allowance


def visitor(address: str = "10.0.0.1", service: str = "dns/udp") -> Visitor:
    return Visitor(address, 40000, service, "10.0.0.2", 53)


def door(came: Callable[[Contact], None] = lambda _: None) -> tuple[Limits, list[float]]:
    now = [0.0]
    return Limits(came, clock=lambda: now[0]), now


def test_a_source_gets_a_burst_of_answers_and_then_so_many_a_second() -> None:
    limits, now = door()
    assert [limits.admits(visitor()) for _ in range(int(BURST) + 1)] == [*[True] * int(BURST), False]
    now[0] += 1
    assert sum(limits.admits(visitor()) for _ in range(100)) == DATAGRAMS_A_SECOND
    assert limits.admits(visitor("10.0.0.9"))
    assert limits.refused == {"10.0.0.1": 1 + 100 - int(DATAGRAMS_A_SECOND)}


def test_all_sources_together_get_a_burst_too() -> None:
    limits, _ = door()
    answered = sum(limits.admits(visitor(f"10.0.{n >> 8}.{n & 255}")) for n in range(3 * int(ALL_BURST)))
    assert answered == ALL_BURST


def test_a_loud_source_does_not_spend_what_is_there_for_all() -> None:
    limits, _ = door()
    for _ in range(int(2 * ALL_BURST)):
        limits.admits(visitor())
    assert limits.admits(visitor("10.0.0.9"))


def test_connections_are_few_at_once_and_come_back() -> None:
    limits, _ = door()
    one = visitor(service="ldap/tcp")
    assert sum(limits.admits(one) for _ in range(CONNECTIONS + 5)) == CONNECTIONS
    limits.left(one)
    assert (limits.admits(one), limits.admits(one)) == (True, False)


def test_connections_of_all_are_bounded() -> None:
    limits, _ = door()
    crowd = [visitor(f"10.0.{n >> 8}.{n & 255}", "ldap/tcp") for n in range(ALL_CONNECTIONS + 5)]
    assert sum(map(limits.admits, crowd)) == ALL_CONNECTIONS


def test_memory_is_bounded_whoever_comes() -> None:
    told: list[Contact] = []
    limits, _ = door(told.append)
    many = 2 * max(MOST_SOURCES, MOST_CONTACTS)
    for n in range(many):
        limits.admits(visitor(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}"))
    assert (len(limits.contacts), len(told), limits.untold) == (MOST_CONTACTS, MOST_CONTACTS, many - MOST_CONTACTS)
    assert len(limits._rates) == MOST_SOURCES
    assert len(limits.refused) <= MOST_COUNTED


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("10.0.0.1", "10.0.0.2", False),
        ("fd77::1", "fd77::ffff:2", True),
        ("fd77:0:0:1::1", "fd77:0:0:2::1", False),
        ("fe80::1%eth0", "fe80::2%eth1", True),
    ],
)
def test_a_machine_may_choose_its_address_in_a_64(one: str, other: str, same: bool) -> None:
    assert (network_of(one) == network_of(other)) is same


@pytest.mark.parametrize(("asked", "most"), [(0, 56), (1, 59), (48, 200), (500, 1556)])
def test_an_answer_is_at_most_three_times_its_question_on_the_wire(asked: int, most: int) -> None:
    assert allowance(bytes(asked)) == most
    limits, _ = door()
    assert (limits.fits(bytes(asked), bytes(most)), limits.fits(bytes(asked), bytes(most + 1))) == (True, False)
    assert limits.kept_short == 1
