"""Each fault of the lab looks to a plain socket as it was measured to look, on its own port and on no other."""

from __future__ import annotations

from contextlib import AbstractContextManager, ExitStack

import pytest

from tests.lab import faults, services
from tests.lab.faults import REJECTIONS, dead_host, drop, lose, misroute, no_route, police, reject
from tests.lab.look import Sight
from tests.lab.network import CLIENT, FW2_CORE
from tests.lab.records import missing_srv, published_ipv6, stale_dc, turned_to
from tests.lab.test_lab import CONNECTED, LDAP_ROOT_DSE
from tests.lab.world import Lab

FW1_NEAR, FW2_NEAR = "10.77.0.1", FW2_CORE[0]
CODES = {
    "admin-prohibited": ("EHOSTUNREACH", 13),
    "host-prohibited": ("EHOSTUNREACH", 10),
    "net-prohibited": ("ENETUNREACH", 9),
    "host-unreachable": ("EHOSTUNREACH", 1),
    "net-unreachable": ("ENETUNREACH", 0),
    "no-route": ("ENETUNREACH", 0),
    "port-unreachable": ("ECONNREFUSED", 3),
    "prot-unreachable": ("ENOPROTOOPT", 2),
}


# Asks NTP and the rootDSE's currentTime (RFC 4511, 4.5.1), and prints how far each is from our clock.
CLOCKS = """
import socket, struct, sys, time
from datetime import datetime, timezone
ntp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
ntp.settimeout(3)
ntp.connect((sys.argv[1], 123))
ntp.send(b"\\x23" + bytes(47))
print(struct.unpack_from("!I", ntp.recv(100), 40)[0] - 2208988800 - time.time())
inner = bytes.fromhex("04000a01000a0100020100020100010100870b") + b"objectClass0\\x0d\\x04\\x0bcurrentTime"
search = b"\\x02\\x01\\x01\\x63" + bytes([len(inner)]) + inner
ldap = socket.create_connection((sys.argv[1], 389), 3)
ldap.send(b"\\x30" + bytes([len(search)]) + search)
told = ldap.recv(300).partition(b"currentTime1\\x13\\x04\\x11")[2][:14].decode()
print(datetime.strptime(told + "+0000", "%Y%m%d%H%M%S%z").timestamp() - time.time())
"""
ISSUERS = """
import socket, ssl, sys
context = ssl.create_default_context()
context.load_verify_locations(sys.argv[1])
for port in (636, 3269):
    shown = context.wrap_socket(socket.create_connection((sys.argv[2], port), 3), server_hostname="bdc1.bravo.test")
    print(shown.getpeercert()["issuer"][0][0][1])
"""


@pytest.mark.parametrize("where", ["fw1", "fw2", "host"])
def test_a_dropped_port_is_silent_and_its_neighbour_is_not(lab: Lab, where: str) -> None:
    at = {"fw1": lab.fw1, "fw2": lab.fw2, "host": lab.bravo.node}[where]
    with drop(lab, lab.bravo, "464", "123/udp", at=at):
        assert lab.look(lab.bravo, "464/tcp", "123/udp") == [Sight("timeout")] * 2
        assert lab.look(lab.bravo, "88/tcp") == lab.look(lab.alpha, "464/tcp") == [CONNECTED]
    assert lab.look(lab.bravo, "464/tcp") == [CONNECTED]


def test_answers_can_be_lost_on_the_way_back(lab: Lab) -> None:
    with drop(lab, lab.bravo, "389/tcp", back=True):
        assert lab.look(lab.bravo, "389/tcp", "88/tcp") == [Sight("timeout"), CONNECTED]


def test_a_whole_host_can_be_dropped(lab: Lab) -> None:
    with drop(lab, lab.bravo):
        assert lab.look(lab.bravo, "88/tcp", "123/udp") == [Sight("timeout")] * 2
        assert lab.look(lab.charlie, "88/tcp") == [CONNECTED]


