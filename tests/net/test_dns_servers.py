"""Where the system's name servers come from, and which of them nobody is."""

from __future__ import annotations

from types import SimpleNamespace

import dns.resolver
import pytest

from portcheck.net.dns import NoResolverError, system_servers
from portcheck.net.platform import dns_servers


@pytest.mark.parametrize(
    ("address", "never"),
    [
        ("fec0:0:0:ffff::1", True),
        ("fec0:0:0:ffff::3%1", True),
        ("fec0::1", False),
        ("10.0.0.53", False),
        ("dns", False),
    ],
)
def test_windows_stand_ins_for_no_server_are_known(address: str, never: bool) -> None:
    assert dns_servers.never_there(address) is never


def test_they_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(nameservers=["fec0:0:0:ffff::1", "10.0.0.53", "fec0:0:0:ffff::2"], port=53)
    monkeypatch.setattr(dns.resolver, "Resolver", lambda **_: found)
    assert system_servers() == (("10.0.0.53", 53),)


@pytest.mark.parametrize("fault", [FileNotFoundError(2, "key"), AttributeError("nameservers"), ValueError("octet")])
def test_a_registry_that_cannot_be_read_is_no_traceback(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def broken(**_: bool) -> None:
        raise fault

    monkeypatch.setattr(dns.resolver, "Resolver", broken)
    with pytest.raises(NoResolverError, match="name one with --dns"):
        system_servers()


def test_a_machine_with_only_stand_ins_has_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(nameservers=["fec0:0:0:ffff::1"], port=53)
    monkeypatch.setattr(dns.resolver, "Resolver", lambda **_: found)
    with pytest.raises(NoResolverError):
        system_servers()
