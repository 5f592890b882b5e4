"""Names, addresses, ports and servers: one form for each, and a complaint for what is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.config import (
    ConfigError,
    Server,
    parse_address,
    parse_host,
    parse_name,
    parse_port,
    parse_rate,
    parse_server,
)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Contoso.COM.", "contoso.com"),
        ("contoso", "contoso"),
        ("_ldap._tcp.contoso.com", "_ldap._tcp.contoso.com"),
        ("dc_1.contoso.com", "dc_1.contoso.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("bu\u0308cher.example", "xn--bcher-kva.example"),
        ("xn--bcher-kva.example", "xn--bcher-kva.example"),
        (f"{'a' * 63}.example", f"{'a' * 63}.example"),
    ],
)
def test_a_name_in_its_one_form(written: str, name: str) -> None:
    assert parse_name(written) == name


@pytest.mark.parametrize(
    "written",
    [
        "",
        ".",
        "a..b",
        "contoso.com..",
        "-a.test",
        "a-.test",
        "a b",
        "a/b",
        "a:53",
        "*.contoso.com",
        "a\0b",
        "a\nb",
        "10.0.0.1",
        "10.0.0",
        "fd77::1",
        "1.2.3.400",
        "straße.test",
        "\u200dx.test",
        "\ud800.test",
        f"{'a' * 64}.test",
        ".".join(["a" * 60] * 5),
        "ü" * 64,
        "ü" * 60 + ".test",
        "x" * 10**6,
        7,
        None,
        [],
    ],
)
def test_what_is_no_name(written: object) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_name(written)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("written", "server"),
    [
        ("10.0.0.1", Server("10.0.0.1", 53)),
        ("10.0.0.1:5353", Server("10.0.0.1", 5353)),
        ("fd77::1", Server("fd77::1", 53)),
        ("[fd77::1]", Server("fd77::1", 53)),
        ("[FD77:0::1]:53", Server("fd77::1", 53)),
        ("DNS.corp", Server("dns.corp", 53)),
        ("dns.corp:5353", Server("dns.corp", 5353)),
    ],
)
def test_a_server_and_its_port(written: str, server: Server) -> None:
    assert parse_server(written) == server
    assert parse_server(str(server)) == server


@pytest.mark.parametrize(
    "written",
    [
        "",
        ":53",
        "10.0.0.1:",
        "10.0.0.1:0",
        "10.0.0.1:65536",
        "10.0.0.1:x",
        "[fd77::1",
        "[]:53",
        "[10.0.0.1]x",
        "a:b:c",
        "[fd77::1]:",
        "[fe80::1%eth0]:53",
        "0.0.0.0",
        "::",
        "224.0.0.1",
        "ff02::1",
        "255.255.255.255",
        53,
        None,
        ["a"],
    ],
)
def test_what_is_no_server(written: object) -> None:
    with pytest.raises(ConfigError):
        parse_server(written)


def test_an_address_is_canonical_and_a_zone_or_a_leading_zero_is_refused() -> None:
    assert parse_address("FD77:0:0::0001") == "fd77::1"
    assert parse_address("127.0.0.1") == "127.0.0.1"
    assert parse_address("::ffff:10.77.2.10") == "10.77.2.10"
    for written in ("010.0.0.1", "10.0.0", "fe80::1%eth0", "10.0.0.1/24", 167772161, True):
        with pytest.raises(ConfigError):
            parse_address(written)


def test_a_host_is_an_address_or_a_name() -> None:
    assert [parse_host(text) for text in ("FD77::1", "DC1.Alpha.test.")] == ["fd77::1", "dc1.alpha.test"]


@pytest.mark.parametrize(
    "written", [0, 65536, -1, "", "0", "65536", "+1", " 80", "٨٠", "1.0", 1.0, True, None, 10**4000]
)
def test_what_is_no_port(written: object) -> None:
    with pytest.raises(ConfigError, match="is not a port"):
        parse_port(written)


def test_a_port_is_a_number_or_its_digits() -> None:
    assert [parse_port(value) for value in (1, "88", 65535)] == [1, 88, 65535]


def test_a_rate_is_a_number_or_its_digits_and_more_than_nothing() -> None:
    assert [parse_rate(value) for value in (20, 0.5, "20", "0.5")] == [20.0, 0.5, 20.0, 0.5]
    for written in (0, "0", -1, "fast", "", True, float("nan"), float("inf"), 10**400):
        with pytest.raises(ConfigError, match="is not a rate"):
            parse_rate(written)


@given(st.text(max_size=80))
def test_any_text_is_a_server_or_a_complaint_and_never_changes_on_a_second_reading(text: str) -> None:
    try:
        server = parse_server(text)
    except ConfigError as error:
        server, said = Server("10.0.0.1"), str(error)
    else:
        said = str(server)
    assert said.isprintable()
    assert parse_server(str(server)) == server
