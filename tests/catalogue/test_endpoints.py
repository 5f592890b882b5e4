"""The cloud's endpoints: each row sourced and dated, its errors catalogued, and its stand-in really of the wildcard."""

from __future__ import annotations

from datetime import date

import pytest

from portcheck.catalogue.endpoints import ANY, CloudEndpoint, asked_for, covers, endpoints, uses_of
from portcheck.catalogue.errors import errors
from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.services import services
from portcheck.catalogue.sources import sources
from portcheck.model import Need

IDS = [f"{endpoint.service} {endpoint.host}" for endpoint in endpoints()]


@pytest.mark.parametrize("endpoint", endpoints(), ids=IDS)
def test_each_endpoint_has_a_source_a_date_and_a_use(endpoint: CloudEndpoint) -> None:
    assert endpoint.service in services()
    assert endpoint.source in sources()
    assert date.fromisoformat(endpoint.read)
    assert endpoint.why
    assert endpoint.uses
    for profile, use in endpoint.uses.items():
        assert profile in built_in()
        assert use.need in tuple(Need)
        assert use.operation
        assert set(use.blocked + use.inspected) <= set(errors())


@pytest.mark.parametrize("endpoint", endpoints(), ids=IDS)
def test_a_stand_in_is_a_host_of_its_wildcard(endpoint: CloudEndpoint) -> None:
    """A rule for `*.x` need not let `x` itself pass: asking that would call an open path blocked."""
    assert not endpoint.ask or (endpoint.host.startswith(ANY) and endpoint.covers(endpoint.ask))


def test_no_endpoint_is_listed_twice() -> None:
    assert len(set(IDS)) == len(IDS)


def test_the_vendors_minimum_is_required_of_entra_connect() -> None:
    needed = {
        row.host for row in built_in()["entra-connect"].rows if row.target == "cloud" and row.need is Need.REQUIRED
    }
    assert needed == {
        "login.microsoftonline.com",
        "login.windows.net",
        "adminwebservice.microsoftonline.com",
        "graph.microsoft.com",
        "*.graph.windows.net",
        "*.management.core.windows.net",
    }


def test_a_wildcard_covers_what_is_below_it_only() -> None:
    assert covers("*.servicebus.windows.net", "a.b.servicebus.windows.net")
    assert not covers("*.servicebus.windows.net", "servicebus.windows.net")
    assert not covers("*.servicebus.windows.net", "evilservicebus.windows.net")
    assert covers("graph.microsoft.com", "graph.microsoft.com")
    assert not covers("graph.microsoft.com", "x.graph.microsoft.com")


def test_the_relay_is_asked_by_the_host_that_its_document_names_and_shows_as_32002() -> None:
    relay = asked_for("*.servicebus.windows.net")
    assert relay.endswith(".servicebus.windows.net")
    (use,) = uses_of("https", relay, ("entra-connect",))
    assert (use.blocked[0], use.inspected) == ("event-pwreset-32002", ("event-pwreset-31034",))
    assert not list(uses_of("https", relay, ("graph",)))
