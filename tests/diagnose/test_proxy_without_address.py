"""A proxy whose name has no address is a matter of names: no firewall is asked for anything."""

from __future__ import annotations

import pytest
from factories import check, outcome, report

from portcheck import diagnose
from portcheck.model import ForestReport, State

PROXY = {"proxy": "proxy.corp.test:3128", "proxy_reached": False}


@pytest.mark.parametrize(("state", "nameless"), [(State.UNRESOLVED, True), (State.REFUSED, False)])
def test_whom_to_ask_follows_from_what_was_seen(state: State, nameless: bool) -> None:
    asked = check("https/tcp", "graph.microsoft.com", forest="cloud", address=None)
    cloud = ForestReport("cloud", ("graph",), facts={"kind": "cloud"}, domain_controllers=())
    (found,) = diagnose.diagnose(report(outcome(asked, state, facts=PROXY), forests=(cloud,)))
    assert found.code == "cloud-blocked"
    assert ("gives no address for the proxy proxy.corp.test" in found.explanation) is nameless
    assert ("ask the DNS team to resolve proxy.corp.test" in found.fix) is nameless
    assert ("Ask the firewall team: allow tcp 3128" in found.fix) is not nameless
