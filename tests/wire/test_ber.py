"""BER: lengths in every form, and nothing read past the end."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError, ber


def test_lengths_are_minimal_unless_windows_manner_is_wanted() -> None:
    assert ber.tlv(0x30, b"ab") == bytes.fromhex("30026162")
    assert ber.tlv(0x30, b"ab", long_form=True) == bytes.fromhex("3084000000026162")
    assert ber.tlv(0x04, bytes(0x80))[:3] == bytes.fromhex("048180")
    assert ber.tlv(0x04, bytes(0x100))[:4] == bytes.fromhex("04820100")


@pytest.mark.parametrize("head", ["3002", "308102", "30820002", "3083000002", "308400000002"])
def test_every_definite_length_form_reads_the_same(head: str) -> None:
    data = bytes.fromhex(head) + b"ab" + b"next"
    element, after = ber.read(data)
    assert (element, data[after:]) == (ber.Tlv(0x30, b"ab"), b"next")
    assert ber.frame(data) == after


@pytest.mark.parametrize("data", ["3080", "3085000000000161", "30ff", "1f0100", "ff"])
def test_indefinite_overlong_and_multi_octet_tags_are_refused_at_once(data: str) -> None:
    with pytest.raises(WireError):
        ber.frame(bytes.fromhex(data))


@pytest.mark.parametrize("data", ["", "30", "3084", "3084000000"])
def test_a_frame_is_unknown_while_its_header_is_incomplete(data: str) -> None:
    assert ber.frame(bytes.fromhex(data)) is None


@pytest.mark.parametrize(
    ("value", "packed"),
    [
        (0, "020100"),
        (127, "02017f"),
        (128, "02020080"),
        (-128, "020180"),
        (-1000, "0202fc18"),
        (2**31, "02050080000000"),
    ],
)
def test_integers_are_twos_complement_in_the_fewest_bytes(value: int, packed: str) -> None:
    assert ber.integer(value) == bytes.fromhex(packed)
    assert ber.number(bytes.fromhex(packed)[2:]) == value


@given(st.integers(-(2**63), 2**63 - 1))
def test_integers_survive_the_way_there_and_back(value: int) -> None:
    assert ber.number(ber.read(ber.integer(value))[0].value) == value


def test_more_elements_than_the_limit_are_refused() -> None:
    assert len(ber.children(bytes.fromhex("0500") * 3, limit=3)) == 3
    with pytest.raises(WireError, match="more than 3"):
        ber.children(bytes.fromhex("0500") * 4, limit=3)


def test_times_keep_their_fraction_and_must_be_utc() -> None:
    assert ber.moment(b"20261122213559.0Z") == ber.moment(b"20261122213559Z") == 1795383359.0
    assert ber.moment(b"20261122213559.25Z") == 1795383359.25
    for bad in (b"20261122213559", b"20261322213559Z", b"2026112221355\xb2Z", b"20261122213559+0100", b"", b"Z"):
        with pytest.raises(WireError):
            ber.moment(bad)
    assert ber.generalized_time(1795383359.9) == b"\x18\x0f20261122213559Z"


def test_text_cannot_steer_a_terminal() -> None:
    assert ber.text(b"a\x1b[31mb\r\x9b") == "a?[31mb?\ufffd"
    assert ber.text(b"two\n\tlines") == "two\n\tlines"


@given(st.binary(max_size=64))
def test_random_bytes_are_elements_or_a_wire_error(data: bytes) -> None:
    try:
        for element in ber.children(data):
            assert len(element.value) < len(data)
    except WireError:
        pass
