"""The questions of a forecast are those of the probes themselves, byte for byte as far as that can be known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self

import pytest

from portcheck.catalogue.services import services
from portcheck.model import Check, State
from portcheck.net.errors import NetError
from portcheck.net.timeline import Timeline
from portcheck.plan.line import by_udp
from portcheck.probes.ldap import TWO_SEGMENTS
from portcheck.probes.probe import Subject
from portcheck.probes.registry import PROBES, exchange

SUBJECT = Subject("dc1.alpha.test", "alpha.test", netbios_host="DC1", ports=(49152,))
NONCE = 3  # bytes that a number drawn by lot may be shorter
NO_QUESTION = {"tcp"}
PAIRS = [(name, t) for name, service in services().items() for t in service.ports if name in PROBES]


@dataclass
class Recorder:
    """A network that takes the first question and then is gone."""

    trail: Timeline = field(default_factory=Timeline)
    sizes: list[int] = field(default_factory=list)

    async def tcp(self, _: int) -> Recorder:
        return self

    async def udp(self, _: int, request: Callable[[int], bytes], __: object) -> Any:
        self.sizes.append(len(request(0)))
        raise NetError(State.FILTERED, "recorded")

    two_segments = TWO_SEGMENTS

    async def send(self, data: bytes, _: str) -> None:
        self.sizes.append(len(data))
        raise NetError(State.FILTERED, "recorded")

    async def start_tls(self, _: Any, __: str | None) -> Any:
        raise NetError(State.FILTERED, "recorded")

    def close(self) -> None:
        return

    def aside(self, _: float, **__: bool) -> Recorder:
        return self

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        return


def check_of(service: str, transport: str) -> Check:
    port = services()[service].ports[transport] if service in services() else 5000
    return Check("alpha.test", "dc1.alpha.test", "10.77.1.10", service, transport, port or 49152)


@pytest.mark.parametrize(("service", "transport"), PAIRS)
async def test_the_first_question_has_the_size_that_the_probe_sends(service: str, transport: str) -> None:
    check, recorder = check_of(service, transport), Recorder()
    subject = Subject(
        **{
            **{name: getattr(SUBJECT, name) for name in ("host", "domain", "netbios_host", "ports")},
            "interface": services()[service].interface or "",
            "version": services()[service].version or 0,
        }
    )
    with pytest.raises(NetError):
        await PROBES[service].run(check, recorder, subject)  # type: ignore[arg-type]
    told = exchange(check, subject).questions
    if told[0].what == "TLS ClientHello":
        assert recorder.sizes == []  # the handshake comes first; the lab counts its bytes
    else:
        assert abs(recorder.sizes[0] - told[0].size) <= NONCE


def test_the_mapper_is_asked_for_each_interface() -> None:
    told = exchange(check_of("rpc", "tcp"), SUBJECT, ("rpc-samr", "rpc-netlogon")).questions
    assert [question.what for question in told][1:] == ["where is rpc-samr?", "where is rpc-netlogon?"]


def test_a_port_without_protocol_is_only_connected_to() -> None:
    assert exchange(check_of("tcp", "tcp"), SUBJECT).questions == ()
    assert [question.size for question in exchange(check_of("udp", "udp"), SUBJECT).questions] == [1]


def test_a_large_datagram_is_counted_fragment_by_fragment() -> None:
    (large,) = exchange(check_of("kerberos", "udp"), SUBJECT).aside
    assert large.size > 1900
    assert by_udp(large).packets == 2
