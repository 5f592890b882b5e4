"""A deadline that comes before the first check: the run was not done, and nobody is blamed for that."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from portcheck.config import ForestSpec, Server, Settings
from portcheck.model import Lookup
from portcheck.run import runner
from portcheck.run.forest import ForestRun
from portcheck.run.runner import Order

SRV = "_ldap._tcp.dc._msdcs.alpha.test"
GIVEN = Lookup(SRV, "SRV", "10.77.1.10", "ok", ("0 100 389 dc1.alpha.test",))
MISSING = Lookup(SRV, "SRV", "10.77.1.10", "nxdomain", ())


@pytest.mark.parametrize(
    ("lookups", "code", "found"),
    [((GIVEN,), 3, ["out-of-time"]), ((), 3, ["out-of-time"]), ((MISSING,), 1, ["srv-missing"])],
    ids=["DNS gave the controllers", "DNS had not answered", "DNS said that there are none"],
)
def test_it_is_3_unless_dns_told_a_fault(
    lookups: tuple[Lookup, ...], code: int, found: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def looks_up_for_ever(surveys: Sequence[ForestRun], *_: object) -> None:
        for survey in surveys:
            survey.lookups.extend(lookups)
        await asyncio.Event().wait()

    monkeypatch.setattr(runner, "_everything", looks_up_for_ever)
    forest = ForestSpec("alpha.test", dns=(Server("10.77.1.10"),))
    report = asyncio.run(runner.run(Order(((forest, ()),), Settings(deadline_s=0.01)), lambda _event: None))
    assert [finding.code for finding in report.findings] == found
    assert report.exit_code == code
    assert not any("firewall" in finding.fix for finding in report.findings)
