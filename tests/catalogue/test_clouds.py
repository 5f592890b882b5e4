"""National clouds: every endpoint has its counterpart or is not asked; nothing of the public cloud is left."""

from __future__ import annotations

import pytest

from portcheck.catalogue.clouds import CLOUDS, PUBLIC, in_cloud
from portcheck.catalogue.endpoints import ANY, asked_for, covers, endpoints, uses_of
from portcheck.catalogue.profiles import built_in
from portcheck.catalogue.sources import sources
from portcheck.cli import targets
from portcheck.config import Configuration, Settings

NATIONAL = [cloud for cloud in CLOUDS if cloud != PUBLIC]
KNOWN = [(e, cloud, there) for e in endpoints() for cloud, known in e.elsewhere.items() for there in known]


def hosts(profile: str, cloud: str) -> set[str]:
    return {row.host for row in in_cloud(built_in()[profile], cloud).rows if row.target == "cloud"}


def test_each_counterpart_is_of_a_known_cloud_and_has_a_source_and_a_stand_in_of_its_own() -> None:
    assert KNOWN
    for _, cloud, there in KNOWN:
        assert cloud in NATIONAL
        assert there.source in sources()
        assert not there.ask or (there.host.startswith(ANY) and covers(there.host, there.ask))


@pytest.mark.parametrize("profile", sorted(built_in()))
def test_the_public_cloud_is_the_profile_as_it_is(profile: str) -> None:
    assert in_cloud(built_in()[profile], PUBLIC) == built_in()[profile]


@pytest.mark.parametrize("cloud", NATIONAL)
@pytest.mark.parametrize("profile", sorted(built_in()))
def test_in_a_national_cloud_only_its_own_endpoints_are_asked_and_the_rest_stays(profile: str, cloud: str) -> None:
    moved = in_cloud(built_in()[profile], cloud)
    assert hosts(profile, cloud) <= {there.host for _, of, there in KNOWN if of == cloud}
    before, after = ([r for r in rows if r.target != "cloud"] for rows in (built_in()[profile].rows, moved.rows))
    assert before == after
    assert len({row.key for row in moved.rows}) == len(moved.rows)


def test_graph_and_sign_in_of_each_cloud_are_those_of_the_vendor_s_page() -> None:
    asked = {cloud: {host for host in hosts("graph", cloud) if "crl" not in host} for cloud in NATIONAL}
    assert asked == {
        "us-gov": {"graph.microsoft.us", "login.microsoftonline.us"},
        "us-dod": {"dod-graph.microsoft.us", "login.microsoftonline.us"},
        "china": {"login.chinacloudapi.cn", "microsoftgraph.chinacloudapi.cn"},
    }


def test_writeback_in_china_has_two_relays_and_their_blocking_shows_as_the_public_one_s() -> None:
    relays = {host for host in hosts("entra-connect", "china") if "servicebus" in host}
    assert relays == {f"ssprdedicatedsbmcprodcn{end}.servicebus.chinacloudapi.cn" for end in "en"}
    for relay in relays:
        assert "event-pwreset-32002" in next(uses_of("https", relay, ("entra-connect",))).blocked


def test_a_wildcard_of_a_national_cloud_has_the_stand_in_that_its_row_names() -> None:
    assert asked_for("*.microsoftonline.us") == "login.microsoftonline.us"
    assert asked_for("*.msappproxy.us") == ""


def test_the_forests_file_chooses_the_cloud() -> None:
    (graph,) = targets.profiles(Configuration(settings=Settings(cloud="us-dod")), ["graph"])
    asked = {row.host for row in graph.rows}
    assert "dod-graph.microsoft.us" in asked
    assert "graph.microsoft.com" not in asked
