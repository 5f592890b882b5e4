"""What a reader is told of `portcheck listen`, in its own words and in those of a check that it answered."""

from __future__ import annotations

from factories import check, controller, outcome, report

from portcheck.model import ForestReport, State
from portcheck.render import listen
from portcheck.render.shared.digest import digests, headline
from portcheck.render.shared.layout import to_string
from portcheck.render.shared.options import Options
from portcheck.server.admission import Visitor
from portcheck.server.listener.limits import Limits
from portcheck.server.listener.listening import ListenOrder, Missed, Opened, Ready
from portcheck.server.listener.ports import WantedPort

OPTIONS = Options(width=80)
LDAP, KPASSWD = WantedPort("ldap/tcp", 389), WantedPort("kpasswd/udp", 464)
HERE, SIX = "10.77.2.10", "fd77:0:0:12::10"


def shown(lines: object) -> str:
    text = to_string(lines, OPTIONS)  # type: ignore[arg-type]
    assert max(len(line) for line in text.splitlines() if "-NetFirewallRule " not in line) <= 80  # that is to be pasted
    return " ".join(text.split())


def test_it_says_where_it_is_open_what_is_taken_and_how_to_ask() -> None:
    order = ListenOrder((LDAP, KPASSWD), (HERE, SIX), "dc1.contoso.com")
    missed = (Missed(KPASSWD, SIX, "taken by kadmind (pid 812)"),)
    said = shown(
        listen.opening(order, Ready((Opened(LDAP, HERE), Opened(LDAP, SIX), Opened(KPASSWD, HERE)), missed), OPTIONS)
    )
    assert f"on {HERE}, {SIX} open ldap 389/tcp, kpasswd 464/udp" in said
    assert f"not open kpasswd 464/udp on {SIX}: taken by kadmind (pid 812)" in said
    assert f"portcheck check {HERE}" in said


def test_moved_ports_are_told_as_the_forests_file_wants_them() -> None:
    moved = (WantedPort("ldap/tcp", 10389, moved=True), WantedPort("ldap-ping/udp", 389))
    order = ListenOrder(moved, (HERE,), "dc1.contoso.com", "contoso.com")
    said = shown(listen.asking(order, OPTIONS))
    assert 'name = "contoso.com" discover = false' in said
    assert "ports = { ldap = 10389 }" in said


def test_it_says_the_command_that_asks_for_the_whole_profile() -> None:
    order = ListenOrder((LDAP,), (HERE, SIX), "mim1", profiles=("mim-service", "adfs"), roles=("mim", "sql"))
    said = shown(listen.asking(order, OPTIONS))
    systems = f"--system mim={HERE} --system sql={HERE}"
    assert f"portcheck check {HERE} --profile mim-service --profile adfs {systems}" in said


def test_moved_ports_of_other_machines_are_told_with_those_machines() -> None:
    moved = (WantedPort("mssql/tcp", 11433, moved=True),)
    order = ListenOrder(moved, (HERE,), "mim1", profiles=("mim-service",), roles=("sql",), selected=("--only", "mssql"))
    said = shown(listen.asking(order, OPTIONS))
    assert "then portcheck check --profile mim-service --only mssql:" in said
    assert f'[[forest.system]] role = "sql" host = "mim1" address = "{HERE}"' in said


def test_proven_is_what_one_visitor_came_to_whole() -> None:
    order = ListenOrder((LDAP, KPASSWD), (HERE,), "dc1")
    limits = Limits(lambda _: None)
    assert not listen.proven(order, limits)
    limits.admits(Visitor("10.77.0.10", 40000, LDAP.service, HERE, LDAP.port))
    limits.admits(Visitor("10.77.0.11", 40000, KPASSWD.service, HERE, KPASSWD.port))
    assert not listen.proven(order, limits)  # each of them came to half
    limits.admits(Visitor("10.77.0.10", 40001, KPASSWD.service, HERE, KPASSWD.port))
    assert listen.proven(order, limits)


def test_a_port_that_no_check_comes_to_by_itself_does_not_count() -> None:
    dynamic = WantedPort("rpc-dynamic/tcp", 49152, unasked=True)
    limits = Limits(lambda _: None)
    limits.admits(Visitor("10.77.0.10", 40000, LDAP.service, HERE, LDAP.port))
    assert listen.proven(ListenOrder((LDAP, dynamic), (HERE,), "dc1"), limits)
    said = shown(listen.summary(Ready((Opened(LDAP, HERE), Opened(dynamic, HERE)), ()), limits, OPTIONS))
    assert "1 of 1 port reached." in said
    assert "not asked rpc-dynamic 49152/tcp: a check comes there only where" in said


def test_the_end_tells_who_came_and_what_nobody_came_to() -> None:
    limits = Limits(lambda _: None)
    for source, wanted in (("10.77.0.10", LDAP), ("10.77.0.1", LDAP), ("\x1b[31m", LDAP)):
        limits.admits(Visitor(source, 40000, wanted.service, HERE, wanted.port))
    limits.refused["10.77.0.99"] = 7
    said = shown(listen.summary(Ready((Opened(LDAP, HERE), Opened(KPASSWD, HERE)), ()), limits, OPTIONS))
    assert "1 of 2 ports reached. from 10.77.0.10: ldap 389/tcp from 10.77.0.1: ldap 389/tcp" in said
    assert "nobody at kpasswd 464/udp" in said
    assert "10.77.0.99 (7)" in said
    assert "\x1b" not in said


LISTENER = {"answered_by": "portcheck listen"}


def test_a_forest_that_only_the_listener_answered_for_is_never_called_well() -> None:
    forest = ForestReport("alpha.test", ("mim",), (controller(),))
    whole = report(outcome(check("ldap"), State.OK, facts=LISTENER), forests=(forest,))
    part = report(
        outcome(check("ldap"), State.OK, facts=LISTENER), outcome(check("kpasswd"), State.OK), forests=(forest,)
    )
    words = [headline(digests(each)[0])[1] for each in (whole, part)]
    assert words == [
        "paths proven by portcheck listen, no domain controller seen",
        "paths proven, in part by portcheck listen",
    ]


def test_windows_is_told_which_rule_lets_the_other_machine_in() -> None:
    opened = [WantedPort("ldap/tcp", 389), WantedPort("ldap-ping/udp", 389), WantedPort("kerberos/tcp", 88)]
    said = "\n".join(listen.firewall(opened, "win32"))
    assert "-Protocol TCP -LocalPort 389,88" in said
    assert "-Protocol UDP -LocalPort 389" in said
    assert said.index("New-NetFirewallRule") < said.index("Remove-NetFirewallRule -DisplayName 'portcheck listen'")
    assert not list(listen.firewall(opened, "linux"))
    assert not list(listen.firewall([], "win32"))
