"""Whole answers to "what does this failure mean": state, stage, who is blamed, and whether it was this machine."""

from __future__ import annotations

import errno

import pytest

from portcheck.model import Stage, State
from portcheck.net import errors
from portcheck.net.errors import NetError
from portcheck.net.icmp import Icmp

TARGET, DEVICE, OWN = "10.77.2.10", "10.77.100.2", "10.77.0.10"
Row = tuple[State, Stage | None, bool, str | None]


def row(fault: NetError) -> Row:
    by = fault.blocked_at.by if fault.blocked_at else None
    return fault.state, fault.stage, fault.facts.get("local_fault") is True, by


def failed(number: int, *, windows: bool = False) -> OSError:
    error = OSError(errno.EINVAL if windows else number, "what the system calls it")
    if windows:
        error.winerror = number  # type: ignore[attr-defined]
    return error


CONNECTING: list[tuple[int, Row]] = [
    (errno.ECONNREFUSED, (State.REFUSED, Stage.CONNECT, False, None)),
    (errno.ETIMEDOUT, (State.FILTERED, Stage.CONNECT, False, None)),
    (errno.ECONNRESET, (State.RESET, Stage.CONNECT, False, None)),
    (errno.ECONNABORTED, (State.RESET, Stage.CONNECT, False, None)),
    (errno.ENETUNREACH, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (errno.EHOSTUNREACH, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (errno.ENETDOWN, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (errno.EHOSTDOWN, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (errno.EACCES, (State.ERROR, Stage.CONNECT, True, None)),
    (errno.EPERM, (State.ERROR, Stage.CONNECT, True, None)),
    (errno.EADDRNOTAVAIL, (State.ERROR, None, True, None)),
    (errno.EPROTO, (State.ERROR, None, True, None)),
    (121, (State.ERROR, None, True, None)),  # EREMOTEIO here; as a Win32 number it would be a timeout
    (64, (State.ERROR, None, True, None)),  # ENONET here; as a Win32 number it would be a reset
]


@pytest.mark.parametrize(("number", "expected"), CONNECTING)
def test_a_connect_that_failed_without_icmp(number: int, expected: Row) -> None:
    assert row(errors.while_connecting(failed(number), None, TARGET, OWN)) == expected


WINDOWS: list[tuple[int, Row]] = [
    (1225, (State.REFUSED, Stage.CONNECT, False, None)),
    (10061, (State.REFUSED, Stage.CONNECT, False, None)),
    (1234, (State.REFUSED, Stage.CONNECT, False, None)),
    (121, (State.FILTERED, Stage.CONNECT, False, None)),
    (10060, (State.FILTERED, Stage.CONNECT, False, None)),
    (1460, (State.FILTERED, Stage.CONNECT, False, None)),
    (64, (State.RESET, Stage.CONNECT, False, None)),
    (1236, (State.RESET, Stage.CONNECT, False, None)),
    (10053, (State.RESET, Stage.CONNECT, False, None)),
    (10054, (State.RESET, Stage.CONNECT, False, None)),
    (1231, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (1232, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (10050, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (10051, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (10064, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (10065, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (10013, (State.ERROR, Stage.CONNECT, True, None)),
    (10024, (State.ERROR, None, True, None)),
]


@pytest.mark.parametrize(("number", "expected"), WINDOWS)
def test_a_connect_that_failed_on_windows(number: int, expected: Row) -> None:
    assert row(errors.while_connecting(failed(number, windows=True), None, TARGET, OWN)) == expected


@pytest.mark.parametrize("number", [number for number, _ in WINDOWS if number >= errors.WINSOCK])
def test_winsocks_numbers_mean_the_same_where_they_come_as_an_errno(number: int) -> None:
    told = errors.while_connecting(failed(number), None, TARGET, OWN)
    assert row(told) == row(errors.while_connecting(failed(number, windows=True), None, TARGET, OWN))


@pytest.mark.parametrize(
    ("number", "windows", "words"),
    [
        (errno.EMFILE, False, "too many open files"),
        (errno.ENFILE, False, "too many open files"),
        (10024, True, "too many open files"),
        (errno.EADDRNOTAVAIL, False, "no free local address or port"),
        (10049, True, "no free local address or port"),
        (errno.ENOBUFS, False, "no buffer space"),
        (10055, True, "no buffer space"),
        (errno.ENOMEM, False, "out of memory"),
        (errno.EAFNOSUPPORT, False, "does not speak this address family"),
        (10047, True, "does not speak this address family"),
        (995, True, "gave the operation up"),
        (errno.EINVAL, False, "a blackhole route"),
        (getattr(errno, "ENOKEY", 126), False, "VPN has no key"),
        (errno.EDESTADDRREQ, False, "VPN does not know where the peer"),
        (errno.EPROTO, False, "what the system calls it"),
    ],
)
def test_a_limit_of_this_machine_is_called_by_its_name(number: int, windows: bool, words: str) -> None:
    fault = errors.while_connecting(failed(number, windows=windows), None, TARGET, OWN)
    assert fault.state is State.ERROR
    assert words in fault.reason


TALKING: list[tuple[int, State, Stage | None]] = [
    (errno.ECONNRESET, State.RESET, Stage.REQUEST),
    (errno.EPIPE, State.RESET, Stage.REQUEST),
    (errno.ECONNABORTED, State.RESET, Stage.REQUEST),
    (errno.ESHUTDOWN, State.RESET, Stage.REQUEST),
    (errno.ETIMEDOUT, State.MUTE, Stage.REQUEST),
    (errno.EHOSTUNREACH, State.UNREACHABLE, Stage.REQUEST),
    (errno.ENETUNREACH, State.UNREACHABLE, Stage.REQUEST),
    (errno.ENOBUFS, State.ERROR, None),
]


@pytest.mark.parametrize(("number", "state", "stage"), TALKING)
def test_a_conversation_that_broke(number: int, state: State, stage: Stage | None) -> None:
    fault = errors.while_talking(failed(number), None, TARGET, OWN, Stage.REQUEST)
    assert row(fault) == (state, stage, state is State.ERROR, None)


def test_a_conversation_that_a_device_ended_names_it() -> None:
    prohibited = Icmp(4, 3, 13, DEVICE)
    fault = errors.while_talking(failed(errno.EHOSTUNREACH), prohibited, TARGET, OWN, Stage.REQUEST)
    assert row(fault) == (State.REJECTED, Stage.CONNECT, False, DEVICE)


def test_a_packet_that_was_too_big_is_not_what_ended_a_conversation() -> None:
    narrow = Icmp(4, 3, 4, DEVICE, 1280)
    fault = errors.while_talking(failed(errno.ETIMEDOUT), narrow, TARGET, OWN, Stage.REQUEST)
    assert row(fault) == (State.MUTE, Stage.REQUEST, False, None)


def test_icmp_tells_more_than_the_errno_of_a_connect() -> None:
    fault = errors.while_connecting(failed(errno.ECONNREFUSED), Icmp(4, 3, 3, DEVICE), TARGET, OWN)
    assert row(fault) == (State.REJECTED, Stage.CONNECT, False, DEVICE)


SAID: list[tuple[Icmp, str | None, Row]] = [
    (Icmp(4, 3, 3, TARGET), OWN, (State.REFUSED, Stage.CONNECT, False, None)),
    (Icmp(4, 3, 2, TARGET), OWN, (State.REFUSED, Stage.CONNECT, False, None)),
    (Icmp(4, 3, 13, TARGET), OWN, (State.REJECTED, Stage.CONNECT, False, TARGET)),
    (Icmp(4, 3, 1, TARGET), OWN, (State.UNREACHABLE, Stage.CONNECT, False, TARGET)),
    (Icmp(4, 3, 2, DEVICE), OWN, (State.REJECTED, Stage.CONNECT, False, DEVICE)),
    (Icmp(4, 3, 1, DEVICE), OWN, (State.UNREACHABLE, Stage.CONNECT, False, DEVICE)),
    (Icmp(4, 3, 3, OWN), OWN, (State.ERROR, Stage.CONNECT, True, None)),
    (Icmp(4, 3, 13, OWN), OWN, (State.ERROR, Stage.CONNECT, True, None)),
    (Icmp(4, 3, 1, OWN), OWN, (State.UNREACHABLE, Stage.CONNECT, True, None)),
    (Icmp(4, 3, 13, OWN), None, (State.REJECTED, Stage.CONNECT, False, OWN)),  # nothing says that it is ours
    (Icmp(4, 3, 3, TARGET), TARGET, (State.REFUSED, Stage.CONNECT, False, None)),  # asked itself: it is the host
    (Icmp(6, 1, 4, TARGET), OWN, (State.REFUSED, Stage.CONNECT, False, None)),
    (Icmp(6, 1, 6, DEVICE), OWN, (State.REJECTED, Stage.CONNECT, False, DEVICE)),
    (Icmp(6, 3, 0, DEVICE), OWN, (State.UNREACHABLE, Stage.CONNECT, False, DEVICE)),
]


@pytest.mark.parametrize(("said", "own", "expected"), SAID, ids=str)
def test_who_said_what(said: Icmp, own: str | None, expected: Row) -> None:
    assert row(errors.from_icmp(said, TARGET, own)) == expected


def test_an_icmp_error_is_told_with_what_it_was() -> None:
    told = errors.from_icmp(Icmp(4, 3, 13, DEVICE, ttl=62), TARGET, OWN).facts
    assert told == {"icmp_from": DEVICE, "icmp_type": 3, "icmp_code": 13, "icmp_ttl": 62}
    assert "icmp_ttl" not in errors.from_icmp(Icmp(4, 3, 13, DEVICE), TARGET, OWN).facts


def test_what_a_platform_does_not_tell_blames_nobody() -> None:
    assert row(errors.unreachable_by_another()) == (State.UNREACHABLE, Stage.CONNECT, False, None)
    assert row(errors.time_exceeded()) == (State.UNREACHABLE, Stage.REQUEST, False, None)
    assert row(errors.port_unreachable()) == (State.REFUSED, Stage.REQUEST, False, None)
