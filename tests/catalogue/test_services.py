"""Services: the contract's names and ports, and the loaders' promises."""

from portcheck.catalogue.services import known, services


def test_the_ports_are_those_of_the_contract() -> None:
    ports = {name: dict(service.ports) for name, service in services().items()}
    assert ports["kpasswd"] == {"tcp": 464, "udp": 464}
    assert ports["ldap-ping"] == {"udp": 389}
    assert ports["gc"] == {"tcp": 3268}
    assert ports["rpc-samr"] == {"tcp": None}


def test_every_dynamic_service_carries_its_interface() -> None:
    dynamic = [s for s in services().values() if s.dynamic]
    directory = {"rpc-netlogon", "rpc-lsarpc", "rpc-samr", "rpc-drsuapi"}
    assert {s.name for s in dynamic} == {*directory, "rpc-dfsr", "rpc-cert"}
    assert all(s.interface and s.version is not None for s in dynamic)


def test_every_service_says_what_it_is_for_and_what_proves_it() -> None:
    roles = {"dc", "gc", "dns", "time", "adws", "unproven"}
    assert all(s.title and s.purpose and s.role in roles for s in services().values())


def test_known_pairs_only() -> None:
    assert known("kpasswd", "udp")
    assert known("tcp", "tcp")
    assert not known("tcp", "udp")
    assert not known("gc", "udp")
    assert not known("", "")
