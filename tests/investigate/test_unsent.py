"""What this machine had no local port for is asked again alone; what was sent is left alone."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from factories import outcome
from investigate.held import asked_again

from portcheck.investigate import unsent
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.model.events import unheard

NO_PORT = {"local_fault": True, "local_ports_exhausted": True}
NAMES = ("kerberos/tcp", "smb/tcp", "rpc/tcp", "ldaps/tcp", "gc/tcp")


def unsent_checks(*names: str) -> list[Outcome]:
    return [outcome(name, State.ERROR, facts=NO_PORT) for name in names]


def case_of(free: Iterable[bool], *outcomes: Outcome) -> tuple[Case, list[str]]:
    """Asked again, was there a port? And what was asked."""
    left = iter(free)
    return asked_again(
        lambda old: outcome(old.check) if next(left) else outcome(old.check, State.ERROR, facts=NO_PORT), *outcomes
    )


async def test_what_has_a_port_now_is_told_as_it_is() -> None:
    case, asked = case_of([True, False, True], *unsent_checks(*NAMES[:3]), outcome("ldap/tcp"))
    await unsent.again([case], unheard)
    assert asked == [*NAMES[:3]]
    assert [o.state for o in case.outcomes] == [State.OK, State.ERROR, State.OK, State.OK]


async def test_ports_that_are_used_up_for_good_are_not_asked_for_without_end() -> None:
    case, asked = case_of([False] * unsent.IN_VAIN, *unsent_checks(*NAMES))
    await unsent.again([case], unheard)
    assert len(asked) == unsent.IN_VAIN
    assert {o.state for o in case.outcomes} == {State.ERROR}


@pytest.mark.parametrize("state", [State.FILTERED, State.REFUSED, State.ERROR])
async def test_other_faults_are_not_its_matter(state: State) -> None:
    case, asked = case_of([], outcome("kerberos/tcp", state))
    await unsent.again([case], unheard)
    assert asked == []