@pytest.mark.parametrize("how", sorted(REJECTIONS))
def test_a_router_says_no_in_each_way_and_is_named_by_icmp(lab: Lab, how: str) -> None:
    with reject(lab, lab.bravo, "389", how=how, at=lab.fw2) if how != "tcp-reset" else _reset(lab):
        tcp, udp, other = lab.look(lab.bravo, "389/tcp", "389/udp", "88/tcp")
    if how == "tcp-reset":
        assert tcp == Sight("ECONNREFUSED")
    else:
        error, code = CODES[how]
        assert tcp == udp == Sight(error, (3, code, FW2_NEAR))
    assert other == CONNECTED


def _reset(lab: Lab) -> AbstractContextManager[None]:
    return reject(lab, lab.bravo, "389/tcp", how="tcp-reset")


def test_the_host_itself_says_no(lab: Lab) -> None:
    with reject(lab, lab.bravo, "464", how="port-unreachable", at=lab.bravo.node):
        refused = Sight("ECONNREFUSED", (3, 3, lab.bravo.address))
        assert lab.look(lab.bravo, "464/tcp", "464/udp") == [refused] * 2


def test_the_near_router_says_no(lab: Lab) -> None:
    with reject(lab, lab.alpha, "88/tcp", at=lab.fw1):
        assert lab.look(lab.alpha, "88/tcp") == [Sight("EHOSTUNREACH", (3, 13, FW1_NEAR))]


@pytest.mark.parametrize(
    ("kind", "seen"),
    [
        ("unreachable", Sight("EHOSTUNREACH", (3, 1, FW1_NEAR))),
        ("prohibit", Sight("EHOSTUNREACH", (3, 13, FW1_NEAR))),
        ("blackhole", Sight("timeout")),
    ],
)
def test_a_router_with_a_dead_end_for_a_route(lab: Lab, kind: str, seen: Sight) -> None:
    with misroute(lab, lab.charlie, kind):
        assert lab.look(lab.charlie, "389/tcp", "123/udp", patience_s=3) == [seen, seen]


def test_forty_refusals_come_from_a_router_that_does_not_limit_them_and_few_from_one_that_does(lab: Lab) -> None:
    ports = [f"{port}/udp" for port in range(5000, 5040)]
    with reject(lab, lab.bravo, "5000-5040/udp"):
        assert {seen.error for seen in lab.look(lab.bravo, *ports)} == {"EHOSTUNREACH"}
        with faults.limited_icmp(lab.fw2):
            limited = lab.look(lab.bravo, *ports, patience_s=0.5)
    assert Sight("timeout") in limited


def test_no_local_route_fails_at_once_and_without_icmp(lab: Lab) -> None:
    with no_route(lab, lab.alpha):
        assert lab.look(lab.alpha, "389/tcp", "123/udp") == [Sight("ENETUNREACH")] * 2
        assert lab.look(lab.bravo, "389/tcp") == [CONNECTED]


def test_the_clients_own_firewall_is_seen_as_its_own(lab: Lab) -> None:
    with drop(lab, lab.alpha, "389", at=lab.client):
        assert lab.look(lab.alpha, "389/tcp", "389/udp") == [Sight("timeout"), Sight("EPERM")]
    with reject(lab, lab.alpha, "389/tcp", at=lab.client):
        assert lab.look(lab.alpha, "389/tcp") == [Sight("EHOSTUNREACH", (3, 13, CLIENT[0]))]


def test_a_dead_host_is_reported_by_the_last_router(lab: Lab) -> None:
    with dead_host(lab, lab.bravo):
        assert lab.look(lab.bravo, "389/tcp", "123/udp", patience_s=6) == [
            Sight("EHOSTUNREACH", (3, 1, FW2_NEAR)),
            Sight("EHOSTUNREACH", (3, 1, FW2_NEAR)),
        ]
    assert lab.look(lab.bravo, "389/tcp") == [CONNECTED]


def test_loss_takes_some_datagrams_and_not_all(lab: Lab) -> None:
    with lose(lab, 50, lab.alpha):
        seen = {s.error for s in lab.look(lab.alpha, *["123/udp"] * 40, patience_s=0.5)}
    assert seen == {"", "timeout"}


