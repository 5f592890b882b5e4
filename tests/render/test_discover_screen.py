"""The end of `discover`: it asks who answers the LDAP ping, and says no more than that."""

from __future__ import annotations

from factories import outcome, report

from portcheck.model import State
from portcheck.render import discover
from portcheck.render.shared.options import Options


def end_of(state: State) -> str:
    page = discover.render(report(outcome("ldap-ping/udp", state)), Options(width=200))
    return page.rstrip().splitlines()[-1]


def test_where_all_answer_it_says_what_they_answered_and_what_was_not_asked() -> None:
    assert "alpha.test  every controller that DNS names answers the LDAP ping" in end_of(State.OK)
    assert "all well" not in end_of(State.OK)


def test_where_one_is_silent_it_says_nothing_of_the_kind() -> None:
    assert "answers the LDAP ping" not in end_of(State.FILTERED)
