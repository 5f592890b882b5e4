"""The pre-login of SQL Server."""

from __future__ import annotations

import pytest

from portcheck.wire import WireError, tds


def test_version_is_the_first_option_and_the_terminator_follows_the_last() -> None:
    raw = tds.PreLogin().pack()
    assert raw.hex() == "1201001a00000100" + "00000b0006" + "0100110001" + "ff" + "000000000000" + "00"
    assert tds.frame(raw + b"surplus") == len(raw)


def test_an_answer_comes_back_as_it_was_packed() -> None:
    answer = tds.PreLogin((16, 0, 1000), 3, reply=True)
    assert answer.pack()[0] == tds.TABULAR
    assert tds.PreLogin.unpack(answer.pack()) == answer
    assert answer.encryption_name == "required"


def test_further_options_of_a_server_are_passed_over() -> None:
    body = bytes.fromhex("000015000601001b000102001c000103001d0000ff100003e800000200")
    assert len(body) == 0x1D
    raw = bytes.fromhex("0401") + (8 + len(body)).to_bytes(2, "big") + bytes(4) + body
    assert tds.PreLogin.unpack(raw) == tds.PreLogin((16, 0, 1000), 2, reply=True)


@pytest.mark.parametrize("foreign", ["48", "1603", "04010008", "0401ffff"])
def test_what_cannot_be_a_pre_login_is_refused(foreign: str) -> None:
    with pytest.raises(WireError):
        tds.frame(bytes.fromhex(foreign))


def test_options_that_point_outside_or_lack_a_version_are_refused() -> None:
    for body in ("00ffff0006ff", "01000600 01ff00", "ff00", "0000060006"):
        raw = bytes.fromhex(body.replace(" ", ""))
        with pytest.raises(WireError):
            tds.PreLogin.unpack(b"\x04\x01" + (8 + len(raw)).to_bytes(2, "big") + bytes(4) + raw)