def test_policing_takes_what_exceeds_the_rate(lab: Lab) -> None:
    with police(lab, rate=20, burst=5):
        seen = lab.look(lab.alpha, *["88/tcp"] * 12, patience_s=0.5)
    assert CONNECTED in seen
    assert Sight("timeout") in seen


@pytest.mark.parametrize(
    ("fault", "tcp"),
    [
        (services.mute, Sight("timeout")),
        (services.reset_on_data, Sight("ECONNRESET")),
        (services.close_after_accept, Sight(closed=True)),
    ],
)
def test_a_server_that_takes_the_question_and_does_not_answer_it(lab: Lab, fault: object, tcp: Sight) -> None:
    assert callable(fault)
    with fault(lab.bravo, "389/tcp"):
        (seen,) = lab.look(lab.bravo, "389/tcp", words=LDAP_ROOT_DSE)
    assert seen == tcp or (fault is services.close_after_accept and seen.error == "ECONNRESET")


def test_a_reset_right_after_accept_arrives_in_connect_or_in_the_first_read(lab: Lab) -> None:
    with services.reset_after_accept(lab.bravo, "389/tcp"):
        assert lab.look(lab.bravo, "389/tcp", listen=True) == [Sight("ECONNRESET")]


def test_a_web_server_answers_on_the_ldap_port(lab: Lab) -> None:
    with services.http_on(lab.bravo, "389/tcp", "389/udp"):
        for seen in lab.look(lab.bravo, "389/tcp", "389/udp", words=LDAP_ROOT_DSE):
            assert bytes.fromhex(seen.heard).startswith(b"HTTP/1.1 400")


def test_a_late_service_is_itself_after_the_delay(lab: Lab) -> None:
    with services.late(lab.bravo, "389/tcp", "123/udp", delay_s=1):
        assert lab.look(lab.bravo, "389/tcp", words=LDAP_ROOT_DSE, patience_s=0.5) == [Sight("timeout")]
        assert lab.look(lab.bravo, "389/tcp", words=LDAP_ROOT_DSE, patience_s=5)[0].heard.startswith("30")
        assert lab.look(lab.bravo, "123/udp", patience_s=5)[0].heard.startswith("24")


def test_one_session_in_twelve_is_reset_whatever_its_port(lab: Lab) -> None:
    with services.reset_one_in(lab.alpha, 12):
        seen = lab.look(lab.alpha, *["3268/tcp", "389/tcp"] * 12, words=LDAP_ROOT_DSE)
    assert [s.error for s in seen if s.error == "ECONNRESET"] == ["ECONNRESET"] * 2


def test_a_source_port_that_the_kdc_takes_for_a_loop(lab: Lab) -> None:
    with faults.refuse_source_port(lab.alpha, 53249):
        assert lab.look(lab.alpha, "88/tcp", "464/udp", source=53249) == [Sight("ECONNREFUSED"), Sight("timeout")]
        assert lab.look(lab.alpha, "88/tcp", source=53250) == [CONNECTED]


def test_a_firewall_that_resets_what_follows_the_handshake(lab: Lab) -> None:
    long_words = LDAP_ROOT_DSE + "00" * 60
    with faults.reset_on_payload(lab, lab.bravo, "389/tcp"):
        assert lab.look(lab.bravo, "389/tcp") == [CONNECTED]
        assert lab.look(lab.bravo, "389/tcp", words=long_words) == [Sight("ECONNRESET")]


def test_a_syn_proxy_accepts_for_a_dead_host(lab: Lab) -> None:
    with ExitStack() as both:
        both.enter_context(dead_host(lab, lab.bravo))
        both.enter_context(faults.syn_proxy(lab, lab.bravo, "389/tcp"))
        assert lab.look(lab.bravo, "389/tcp") == [CONNECTED]
    with faults.syn_proxy(lab, lab.bravo, "389/tcp"):
        assert lab.look(lab.bravo, "389/tcp", words=LDAP_ROOT_DSE)[0].heard.startswith("30")


