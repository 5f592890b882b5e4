"""Which silences are asked about again, and when that ends."""

from __future__ import annotations

import pytest
from factories import check, outcome
from investigate.held import Held, cased

from portcheck.investigate import confirm, contrasts
from portcheck.investigate.case import Case
from portcheck.model import Outcome, State
from portcheck.net.timeouts import Timeouts

REJECTED = outcome("kpasswd/tcp", State.REJECTED, facts={"icmp_from": "10.77.100.2"})
LOSSY = outcome("kerberos/tcp", facts={"syn_resent": 1})
SILENT = ("ldap/tcp", "ldaps/tcp", "gc/tcp", "gc-tls/tcp", "smb/tcp", "rpc/tcp")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(confirm, "ICMP_GAP_S", 0.001)
    monkeypatch.setattr(contrasts, "GAP_S", 0.0)
    monkeypatch.setattr(confirm, "RATES", (1000.0,))


def case_of(again: Outcome, *outcomes: Outcome) -> tuple[Case, list[str]]:
    """Asked again, each ends as `again` does; and what was asked."""
    asked: list[str] = []

    async def ask(
        old: Outcome, _: Timeouts, __: int | None = None, ___: int | None = None, /, *, loose: bool = False
    ) -> Outcome:
        asked.append(old.check.name)
        return outcome(old.check, again.state, facts=again.facts)

    case = cased(
        host="dc1.alpha.test",
        address="10.77.1.1",
        page=Held(*outcomes),
        ask=ask,
        payload=lambda _: b"question",
    )
    return case, asked


def states(case: Case) -> dict[str, State]:
    return {o.check.name: o.state for o in case.outcomes}


async def test_what_stays_silent_several_times_beside_a_rejection_is_waited_for_no_longer() -> None:
    silent = [outcome(name, State.FILTERED) for name in SILENT]
    case, asked = case_of(outcome("ldap/tcp", State.FILTERED), REJECTED, *silent)
    await confirm.confirm([case], (), lambda _: None)
    assert len(asked) == confirm.ENOUGH_IN_VAIN < len(SILENT)


async def test_what_is_rejected_when_asked_alone_is_asked_to_the_last() -> None:
    silent = [outcome(name, State.FILTERED) for name in SILENT]
    case, _ = case_of(outcome("ldap/tcp", State.REJECTED), REJECTED, *silent)
    await confirm.confirm([case], (), lambda _: None)
    assert set(states(case).values()) == {State.REJECTED}


LOST = [(True, 300, State.OK), (True, 0, State.MUTE), (False, 300, State.MUTE)]


@pytest.mark.parametrize(("lossy", "unacked", "state"), LOST)
async def test_a_question_that_was_lost_on_a_lossy_path_is_asked_again(
    *, lossy: bool, unacked: int, state: State
) -> None:
    mute = outcome("ldaps/tcp", State.MUTE, facts={"unacked_bytes": unacked})
    case, _ = case_of(outcome("ldaps/tcp"), mute, LOSSY if lossy else outcome("kerberos/tcp"))
    await confirm.confirm([case], (), lambda _: None)
    assert states(case)["ldaps/tcp"] is state


@pytest.mark.parametrize("lost_again", [False, True])
async def test_fragments_that_were_lost_once_on_a_lossy_path_are_not_called_dropped(*, lost_again: bool) -> None:
    facts: dict[str, object] = {"fragments_lost": "to"}
    again = outcome("kerberos/udp", facts=facts if lost_again else {"fragments_pass": "to"})
    case, _ = case_of(again, outcome("kerberos/udp", facts=facts), LOSSY)
    await confirm.confirm([case], (), lambda _: None)
    found = next(o for o in case.outcomes if o.check.id == check("kerberos/udp").id)
    assert ("fragments_lost" in found.facts) is lost_again
