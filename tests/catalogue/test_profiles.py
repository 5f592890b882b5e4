"""Profiles: every row is known and sourced, roles build on each other, and needs add up."""

import pytest

from portcheck.catalogue.profiles import Profile, ProfileError, ProfileRow, built_in, merge, with_own
from portcheck.catalogue.services import GENERIC, known, services
from portcheck.catalogue.sources import sources
from portcheck.model import Need
from portcheck.model.target import DC, TARGETS

CONTRACT = [
    "mim",
    "mim-import",
    "mim-export",
    "mim-password",
    "mim-exchange",
    "mim-service",
    "pcns",
    "entra-connect",
    "domain-join",
    "member",
    "forest-trust",
    "dc-replication",
    "ldap-app",
    "adfs",
    "exchange-online",
    "graph",
    "all",
]
NOT_ON_A_DC = {"mim-service", "mim-sts", "https", "http", "amqps", "mssql", "kdc-proxy", "rpc-cert"}
BETWEEN_CONTROLLERS = {"rpc-dfsr"}
"""On a domain controller, for other controllers alone."""


def needs(profile: str) -> dict[str, Need]:
    return {f"{row.service}/{row.transport}": row.need for row in built_in()[profile].dc_rows}


def row(service: str, need: Need, operation: str, why: str = "") -> ProfileRow:
    return ProfileRow(service=service, transport="tcp", need=need, operation=operation, why=why, source="OWN")


def test_the_profiles_of_the_contract_are_there() -> None:
    assert set(CONTRACT) <= set(built_in())


@pytest.mark.parametrize("profile", sorted(built_in()))
def test_a_row_names_a_known_service_a_source_and_a_reason(profile: str) -> None:
    for row in built_in()[profile].rows:
        assert known(row.service, row.transport), row
        assert row.source in sources(), row
        assert row.operation, row
        assert row.why, row
        assert row.target in TARGETS, row
        assert row.target != DC or row.service not in NOT_ON_A_DC | GENERIC, row
        assert bool(row.host) == (row.target == "cloud"), row


def test_mim_holds_the_classic_list_and_what_it_forgot() -> None:
    classic = [
        "ldap/tcp",
        "ldaps/tcp",
        "kerberos/tcp",
        "kpasswd/tcp",
        "kpasswd/udp",
        "dns/tcp",
        "dns/udp",
        "gc/tcp",
        "gc-tls/tcp",
        "rpc/tcp",
    ]
    forgotten = ["ldap-ping/udp", "smb/tcp", "rpc-netlogon/tcp", "rpc-lsarpc/tcp", "rpc-samr/tcp", "rpc-drsuapi/tcp"]
    mim = needs("mim")
    assert {name for name, need in mim.items() if need is Need.REQUIRED} == {*classic, *forgotten}
    assert {name for name, need in mim.items() if need is not Need.REQUIRED} == {"kerberos/udp"}


def test_kerberos_over_udp_never_fails_a_windows_client() -> None:
    assert all(needs(name).get("kerberos/udp") in (None, Need.OPTIONAL) for name in built_in())


def test_entra_connect_does_not_need_kpasswd_and_mim_does() -> None:
    assert needs("entra-connect")["kpasswd/tcp"] is Need.OPTIONAL
    assert needs("mim-password")["kpasswd/tcp"] is Need.REQUIRED
    assert "kpasswd/tcp" not in needs("mim-export")


def test_all_asks_a_dc_for_every_service_it_can_have() -> None:
    """What a controller is known to have, and what any other profile asks of one."""
    proven = {f"{s.name}/{t}" for s in services().values() if s.role != "unproven" for t in s.ports}
    asked = {pair for name in set(built_in()) - {"all"} for pair in needs(name)}
    between = {f"{name}/tcp" for name in BETWEEN_CONTROLLERS}
    told = "portcheck/catalogue/profiles/all.toml"
    assert set(needs("all")) == (proven | asked) - between, told
    assert needs("all")["kpasswd/udp"] is needs("all")["kerberos/udp"] is Need.OPTIONAL
    assert needs("all")["kpasswd/tcp"] is Need.REQUIRED
    assert {r.port for r in built_in()["all"].rows if r.service == "winrm"} == {None, 5986}