def test_behind_a_translated_address_another_forest_answers(lab: Lab) -> None:
    with faults.translate(lab, lab.bravo, lab.charlie), drop(lab, lab.charlie, "88/tcp", at=lab.charlie.node):
        assert lab.look(lab.bravo, "88/tcp", "389/tcp") == [Sight("timeout"), CONNECTED]


def test_a_narrow_link_tells_the_next_mtu_unless_it_is_a_black_hole(lab: Lab) -> None:
    sized = {"words": "00" * 1400, "dont_fragment": True}
    with faults.narrow_link(lab, 1280):
        assert lab.look(lab.bravo, "123/udp", **sized) == [Sight("EMSGSIZE", (3, 4, FW1_NEAR))]
    with faults.narrow_link(lab, 1280, icmp=False):
        assert lab.look(lab.bravo, "5000/udp", **sized) == [Sight("timeout")]
    assert lab.look(lab.bravo, "5000/udp", **sized) == [Sight("ECONNREFUSED", (3, 3, lab.bravo.address))]


def test_fragments_vanish_and_single_packets_pass(lab: Lab) -> None:
    refused = Sight("ECONNREFUSED", (3, 3, lab.bravo.address))
    with faults.drop_fragments(lab, lab.bravo):
        assert lab.look(lab.bravo, "5000/udp", words="00" * 2000) == [Sight("timeout")]
        assert lab.look(lab.bravo, "5000/udp", words="00" * 1000) == [refused]
    assert lab.look(lab.bravo, "5000/udp", words="00" * 2000) == [refused]


def test_a_kdc_can_be_taken_from_a_domain_controller(lab: Lab) -> None:
    with services.stopped_kdc(lab.charlie):
        assert lab.look(lab.charlie, "88/tcp", "389/tcp") == [Sight("ECONNREFUSED"), CONNECTED]
    assert lab.look(lab.charlie, "88/tcp") == [CONNECTED]


def test_a_wrong_clock_shows_in_time_and_in_ldap(lab: Lab) -> None:
    with services.skewed(lab.charlie, 1200):
        ntp, ldap = lab.vantage.python("-c", CLOCKS, lab.charlie.address).stdout.split()
    assert round(float(ntp), -1) == 1200
    assert round(float(ldap), -1) == 1200


def test_another_certificate_can_stand_on_one_tls_port(lab: Lab) -> None:
    def issuers() -> list[str]:
        return lab.vantage.python("-c", ISSUERS, str(lab.stranger.file), lab.bravo.address).stdout.split()

    foreign = lab.stranger.issue((lab.bravo.host,))
    with services.present(lab.bravo, foreign, "636/tcp"):
        assert issuers() == ["stranger-ca", "lab-ca"]
    assert issuers() == ["lab-ca", "lab-ca"]


def test_records_are_taken_away_turned_and_put_back(lab: Lab) -> None:
    with missing_srv(lab.charlie):
        assert _asked(lab, "_ldap._tcp.dc._msdcs.charlie.test", "SRV") == []
    with stale_dc(lab.charlie) as old:
        assert any(f" {old}." in answer for answer in _asked(lab, "_ldap._tcp.dc._msdcs.charlie.test", "SRV"))
    with published_ipv6(lab.charlie):
        assert _asked(lab, lab.charlie.host, "AAAA") == [lab.charlie.address6]
    with turned_to(lab.charlie, lab.alpha):
        assert _asked(lab, lab.charlie.host, "A") == [lab.alpha.address]
    assert _asked(lab, lab.charlie.host, "A") == [lab.charlie.address]
    assert _asked(lab, "_ldap._tcp.dc._msdcs.charlie.test", "SRV") == [f"0 100 389 {lab.charlie.host}."]


def _asked(lab: Lab, name: str, record: str) -> list[str]:
    ask = (
        "import dns.resolver as r, sys\n"
        "try: print(*r.resolve(sys.argv[1], sys.argv[2]), sep='\\n')\n"
        "except (r.NoAnswer, r.NXDOMAIN): pass"
    )
    run = lab.vantage.python("-c", ask, name, record)
    assert not run.code, run.stderr
    return run.stdout.splitlines()
