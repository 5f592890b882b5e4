"""The AMQP 1.0 protocol header: as the standard draws it, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portcheck.wire import WireError
from portcheck.wire.amqp import ProtocolHeader, frame


def test_the_header_for_sasl_is_the_standards() -> None:
    """OASIS AMQP 1.0, 5.3.1: `AMQP` %d3 and version 1.0.0."""
    assert ProtocolHeader().pack() == b"AMQP\x03\x01\x00\x00"
    assert ProtocolHeader.unpack(b"AMQP\x00\x01\x00\x00rest") == ProtocolHeader(layer=0)


@pytest.mark.parametrize("length", range(8))
def test_every_truncation_waits_or_is_refused(length: int) -> None:
    part = ProtocolHeader().pack()[:length]
    assert frame(part) is None
    with pytest.raises(WireError):
        ProtocolHeader.unpack(part)


@given(st.binary(max_size=40))
def test_any_bytes_are_a_header_or_a_wire_error(data: bytes) -> None:
    try:
        header = ProtocolHeader.unpack(data)
    except WireError:
        return
    assert data[:8] == header.pack()
