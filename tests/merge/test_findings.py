"""What only the comparison tells, and where it must keep quiet."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from factories import check, controller, outcome, report

from portcheck.exitcodes import NOT_AS_EXPECTED, NOT_DONE, OK
from portcheck.merge.findings import exit_code
from portcheck.merge.gather import Sourced, gathered
from portcheck.merge.points import LeftOut
from portcheck.model import Finding, ForestReport, Lookup, Severity, State, Vantage, Verdict

from .places import HOST, blocked, by_code, merged, place, saw


def test_one_place_alone_fails_and_the_device_that_only_its_way_passes_is_named() -> None:
    found = merged(
        place("client", saw("kpasswd/tcp", "ok"), saw("adws/tcp", "filtered", "10.0.0.1")),
        place("dmz", saw("kpasswd/tcp", "ok")),
        place("branch", saw("kpasswd/tcp", "filtered", "10.0.9.1"), number=9),
    )
    (finding,) = by_code(found)["differs-by-vantage"]
    assert finding.severity is Severity.ERROR
    assert finding.title == "alpha.test: kpasswd 464/tcp of dc1: works from client, dmz, not from branch"
    assert "the only" not in finding.explanation
    assert "only the failing way passes is 10.0.9.1" in finding.explanation
    assert finding.evidence == "branch: filtered, last heard: 10.0.9.1 (hop 1)"
    assert "allow 464/tcp from 10.200.0.9 to dc1.alpha.test (10.77.1.1) at 10.0.9.1" in finding.fix
    assert finding.breaks == ("export: initial password",)


def test_of_several_failing_ways_the_first_device_that_all_of_them_share() -> None:
    near, far = blocked("10.0.9.1", beyond="10.0.5.1"), blocked("10.0.8.1", beyond="10.0.5.1")
    found = merged(
        place("client", saw("ldap/tcp", "ok")),
        place("branch", saw("ldap/tcp", "filtered", near)),
        place("plant", saw("ldap/tcp", "filtered", far)),
    )
    (finding,) = by_code(found)["differs-by-vantage"]
    assert "only the failing ways pass is 10.0.5.1" in finding.explanation


def test_a_device_on_ways_that_work_is_not_called_theirs_alone() -> None:
    wall = blocked("10.0.5.1")
    found = merged(
        place("client", saw("ldap/tcp", "ok"), saw("kpasswd/tcp", "filtered", wall)),
        place("branch", saw("ldap/tcp", "filtered", wall), saw("kpasswd/tcp", "filtered", wall)),
    )
    (finding,) = by_code(found)["differs-by-vantage"]
    assert "ways that work pass it too" in finding.explanation
    assert "at 10.0.5.1" not in finding.fix


def test_failing_ways_without_a_common_address_get_no_device() -> None:
    found = merged(
        place("client", saw("ldap/tcp", "ok")),
        place("branch", saw("ldap/tcp", "filtered", "10.0.9.1")),
        place("plant", saw("ldap/tcp", "filtered", "10.0.8.1")),
    )
    (finding,) = by_code(found)["differs-by-vantage"]
    assert "no device in common that is known by one address" in finding.explanation


def test_silence_that_one_place_could_not_judge_is_a_fault_where_another_is_answered() -> None:
    doubtful = outcome(check("adws/tcp"), State.FILTERED, verdict=Verdict.SKIP)
    found = merged(place("client", saw("adws/tcp", "ok")), place("branch", doubtful))
    (finding,) = by_code(found)["differs-by-vantage"]
    assert finding.severity is Severity.WARNING
    assert merged(place("client", doubtful), place("branch", doubtful)).findings == ()


def test_a_refusal_that_only_one_source_gets_is_no_matter_for_a_firewall_rule() -> None:
    found = merged(place("client", saw("ldap/tcp", "ok")), place("branch", saw("ldap/tcp", "refused")))
    (finding,) = by_code(found)["differs-by-vantage"]
    assert "firewall team" not in finding.fix


def test_the_same_fault_from_all_is_the_host_or_what_is_next_to_it() -> None:
    found = merged(
        place("client", saw("kpasswd/tcp", "filtered", "10.0.5.1")),
        place("branch", saw("kpasswd/tcp", "filtered", "10.0.5.2")),
    )
    (finding,) = by_code(found)["same-everywhere"]
    assert finding.title == (
        "alpha.test: kpasswd 464/tcp of dc1: the same fault from all 2 places that asked (branch, client)"
    )
    assert "the host, what is next to it" in finding.explanation
    assert "differs-by-vantage" not in by_code(found)


def test_ways_that_end_before_the_last_router_blame_no_host() -> None:
    found = merged(
        place("client", saw("kpasswd/tcp", "filtered", blocked("10.0.1.1", beyond="10.0.1.9"))),
        place("branch", saw("kpasswd/tcp", "filtered", blocked("10.0.2.1", beyond="10.0.2.9"))),
    )
    (finding,) = by_code(found)["same-everywhere"]
    assert "it is the host" not in finding.explanation
    assert "before the last router" in finding.explanation


@pytest.mark.parametrize(
    "states", [("refused", "filtered"), ("filtered", "ok"), ("filtered", "skipped")], ids=lambda s: " ".join(s)
)
def test_what_is_not_the_same_is_not_called_the_same(states: tuple[str, str]) -> None:
    found = merged(*(place(f"place{n}", saw("kpasswd/tcp", state)) for n, state in enumerate(states)))
    assert "same-everywhere" not in by_code(found)


def test_one_place_alone_is_never_everywhere() -> None:
    assert merged(place("client", saw("kpasswd/tcp", "filtered"))).findings == ()


def clocked(name: str, skew: float) -> object:
    return place(name, saw("kerberos/tcp", "ok", facts={"clock_skew_s": skew}))


@pytest.mark.parametrize(
    ("skews", "who", "severity"),
    [
        ({"a": 0.2, "b": -0.1, "c": 400.0}, "c", Severity.ERROR),
        ({"a": 90.0, "b": 90.5, "c": 0.0}, "c", Severity.WARNING),  # the host is off, and c with it
        ({"a": 0.1, "b": -120.0}, "b", Severity.WARNING),
        ({"a": 100.0, "b": -100.0}, None, None),  # nothing tells whose
        ({"a": 0.0, "b": 400.0, "c": -400.0}, None, None),  # two differ
        ({"a": 0.0, "b": 30.0, "c": 0.0}, None, None),
    ],
)
def test_one_clock_off(skews: dict[str, float], who: str | None, severity: Severity | None) -> None:
    found = by_code(merged(*(clocked(name, skew) for name, skew in skews.items()))).get("one-clock-off", [])
    assert [(f.hosts, f.severity) for f in found] == ([((who,), severity)] if who else [])


def asked(name: str, *lookups: Lookup) -> object:
    forest = ForestReport("alpha.test", ("mim",), (controller(),), lookups)
    return place(name, saw("ldap/tcp", "ok"), forests=(forest,))


def test_dns_that_tells_places_different_things() -> None:
    def a(*answers: str, status: str = "ok", server: str = "system") -> Lookup:
        return Lookup("dc1.alpha.test", "A", server, status, answers)

    found = by_code(merged(asked("client", a("10.1.1.1")), asked("branch", a("192.168.1.1"))))
    (finding,) = found["dns-differs-by-vantage"]
    assert finding.evidence == "A dc1.alpha.test: branch: 192.168.1.1; client: 10.1.1.1"
    assert "Netlogon" not in finding.fix
    for other in (a("10.1.1.1"), a(status="timeout"), a(status="servfail")):
        same = by_code(merged(asked("client", a("10.1.1.1")), asked("branch", other)))
        assert "dns-differs-by-vantage" not in same


def test_the_order_of_answers_is_no_difference() -> None:
    one = Lookup("_ldap._tcp.dc._msdcs.alpha.test", "SRV", "system", "ok", ("0 100 389 dc1", "0 100 389 dc2"))
    two = Lookup(one.name, "SRV", "system", "ok", one.answers[::-1])
    assert merged(asked("client", one), asked("branch", two)).findings == ()


def test_stale_and_missing_places_and_files_are_told() -> None:
    old = place("old", saw("ldap/tcp", "ok"), started="2026-11-20T21:38:19.123Z")
    new = place("new", saw("ldap/tcp", "ok"))
    found = by_code(merged(old, new, LeftOut("x.json", "not JSON"), expected=("gone", "new")))
    assert [f.hosts for f in found["vantage-stale"]] == [("old",)]
    assert [f.title for f in found["vantage-missing"]] == ["No report of gone", "x.json is left out"]
    assert merged(old, new, stale_after=timedelta(days=9)).findings == ()


def test_a_forest_that_one_place_could_not_ask_is_missing_there() -> None:
    problem = ForestReport("alpha.test", ("mim",), problem="DNS did not answer")
    found = by_code(merged(place("client", saw("ldap/tcp", "ok")), place("branch", forests=(problem,))))
    (finding,) = found["vantage-missing"]
    assert (finding.hosts, finding.forest, finding.evidence) == (("branch",), "alpha.test", "DNS did not answer")


def test_the_newest_report_of_a_place_counts_for_each_forest() -> None:
    old = place("client", saw("ldap/tcp", "filtered"), started="2026-11-20T21:38:19.123Z")
    new = place("client", saw("ldap/tcp", "ok"))
    found = merged(old, new)
    assert found.names == ("client",)
    assert [cell.seen["client"].state for cell in found.cells] == [State.OK]


def test_two_machines_of_one_name_are_two_places() -> None:
    one = place("localhost", saw("ldap/tcp", "ok"), number=1)
    two = place("localhost", saw("ldap/tcp", "filtered"), number=2)
    assert merged(one, two).names == ("localhost (10.200.0.1)", "localhost (10.200.0.2)")
    again = report(saw("ldap/tcp", "ok"), vantage=Vantage("localhost", "linux", ("10.200.0.1", "10.200.0.7")))
    assert merged(one, again).names == ("localhost",)


def test_a_port_that_the_mapper_gave_anew_is_one_cell() -> None:
    found = merged(
        place("client", saw("rpc-samr/tcp", "ok", check={"port": 49670})),
        place("branch", saw("rpc-samr/tcp", "filtered", check={"port": 49671})),
    )
    assert len(found.cells) == 1
    assert "differs-by-vantage" in by_code(found)


def test_the_exit_code_follows_the_verdicts_and_a_file_left_out_is_not_all_well() -> None:
    well, broken = place("client", saw("ldap/tcp", "ok")), place("branch", saw("ldap/tcp", "filtered"))
    assert exit_code(merged(well)) == OK
    assert exit_code(merged(well, broken)) == NOT_AS_EXPECTED
    assert exit_code(merged(well, broken), ()) == OK
    assert exit_code(merged(well, LeftOut("x.json", "not JSON"))) == NOT_DONE


def test_the_host_itself_is_no_device() -> None:
    found = merged(
        place("client", saw("ldap/tcp", "ok")),
        place("branch", saw("ldap/tcp", "filtered", blocked(HOST))),
    )
    (finding,) = by_code(found)["differs-by-vantage"]
    assert HOST not in finding.explanation


NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)


def test_a_report_from_beyond_this_machines_clock_makes_no_other_one_old() -> None:
    found = merged(place("a", saw("ldap/tcp", "ok"), number=1, started="2026-11-28T11:00:00Z"),
                   place("b", saw("ldap/tcp", "ok"), number=2, started="2099-01-01T00:00:00Z"), clock=NOW)  # fmt: skip
    (told,) = by_code(found)["vantage-stale"]
    assert told.hosts == ("b",)
    assert "ahead of this machine's clock: how old it is cannot be told" in told.title
    late = merged(place("a", saw("ldap/tcp", "ok"), number=1, started="2026-11-20T11:00:00Z"),
                  place("b", saw("ldap/tcp", "ok"), number=2, started="2026-11-28T12:04:00Z"), clock=NOW)  # fmt: skip
    assert [one.hosts for one in by_code(late)["vantage-stale"]] == [("a",)]


def test_where_all_reports_are_from_beyond_it_is_this_clock_that_says_nothing() -> None:
    days = ("2099-01-01T00:00:00Z", "2099-01-01T03:00:00Z", "2099-01-05T00:00:00Z")
    places = [place(f"p{n}", saw("ldap/tcp", "ok"), number=n, started=day) for n, day in enumerate(days, 1)]
    told = by_code(merged(*places, clock=NOW))["vantage-stale"]
    assert [one.hosts for one in told] == [("p1",), ("p2",)]
    assert all("older than that of the others" in one.title for one in told)
    held = by_code(merged(*places, now=NOW))["vantage-stale"]
    assert ["ahead of" in one.title for one in held] == [True] * 3


@pytest.mark.parametrize(
    ("other", "counts"),
    [
        ("2099-01-01T00:00:00Z", "filtered"),  # a wrong clock's is no newer one
        ("yesterday", "filtered"),
        ("2026-11-28T11:30:00+14:00", "filtered"),  # 21:30Z of the day before
        ("2026-11-28T11:30:00Z", "ok"),
        ("2026-11-28T07:30:00-04:00", "ok"),
    ],
)
def test_of_two_reports_of_a_place_the_one_that_was_made_later_counts(other: str, counts: str) -> None:
    right = place("a", saw("ldap/tcp", "filtered"), number=1, started="2026-11-28T11:00:00Z")
    odd = place("a", saw("ldap/tcp", "ok"), number=1, started=other)
    for given in ((right, odd), (odd, right)):
        found = gathered([Sourced(one, "x") for one in given], NOW)
        assert [str(cell.seen["a"].state) for cell in found.cells] == [counts]


@pytest.mark.parametrize(
    ("name", "called"), [("x" * 5000, "x" * 63 + "…"), (" ", "unnamed"), ("", "unnamed"), ("x" * 64, "x" * 64)]
)
def test_a_places_name_is_one_that_a_line_can_hold(name: str, called: str) -> None:
    found = merged(place(name, saw("ldap/tcp", "ok"), number=1))
    assert found.names == (called,)


def test_long_names_that_begin_alike_stay_two_places() -> None:
    found = merged(*(place("x" * 100 + end, saw("ldap/tcp", "ok"), number=n) for n, end in enumerate("ab", 1)))
    assert len(set(found.names)) == len(found.points) == 2


NOBODY = Finding("dns-blocked", Severity.ERROR, "alpha.test", "alpha.test: nobody is found", "e.")


def test_a_fault_that_no_check_of_a_place_shows_is_not_as_expected_from_everywhere() -> None:
    found = merged(
        place("client", saw("ldap/tcp", "ok")), place("branch", saw("dns/udp", "ok"), findings=(NOBODY,), number=9)
    )
    (told,) = by_code(found)["dns-blocked"]
    assert told.title == "alpha.test: nobody is found, as seen from branch"
    assert exit_code(found) == NOT_AS_EXPECTED


def test_a_fault_that_a_check_shows_is_in_the_matrix_alone() -> None:
    failing = place("branch", saw("dns/udp", "filtered"), findings=(NOBODY,), number=9)
    minor = place("client", saw("ldap/tcp", "ok"), findings=(replace(NOBODY, severity=Severity.WARNING),))
    assert "dns-blocked" not in by_code(merged(minor, failing))
