"""A question that this machine forbade: the rules that fit are named, and nothing where none does."""

from __future__ import annotations

import errno

import pytest
from factories import outcome
from investigate.held import Held, cased

from portcheck.investigate import own_rules
from portcheck.model import Outcome, State
from portcheck.net import errors
from portcheck.net.platform import outbound_rules

FORBIDDEN = errors.local(PermissionError(errno.EACCES, "denied"))
NO_PORT = errors.local(OSError(errno.EMFILE, "too many"))


def after(monkeypatch: pytest.MonkeyPatch, fault: errors.NetError, *rules: str) -> Outcome:
    async def never(*_: object) -> Outcome:
        raise AssertionError("asked again")

    asked: list[tuple[str, str, int]] = []

    def blocking(transport: str, address: str, port: int) -> tuple[str, ...]:
        asked.append((transport, address, port))
        return rules

    monkeypatch.setattr(outbound_rules, "blocking", blocking)
    held = Held(outcome("ldap/tcp", fault.state, reason=fault.reason, facts=fault.facts))
    case = cased("dc1.alpha.test", "10.77.1.1", held, never, payload=lambda _: b"")
    own_rules.named(case)
    own_rules.named(case)  # the second look may come twice
    assert asked in ([], [("tcp", "10.77.1.1", 389)] * (1 if rules else 2))
    return held.outcomes[0]


def test_the_rules_that_fit_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = after(monkeypatch, FORBIDDEN, "no directory", "none at all", "third", "fourth")
    words = "what fits in Windows Firewall: no directory, none at all, third"
    assert (seen.state, seen.reason) == (State.ERROR, f"{FORBIDDEN.reason}; {words}")
    assert seen.facts["own_rules"] == ["no directory", "none at all", "third"]


@pytest.mark.parametrize(("fault", "rules"), [(FORBIDDEN, ()), (NO_PORT, ("no directory",))])
def test_nothing_is_blamed_where_no_rule_fits_or_nothing_was_forbidden(
    monkeypatch: pytest.MonkeyPatch, fault: errors.NetError, rules: tuple[str, ...]
) -> None:
    seen = after(monkeypatch, fault, *rules)
    assert (seen.reason, "own_rules" in seen.facts) == (fault.reason, False)
