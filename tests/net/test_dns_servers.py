"""Where the system's name servers come from, and which of them nobody is."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import dns.resolver
import pytest

from portcheck.net.dns import NoResolverError, asked_and_passed_over, system_servers
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
    monkeypatch.setattr(dns_servers, "configured", lambda: found)
    assert system_servers() == (("10.0.0.53", 53),)


@pytest.mark.parametrize(
    "fault",
    [FileNotFoundError(2, "key"), AttributeError("nameservers"), ValueError("octet"), NotImplementedError()],
)
def test_a_registry_that_cannot_be_read_is_no_traceback(monkeypatch: pytest.MonkeyPatch, fault: Exception) -> None:
    def broken() -> None:
        raise fault

    monkeypatch.setattr(dns_servers, "configured", broken)
    with pytest.raises(NoResolverError, match="name one with --dns"):
        system_servers()


def test_a_machine_with_only_stand_ins_has_no_resolver(monkeypatch: pytest.MonkeyPatch) -> None:
    found = SimpleNamespace(nameservers=["fec0:0:0:ffff::1"], port=53)
    monkeypatch.setattr(dns_servers, "configured", lambda: found)
    with pytest.raises(NoResolverError):
        system_servers()


@pytest.mark.parametrize(
    ("listed", "most", "asked", "beyond"),
    [
        (["10.0.0.1", "10.0.0.2", "10.0.0.3"], 3, ["10.0.0.1", "10.0.0.2", "10.0.0.3"], []),
        (["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"], 3, ["10.0.0.1", "10.0.0.2", "10.0.0.3"], ["10.0.0.4"]),
        (["10.0.0.1", "10.0.0.1", "10.0.0.1", "10.0.0.4"], 3, ["10.0.0.1"], ["10.0.0.4"]),
        (["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.1"], 3, ["10.0.0.1", "10.0.0.2", "10.0.0.3"], []),
        (["10.0.0.1", "10.0.0.2", "10.0.0.3", "10.0.0.4"], None, [f"10.0.0.{n}" for n in (1, 2, 3, 4)], []),
    ],
)
def test_the_c_library_asks_the_first_three(
    monkeypatch: pytest.MonkeyPatch, listed: list[str], most: int | None, asked: list[str], beyond: list[str]
) -> None:
    monkeypatch.setattr(dns_servers, "configured", lambda: SimpleNamespace(nameservers=listed, port=53))
    monkeypatch.setattr(dns_servers, "PROGRAMS_ASK", most)
    assert asked_and_passed_over() == (asked, beyond)


# resolv.conf


def servers(path: Path) -> list[str]:
    return [str(getattr(server, "address", server)) for server in dns_servers.of_resolv_conf(path).nameservers]


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "resolv.conf"


@pytest.mark.parametrize(
    "row",
    [b"nameserver dc1.corp.test", b"nameserver", b"nameserver 10.0.0", b"search corp..test", b"search \xff", b"\xff"],
)
def test_a_row_that_the_c_library_passes_over_spoils_no_other(file: Path, row: bytes) -> None:
    file.write_bytes(row + b"\r\nnameserver 10.0.0.53\r\n")
    assert servers(file) == ["10.0.0.53"]


@pytest.mark.parametrize("more", range(4))
def test_of_a_file_without_end_the_beginning_is_read_and_no_half_of_an_address(file: Path, more: int) -> None:
    rows = b"nameserver 10.0.0.53\n" + b"#" * (dns_servers.MOST_BYTES - 42 - more) + b"\nnameserver 10.0.0.123\n"
    file.write_bytes(rows + b"#\n" * dns_servers.MOST_BYTES)
    whole = rows.rindex(b"\n") < dns_servers.MOST_BYTES
    assert servers(file) == (["10.0.0.53", "10.0.0.123"] if whole else ["10.0.0.53"])


@pytest.mark.parametrize("text", ["", "# nothing\n", "\ufeffnameserver 10.0.0.53\n", None])
def test_without_a_server_this_machine_itself_is_asked(
    file: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    """The library too takes a byte order mark for a part of the word, and has no server then."""
    if text is not None:
        file.write_text(text, encoding="utf-8")
    monkeypatch.setattr(dns_servers, "_somebody_here", lambda: True)
    assert servers(file) == ["127.0.0.1"]


def test_where_nobody_takes_questions_there_is_none(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_servers, "_somebody_here", lambda: False)
    with pytest.raises(dns.resolver.NoResolverConfiguration):
        servers(file)


def test_a_server_that_is_named_is_the_only_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file.write_text("nameserver fe80::1%2\noptions timeout:1\nsearch corp.test lab.test\n")
    monkeypatch.setattr(dns_servers, "_somebody_here", lambda: True)
    assert servers(file) == ["fe80::1%2"]
    listed = dns_servers.of_resolv_conf(file).search
    assert [name.to_text() for name in listed] == ["corp.test.", "lab.test."]


@pytest.mark.skipif(sys.platform != "win32", reason="only Windows tells of adapters")
def test_where_windows_does_not_tell_the_adapters_the_registry_is_read_and_nothing_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import dns.win32util

    def failing(_: object) -> None:
        dns.win32util.print("Error retrieving adapter information: 13")

    monkeypatch.setattr(dns.win32util._Win32Getter, "get", failing)
    monkeypatch.setattr(dns.win32util._RegistryGetter, "get", lambda _: SimpleNamespace(
        domain=None, nameservers=["10.0.0.53"], search=[]
    ))  # fmt: skip
    assert system_servers() == (("10.0.0.53", 53),)
    assert capsys.readouterr().out == ""
