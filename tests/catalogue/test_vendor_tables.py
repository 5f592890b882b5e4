"""The port tables as the vendors print them, copied here by hand, held against the profiles that rest on them."""

from __future__ import annotations

import pytest

from portcheck.catalogue.profiles import OPENERS, Profile, ProfileRow, built_in
from portcheck.catalogue.services import services
from portcheck.catalogue.sources import Sure
from portcheck.model import Need
from portcheck.model.target import DC

RPC = "dynamic"
Port = tuple[int | str, str]

TABLES: dict[str, tuple[str, set[Port]]] = {
    # RHEL 10, table 1.2; not 445/udp (nothing serves it) nor 323/udp (chrony's own command port)
    "linux-member": ("RHEL-SSSD", {
        (53, "udp"), (53, "tcp"), (389, "udp"), (389, "tcp"), (636, "tcp"), (445, "tcp"), (88, "udp"), (88, "tcp"),
        (464, "udp"), (464, "tcp"), (3268, "tcp"), (3269, "tcp"), (123, "udp"),
    }),
    # Azure NetApp Files; not ICMP, nor 138/udp and 445/udp
    "nas": ("ANF-AD", {
        (9389, "tcp"), (53, "tcp"), (53, "udp"), (464, "tcp"), (464, "udp"), (88, "tcp"), (88, "udp"), (389, "tcp"),
        (389, "udp"), (3268, "tcp"), (445, "tcp"),
    }),
    # Defender for Identity, internal ports and those for several forests; not 3389 (every device), 1813 (comes in)
    "defender-identity": ("MDI", {
        (53, "tcp"), (53, "udp"), (445, "tcp"), (135, "tcp"), (137, "udp"), (389, "tcp"), (389, "udp"), (636, "tcp"),
        (3268, "tcp"), (3269, "tcp"),
    }),
    # Firewall for AD domains and trusts, Windows Server 2008 and later
    "dc-replication": ("FW-AD", {
        (123, "udp"), (135, "tcp"), (464, "tcp"), (464, "udp"), (RPC, "tcp"), (389, "tcp"), (389, "udp"), (636, "tcp"),
        (3268, "tcp"), (3269, "tcp"), (53, "tcp"), (53, "udp"), (88, "tcp"), (88, "udp"), (445, "tcp"),
    }),
    # Hybrid identity, table 1
    "entra-connect": ("ADC-PORTS", {
        (53, "tcp"), (53, "udp"), (88, "tcp"), (88, "udp"), (135, "tcp"), (389, "tcp"), (389, "udp"), (445, "tcp"),
        (636, "tcp"), (RPC, "tcp"), (5985, "tcp"), (9389, "tcp"), (3268, "tcp"),
    }),
}  # fmt: skip
SAME_AS = {"forest-trust": "dc-replication", "rodc": "dc-replication"}
BESIDE: dict[str, set[Port]] = {
    "linux-member": {(135, "tcp")},  # winbind
    "defender-identity": {(88, "tcp")},
    "entra-connect": {(464, "tcp"), (464, "udp")},
}
"""What a profile asks for beside the table; each such row says that it is not the vendor's word."""


def ports(rows: tuple[ProfileRow, ...]) -> set[Port]:
    usual = {(s.name, t): p if p is not None else RPC for s in services().values() for t, p in s.ports.items()}
    return {(row.port or usual[row.service, row.transport], row.transport) for row in rows}


@pytest.mark.parametrize("name", [*TABLES, *SAME_AS])
def test_a_profile_asks_controllers_for_what_its_vendor_s_table_lists_and_nothing_else(name: str) -> None:
    _, table = TABLES[SAME_AS.get(name, name)]
    assert ports(built_in()[name].dc_rows) == table | BESIDE.get(name, set())


@pytest.mark.parametrize("name", TABLES)
def test_what_stands_beside_the_table_does_not_claim_it(name: str) -> None:
    source, table = TABLES[name]
    for row in built_in()[name].dc_rows:
        if not ports((row,)) <= table:
            assert row.source != source, row
            assert row.sure in {Sure.REASONED, Sure.COMMON}, row


def targets(profile: Profile) -> dict[tuple[str, int | str], str]:
    """Whom its rows are about and on which port, and who opens them."""
    found = {}
    for row in profile.rows:
        if row.target not in {DC, "cloud"}:
            ((port, _),) = ports((row,)) if row.service not in {"tcp", "udp"} or row.port else {(RPC, row.transport)}
            found[row.target, port] = row.opener
    return found