def test_unproven_services_are_never_required_of_a_dc() -> None:
    unproven = {s.name for s in services().values() if s.role == "unproven"}
    assert not [r for p in built_in().values() for r in p.dc_rows if r.service in unproven and r.need is Need.REQUIRED]
    assert not [p for p in set(built_in()) - {"dc-replication", "rodc"} if BETWEEN_CONTROLLERS & needs(p).keys()]


def test_pcns_and_cloud_rows_are_no_business_of_a_dc() -> None:
    assert {r.target for r in built_in()["pcns"].rows if r.service in {"rpc", "tcp"}} == {"sync"}
    assert not built_in()["graph"].dc_rows
    assert not built_in()["exchange-online"].dc_rows


def test_merging_keeps_the_strongest_need_and_adds_up_the_rest() -> None:
    first = Profile("a", "A", (row("gc", Need.OPTIONAL, "browse", "nice"), row("ldap", Need.REQUIRED, "read", "must")))
    second = Profile("b", "B", (row("gc", Need.REQUIRED, "search", "must"),))
    gc, ldap = merge((first, second))
    assert (gc.need, gc.operations, gc.profiles) == (Need.REQUIRED, ("browse", "search"), ("a", "b"))
    assert gc.why == "must"
    assert (ldap.need, ldap.profiles) == (Need.REQUIRED, ("a",))
    assert merge(()) == ()


def test_an_own_profile_extends_and_overrides() -> None:
    own = {
        "ours": {
            "title": "Ours",
            "extends": "mim",
            "check": [
                {"service": "gc-tls", "transport": "tcp", "need": "optional", "why": "no TLS here"},
                {"service": "tcp", "transport": "tcp", "port": 5000, "need": "required"},
            ],
        }
    }
    ours, mim = with_own(own)["ours"], built_in()["mim"]
    changed = {r.key: r for r in ours.rows}
    assert changed["gc-tls", "tcp", None, DC, ""].need is Need.OPTIONAL
    assert set(changed) - {r.key for r in mim.rows} == {("tcp", "tcp", 5000, DC, "")}
    assert ours.title == "Ours"


def test_a_service_on_its_own_port_is_the_same_row() -> None:
    own = {"ours": {"extends": "mim", "check": [{"service": "ldap", "transport": "tcp", "port": 389}]}}
    assert len(with_own(own)["ours"].rows) == len(built_in()["mim"].rows)


@pytest.mark.parametrize(
    ("own", "says"),
    [
        ({"mim": {}}, "'mim' is built in"),
        ({"a": {"extends": "b"}, "b": {"extends": ["mim", "a"]}}, "a -> b -> a"),
        ({"a": {"extends": "nobody"}}, "'a' extends 'nobody', which does not exist"),
        ({"a": {"check": [{"service": "ldap", "transport": "udp"}]}}, "ldap/udp, which portcheck does not know"),
        ({"a": {"check": [{"service": "tcp", "transport": "tcp"}]}}, "without a port"),
        ({"a": {"check": [{"service": "ldap", "transport": "tcp", "need": "maybe"}]}}, "'maybe' is not known"),
        ({f"p{n}": {"extends": f"p{n + 1}"} for n in range(5000)}, "too many others"),
    ],
)
def test_a_profile_that_cannot_be_put_together_is_one_line(own: dict[str, dict[str, object]], says: str) -> None:
    with pytest.raises(ProfileError) as raised:
        with_own(own)
    assert says in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_own_profile_that_needs_one_of_two_outright_leaves_no_choice() -> None:
    own = {"ours": {"extends": "ldap-app", "check": [{"service": "ldap", "transport": "tcp", "need": "required"}]}}
    rows = {f"{r.service}/{r.transport}": (r.need, r.one_of) for r in with_own(own)["ours"].rows}
    assert (rows["ldap/tcp"], rows["ldaps/tcp"]) == ((Need.REQUIRED, ""), (Need.CONDITIONAL, ""))
    kept = {r.service: r.one_of for r in built_in()["ldap-app"].rows if r.one_of}
    assert kept == {"ldap": "directory", "ldaps": "directory"}
