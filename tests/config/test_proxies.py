"""Proxies and the machines around a forest, as the file, the flags and the environment write them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from portcheck.config import (
    DIRECT,
    ConfigError,
    Configuration,
    ProxySpec,
    SystemSpec,
    parse_proxy,
    parse_system,
)
from portcheck.targets.systems import from_environment


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("http://proxy.corp:3128", ProxySpec("proxy.corp", 3128)),
        ("HTTP://Proxy.Corp:3128/", ProxySpec("proxy.corp", 3128)),
        ("proxy.corp:3128", ProxySpec("proxy.corp", 3128)),
        ("proxy.corp", ProxySpec("proxy.corp", 80)),
        ("10.0.0.5:8080", ProxySpec("10.0.0.5", 8080)),
        ("http://[fd77::5]:8080", ProxySpec("fd77::5", 8080)),
        ("http://svc:p%40ss@proxy.corp:3128", ProxySpec("proxy.corp", 3128, "svc:p@ss")),
        ("http://svc@proxy.corp:3128", ProxySpec("proxy.corp", 3128, "svc:")),
        ("none", DIRECT),
        (" Direct ", DIRECT),
    ],
)
def test_a_proxy_is_read_as_everyone_writes_it(text: str, expected: ProxySpec) -> None:
    assert parse_proxy(text) == expected


@pytest.mark.parametrize(
    "text", ["https://u:secret@p:1", "socks4a://u:secret@p:1", "http://u:secret@", "u:secret@p:0", "u:secret@p:x", ""]
)
def test_what_is_no_proxy_is_refused_without_telling_its_password(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_proxy(text)
    assert "secret" not in str(caught.value)
    assert str(caught.value).isprintable()


def test_a_password_never_shows() -> None:
    proxy = parse_proxy("http://svc:secret@proxy.corp:3128")
    assert "secret" not in f"{proxy} {proxy!r}"
    assert (str(proxy), str(ProxySpec("fd77::5", 80)), str(DIRECT)) == ("proxy.corp:3128", "[fd77::5]:80", "none")


FILE = """
[defaults]
proxy = "http://proxy.corp:3128"
[[forest]]
name = "alpha.test"
[[forest.system]]
role = "MIM"
host = "mim1.alpha.test"
[[forest.system]]
role = "sql"
host = "10.0.0.7"
port = 14330
[[forest.system]]
role = "cloud"
host = "x.servicebus.windows.net"
address = "192.0.2.9"
proxy = "none"
"""


def test_the_file_names_machines_and_proxies(load_text: Callable[[str], Configuration]) -> None:
    read = load_text(FILE)
    assert read.settings.proxy == ProxySpec("proxy.corp", 3128)
    assert read.forests[0].systems == (
        SystemSpec("mim", "mim1.alpha.test"),
        SystemSpec("sql", "10.0.0.7", "10.0.0.7", 14330),
        SystemSpec("cloud", "x.servicebus.windows.net", "192.0.2.9", None, DIRECT),
    )


def test_the_command_line_names_a_machine() -> None:
    assert parse_system("adfs=Sts.alpha.test") == SystemSpec("adfs", "sts.alpha.test")
    assert parse_system("sql=[fd77::7]") == SystemSpec("sql", "fd77::7", "fd77::7")
    for wrong in ("adfs", "dc=dc1.alpha.test", "sqll=x", "sql="):
        with pytest.raises(ConfigError):
            parse_system(wrong)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "NO_PROXY", "REQUEST_METHOD"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    return monkeypatch


def test_the_environment_says_which_proxy_and_for_whom_none(environment: pytest.MonkeyPatch) -> None:
    assert from_environment("graph.microsoft.com") == DIRECT
    environment.setenv("HTTPS_PROXY", "http://proxy.corp:3128")
    environment.setenv("no_proxy", "localhost,.windows.net")
    assert from_environment("graph.microsoft.com") == ProxySpec("proxy.corp", 3128)
    assert from_environment("x.servicebus.windows.net") == DIRECT
    assert from_environment("crl.microsoft.com", "http") == DIRECT
    environment.setenv("ALL_PROXY", "other.corp:8080")
    assert from_environment("crl.microsoft.com", "http") == ProxySpec("other.corp", 8080)


def test_a_proxy_of_the_environment_that_cannot_be_asked_is_one_line(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("HTTPS_PROXY", "socks4://svc:secret@proxy.corp:1080")
    with pytest.raises(ConfigError, match=r"^HTTPS_PROXY: .* name one with --proxy") as caught:
        from_environment("graph.microsoft.com")
    assert "secret" not in str(caught.value)