def test_who_opens_what_around_a_federation_server_is_as_the_vendor_says() -> None:
    """AD FS requirements, firewall requirements; hybrid identity, tables 3 to 5."""
    assert targets(built_in()["adfs"]) == {
        ("adfs", 443): "clients", ("wap", 49443): "users", ("adfs", 80): "balancer", ("adfs", 5985): "sync",
        ("sql", 1433): "",
    }  # fmt: skip
    assert targets(built_in()["wap"]) == {
        ("adfs", 443): "", ("wap", 443): "users", ("wap", 49443): "users", ("wap", 80): "balancer",
        ("wap", 5985): "sync",
    }  # fmt: skip
    connect = targets(built_in()["entra-connect"])
    assert (connect["adfs", 5985], connect["wap", 5985]) == ("", "")


def test_a_certification_authority_is_asked_at_its_mapper_and_at_the_port_that_it_names() -> None:
    asked = {(row.target, row.service): row.need for row in built_in()["adcs-client"].rows if row.target != DC}
    assert asked == {
        ("ca", "rpc"): Need.REQUIRED, ("ca", "rpc-cert"): Need.REQUIRED, ("ca", "smb"): Need.CONDITIONAL,
        ("ces", "https"): Need.CONDITIONAL, ("crl", "http"): Need.CONDITIONAL,
    }  # fmt: skip


def test_what_only_some_farms_have_is_no_need() -> None:
    for name in ("adfs", "mim-service", "entra-connect"):
        rows = [row for row in built_in()[name].rows if row.target == "sql"]
        assert {row.need for row in rows} == {Need.CONDITIONAL}, name
        assert [row.once_named for row in rows if row.service == "mssql"] == [Need.REQUIRED], name


def test_nothing_of_the_mim_service_s_own_ports_is_opened_by_the_mim_service() -> None:
    rows = [row for row in built_in()["mim-service"].rows if row.target == "mim"]
    assert {(row.service, row.opener) for row in rows} == {
        ("mim-service", "portals"), ("mim-sts", "portals"), ("http", "clients"), ("https", "clients"),
    }  # fmt: skip


def test_directions_that_go_both_ways_are_marked_and_no_others() -> None:
    assert [name for name, profile in built_in().items() if profile.mirrored] == ["dc-replication", "forest-trust"]
    assert {row.opener for row in built_in()["pcns"].rows} == {DC}


def test_replication_between_controllers_asks_for_sysvol_and_not_for_remote_management() -> None:
    asked = {row.service: row.need for row in built_in()["dc-replication"].rows}
    assert asked["rpc-dfsr"] is Need.CONDITIONAL
    assert "winrm" not in asked


@pytest.mark.parametrize("name", sorted(built_in()))
def test_every_row_says_how_sure_it_is_and_none_without_a_document_is_the_vendor_s_word(name: str) -> None:
    for row in built_in()[name].rows:
        assert (row.sure is Sure.VENDOR) <= (row.source not in {"COMMON", "OWN", "SEED"}), row
        assert row.opener in {"", *OPENERS}


def test_one_of_two_is_no_choice_any_more_where_the_other_is_needed_anyway() -> None:
    """AD FS asks for LDAP as a domain member: a forest without certificates does not fail it."""
    rows = {row.service: row for row in built_in()["adfs"].dc_rows}
    assert rows["ldap"].need is Need.REQUIRED
    assert "ldaps" not in rows or rows["ldaps"].need is not Need.REQUIRED


def test_a_read_only_controller_needs_what_its_own_table_lists_and_requires_nothing_else() -> None:
    """Designing RODCs in the Perimeter Network; not 5722, where DFS Replication was on Windows Server 2008 only."""
    table: set[Port] = {
        (RPC, "tcp"), (135, "tcp"), (389, "tcp"), (3268, "tcp"), (445, "tcp"), (53, "tcp"), (88, "tcp"), (464, "tcp"),
        (123, "udp"), (389, "udp"), (53, "udp"), (464, "udp"),
    }  # fmt: skip
    rows = built_in()["rodc"].dc_rows
    assert table <= ports(rows)
    assert ports(tuple(row for row in rows if row.need is Need.REQUIRED)) <= table
    assert {row.source for row in rows if row.service == "kpasswd"} == {"RODC-PERIMETER"}
