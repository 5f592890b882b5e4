"""The lines of a forecast and their prices: what is listed, what it costs in each case, and what is left out."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from portcheck.catalogue.profiles import built_in
from portcheck.config import ConfigError, DcSpec, ForestSpec, Settings, SystemSpec, parse_server
from portcheck.model.target import Selection
from portcheck.net.timeouts import Timeouts
from portcheck.plan import pricing
from portcheck.plan.forecast import ForecastOrder, forecast
from portcheck.plan.line import Cost, Forecast, LineKind
from portcheck.probes.probe import Exchange, Question
from portcheck.render.plan import FORMATS
from portcheck.render.shared.options import Options
from tests.factories import check, outcome, report

DC = DcSpec("dc1.alpha.test", "10.77.1.10")
KNOWN = ForestSpec("alpha.test", domain_controllers=(DC,), discover=False)


def told(forest: ForestSpec = KNOWN, profile: str = "mim", **how: Any) -> Forecast:
    return forecast([(forest, (built_in()[profile],))], ForecastOrder(**how))


def names(of: Forecast, kind: LineKind) -> list[str]:
    return [line.service for line in of.lines if line.kind is kind]


def test_each_check_of_the_profile_is_a_line_with_its_reason() -> None:
    lines = [line for line in told().lines if line.kind is LineKind.CHECK]
    kpasswd = next(line for line in lines if (line.service, line.transport) == ("kpasswd", "udp"))
    assert (kpasswd.address, kpasswd.port, kpasswd.need) == ("10.77.1.10", 464, "required")
    assert kpasswd.purpose
    assert kpasswd.document
    assert kpasswd.questions[0].size > 500


def test_named_controllers_need_no_question_to_dns_but_for_what_other_names_and_programs_say() -> None:
    asked = [q.what for line in told().lines if line.kind is LineKind.DISCOVERY for q in line.questions]
    assert asked
    assert all(what.startswith(("PTR of ", "A and AAAA of ")) for what in asked)


def test_discovery_lists_its_questions_and_prices_controllers_one_by_one() -> None:
    found = told(ForestSpec("alpha.test", dns=(parse_server("10.77.1.53"),), site="Oslo", domains=("emea.alpha.test",)))
    asked = [line.questions[0].what for line in found.lines if line.kind is LineKind.DISCOVERY]
    assert "SRV of _ldap._tcp.dc._msdcs.alpha.test" in asked
    assert "SRV of _ldap._tcp.Oslo._sites.dc._msdcs.emea.alpha.test" in asked
    assert {line.host for line in found.each if line.kind is LineKind.CHECK} == {
        "each domain controller that DNS names"
    }
    assert {line.address for line in found.known if line.kind is LineKind.CHECK} == {"10.77.1.53"}
    assert any("--report" in note for note in found.notes)


def test_ipv4_alone_asks_for_no_aaaa() -> None:
    asked = [q.what for line in told(ForestSpec("alpha.test"), families=("A",)).lines for q in line.questions]
    assert not [what for what in asked if what.startswith("AAAA")]


def test_an_earlier_run_gives_the_hosts_and_what_they_do_not_offer() -> None:
    skipped = outcome(check("gc/tcp", host="dc7.alpha.test"), "skipped", reason="not a global catalog (LDAP ping)")
    ran = report(outcome(check("ldap/tcp", host="dc7.alpha.test")), skipped)
    found = told(ForestSpec("alpha.test"), report=ran)
    assert {line.host for line in found.lines if line.kind is LineKind.CHECK and line.address} == {"dc7.alpha.test"}
    assert not [line for line in found.each if line.kind is LineKind.CHECK]
    gc = next(line for line in found.lines if line.service == "gc")
    assert "not a global catalog" in gc.when


def test_a_report_with_a_host_that_is_no_name_is_refused() -> None:
    ran = report(outcome(check("ldap/tcp", host="dc\u202e'.alpha.test", forest="alpha.test")))
    with pytest.raises(ConfigError, match="the report"):
        told(ForestSpec("alpha.test"), report=ran)


def test_the_ping_that_every_host_gets_is_listed_where_no_profile_asks_for_it() -> None:
    assert "ldap-ping" in names(told(selection=Selection(only=frozenset({"kpasswd"}))), LineKind.ROLES)
    with_ping = [line for line in told().lines if line.kind is LineKind.ROLES]
    assert [line.transport for line in with_ping] == ["tcp"]


def test_without_trace_there_is_no_second_look() -> None:
    assert names(told(), LineKind.SECOND_LOOK)
    assert names(told(settings=Settings(trace=False)), LineKind.SECOND_LOOK) == []


def test_the_second_look_costs_nothing_where_all_answers() -> None:
    looks = [line for line in told().lines if line.kind is LineKind.SECOND_LOOK]
    assert {line.answered for line in looks} == {Cost()}
    assert all(line.at_most.packets >= line.silent.packets for line in looks)


@pytest.mark.parametrize(
    ("patience", "packets", "tries"),
    [(Timeouts(4.0, 10.0, 3), 5 + 3 + 2, 3), (Timeouts(1.0, 10.0, 3), 2, 1), (Timeouts(2.4, 10.0, 2), 3 + 2, 2)],
)
def test_an_unanswered_connection_is_repeated_by_the_kernel_once_a_second_at_most(
    patience: Timeouts, packets: int, tries: int
) -> None:
    assert pricing.connecting(patience) == Cost(packets, 0, tries)


def test_an_unanswered_datagram_goes_out_twice_from_each_port_within_the_patience() -> None:
    asked = Exchange((Question("x", 100),))
    assert pricing.datagrams(asked, Timeouts(4.0, 10.0, 3)) == Cost(6, 600)
    assert pricing.datagrams(asked, Timeouts(1.0, 10.0, 3)) == Cost(2, 200)


def test_a_mute_peer_gets_doubling_repeats_within_the_answers_patience() -> None:
    assert pricing.repeats(10.0) == 6  # after 0.2 0.6 1.4 3.0 6.2 s, and a tail loss probe
    assert pricing.repeats(0.1) == 1


# ---- formats


@pytest.mark.parametrize("name", [*FORMATS])
@pytest.mark.parametrize("width", [80, 40])
def test_every_format_takes_any_forecast_and_keeps_to_the_width(name: str, width: int) -> None:
    made = told()
    odd = replace(made.lines[0], host="dc\x1b[31m\u202e|=1", operations=("=1+1",))
    for of in (made, told(ForestSpec("alpha.test")), Forecast((odd,), ("\x1b",)), Forecast(())):
        text = FORMATS[name](of, Options(width=width))
        assert "\x1b" not in text
        assert "\u202e" not in text
        if name == "table" and width == 80:
            assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize("forest", [KNOWN, ForestSpec("alpha.test", dns=(parse_server("10.77.1.53"),))])
def test_the_json_is_as_its_schema_says(forest: ForestSpec) -> None:
    schema = json.loads((files("portcheck") / "schema" / "plan-1.json").read_text(encoding="utf-8"))
    for profile in ("mim", "all"):
        jsonschema.validate(json.loads(FORMATS["json"](told(forest, profile), Options())), schema)


def test_the_json_adds_up() -> None:
    document = json.loads(FORMATS["json"](told(), Options()))
    assert document["schema"] == "portcheck.plan/1"
    for case in ("answered", "silent", "at_most"):
        for unit in ("packets", "bytes", "connections"):
            assert document["totals"][case][unit] == sum(line[case][unit] for line in document["lines"])
    assert document["totals_each_further_controller"] is None


def test_the_csv_has_a_row_for_each_line() -> None:
    found = told()
    rows = list(csv.DictReader(io.StringIO(FORMATS["csv"](found, Options()))))
    assert len(rows) == len(found.lines)
    assert sum(int(row["packets_all_answer"]) for row in rows) == sum(line.answered.packets for line in found.lines)


def test_the_markdown_has_the_totals() -> None:
    found = told()
    packets = sum(line.silent.packets for line in found.known)
    assert f"| all silent | {packets} |" in FORMATS["markdown"](found, Options())


def test_the_machines_around_a_forest_and_the_cloud_are_in_the_plan() -> None:
    systems = (SystemSpec("mim", "mim1.corp.test"),)
    forest = ForestSpec(
        "corp.test", domain_controllers=(DcSpec("dc1.corp.test", "127.0.0.5"),), discover=False, systems=systems
    )
    profiles = tuple(built_in()[name] for name in ("mim-service", "graph"))
    told = forecast([(forest, profiles)], ForecastOrder())
    asked = {(line.forest, line.host, line.service) for line in told.lines if line.kind is LineKind.CHECK}
    assert ("corp.test", "mim1.corp.test", "mim-service") in asked
    assert ("cloud", "graph.microsoft.com", "https") in asked
    assert not [line for line in told.lines if line.forest == "cloud" and line.kind is LineKind.ROLES]


def test_what_controllers_open_is_listed_with_that_condition_and_a_port_that_nobody_knows_is_not() -> None:
    sync = SystemSpec("sync", "sync1.alpha.test", "10.77.1.20")
    lines = [one for one in told(replace(KNOWN, systems=(sync,)), "pcns").lines if one.kind is LineKind.CHECK]
    assert {one.when for one in lines} == {"this machine is one of the domain controllers"}
    assert {one.service for one in lines} == {"kerberos", "rpc"}
    pinned = told(replace(KNOWN, systems=(replace(sync, port=5001),)), "pcns").lines
    assert 5001 in {one.port for one in pinned}
