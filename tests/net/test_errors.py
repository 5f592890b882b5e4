"""errno, Winsock numbers and ICMP to State: every row of what was measured, by number and by who said it."""

from __future__ import annotations

import errno
import struct

import pytest

from portcheck.model import Stage, State
from portcheck.net import errors, icmp
from portcheck.net.icmp import Icmp
from portcheck.net.platform import error_queue, machine

TARGET, DEVICE, OWN = "10.77.2.10", "10.77.100.2", "10.77.0.10"


@pytest.mark.parametrize(
    ("type_", "code", "by", "state"),
    [
        (3, 3, DEVICE, State.REJECTED),
        (3, 3, TARGET, State.REFUSED),
        (3, 13, DEVICE, State.REJECTED),
        (3, 10, DEVICE, State.REJECTED),
        (3, 9, DEVICE, State.REJECTED),
        (3, 13, TARGET, State.REJECTED),
        (3, 2, DEVICE, State.REJECTED),
        (3, 1, DEVICE, State.UNREACHABLE),
        (3, 0, DEVICE, State.UNREACHABLE),
        (11, 0, DEVICE, State.UNREACHABLE),
        (3, 13, OWN, State.ERROR),
        (3, 1, OWN, State.UNREACHABLE),
        (99, 7, DEVICE, State.UNREACHABLE),
    ],
)
def test_icmp_means_what_it_says_and_by_whom(type_: int, code: int, by: str, state: State) -> None:
    fault = errors.from_icmp(Icmp(4, type_, code, by), TARGET, OWN)
    assert fault.state is state
    assert bool(fault.facts.get("local_fault")) is (by == OWN)
    named = fault.blocked_at.by if fault.blocked_at else None
    assert named == (by if state in {State.REJECTED, State.UNREACHABLE} and by != OWN else None)


@pytest.mark.parametrize(
    ("number", "state"),
    [
        (errno.ECONNREFUSED, State.REFUSED),
        (errno.ETIMEDOUT, State.FILTERED),
        (errno.ECONNRESET, State.RESET),
        (errno.ENETUNREACH, State.UNREACHABLE),
        (errno.EHOSTUNREACH, State.UNREACHABLE),
        (errno.EACCES, State.ERROR),
        (errno.EPERM, State.ERROR),
        (errno.EMFILE, State.ERROR),
        (errno.EPROTO, State.ERROR),
    ],
)
def test_a_failed_connect_without_icmp(number: int, state: State) -> None:
    assert errors.while_connecting(OSError(number, "x"), None, TARGET, OWN).state is state


@pytest.mark.parametrize(
    ("winerror", "state"),
    [
        (1225, State.REFUSED),
        (10061, State.REFUSED),
        (121, State.FILTERED),
        (10060, State.FILTERED),
        (1231, State.UNREACHABLE),
        (1232, State.UNREACHABLE),
        (10065, State.UNREACHABLE),
        (10013, State.ERROR),
    ],
)
def test_windows_numbers_mean_the_same(winerror: int, state: State) -> None:
    error = OSError(22, "Windows")
    error.winerror = winerror  # type: ignore[attr-defined]
    assert errors.while_connecting(error, None, TARGET, OWN).state is state


@pytest.mark.parametrize("winerror", [64, 10054, 10053, 1236])
def test_a_reset_after_connecting_is_a_reset_on_windows_too(winerror: int) -> None:
    error = OSError(22, "Windows")
    error.winerror = winerror  # type: ignore[attr-defined]
    assert errors.while_talking(error, None, TARGET, OWN, Stage.REQUEST).state is State.RESET


def test_the_error_queue_is_read_for_both_families() -> None:
    four = struct.pack("=IBBBBII", errno.EHOSTUNREACH, 2, 3, 13, 0, 0, 0) + struct.pack(
        "=HH4s8x", 2, 0, bytes([10, 77, 100, 2])
    )
    assert error_queue._unpack(0, 11, four) == Icmp(4, 3, 13, DEVICE)
    six = struct.pack("=IBBBBII", errno.EACCES, 3, 1, 1, 0, 0, 0) + struct.pack(
        "=HHI16sI", 10, 0, 0, bytes(15) + b"\1", 0
    )
    assert error_queue._unpack(41, 25, six) == Icmp(6, 1, 1, "::1")
    assert error_queue._unpack(0, 11, b"short") is None


def test_a_packet_that_is_too_big_does_not_end_the_exchange() -> None:
    assert icmp.first_terminal([Icmp(4, 3, 4, DEVICE, 1280)]) is None


@pytest.mark.parametrize(
    ("tells", "address", "untold"),
    [(True, TARGET, None), (False, TARGET, True), (False, OWN, None), (False, "127.0.0.5", None), (False, "::1", None)],
)
def test_whose_reset_it_was_is_left_open_where_the_system_does_not_tell(
    monkeypatch: pytest.MonkeyPatch, tells: bool, address: str, untold: bool | None
) -> None:
    """But not by whom a machine's own address was refused: nothing stands between."""
    monkeypatch.setattr(machine, "TELLS_TTL", tells)
    told = errors.while_connecting(OSError(errno.ECONNREFUSED, "x"), None, address, OWN)
    assert (told.state, told.facts.get("reset_untold")) == (State.REFUSED, untold)
    assert ("the host refused" in told.reason) is (untold is None)


def test_a_port_range_used_up_has_windows_number_too() -> None:
    told = errors.local(OSError(10048, "only one usage of each socket address"))
    assert told.facts.get("local_ports_exhausted") is True
