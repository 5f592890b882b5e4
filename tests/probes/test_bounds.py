"""Whatever a server tells at whatever length: an outcome stays small, and says where it was cut."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from net.servers import Habit, tcp, udp
from patience import PATIENT

from portcheck.asking.engine import Engine
from portcheck.model import Check, Outcome, State
from portcheck.probes.probe import Subject
from portcheck.render.report.measures import measured
from portcheck.render.report.prometheus import text as prometheus
from portcheck.report import to_json
from portcheck.wire import kerberos, ldap, nbt, smb
from portcheck.wire.kerberos_preauth import Preauth
from portcheck.wire.text import LIMIT, MOST, bounded, cut, printable
from tests.factories import outcome as made
from tests.factories import report

HERE, NAME = "127.0.0.1", "dc1.alpha.test"
LONG = "x" * 150_000
MANY = tuple(f"MECHANISM-{number}" for number in range(3000))
LARGEST = 40_000  # bytes of an outcome as JSON


async def ask(service: str, transport: str, port: int) -> Outcome:
    check = Check("alpha.test", NAME, HERE, service, transport, port)
    return await Engine(PATIENT, notify=lambda _: None).run(check, Subject(NAME, start_tls=False))


def saying(answer: bytes) -> Habit:
    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(4096)
        writer.write(answer)
        await writer.drain()
        await reader.read(4096)

    return habit


def rootdse(**told: tuple[str, ...]) -> bytes:
    rows = tuple((key, tuple(value.encode() for value in values)) for key, values in told.items())
    return ldap.SearchEntry(1, attributes=rows).pack() + ldap.SearchDone(1).pack()


ANSWERS = {
    "ldap": rootdse(dnsHostName=(LONG,), vendorName=(LONG,), defaultNamingContext=(f"CN={LONG},DC=alpha,DC=test",)),
    "gc": rootdse(supportedSASLMechanisms=MANY, serverName=(LONG,)),
    "http": b"HTTP/1.1 200 OK\r\nServer: " + LONG[:14_000].encode() + b"\r\n\r\n",
    "winrm": b"HTTP/1.1 401 " + LONG[:8000].encode() + b"\r\nServer: " + LONG[:8000].encode() + b"\r\n\r\n",
    "kerberos": kerberos.tcp(
        kerberos.KrbError(
            kerberos.ErrorCode(25), realm=LONG, sname=LONG, e_text=LONG,
            e_data=Preauth((18, 17), f"{LONG}host").pack(),
        ).pack()
    ),
    "tcp": LONG[:60_000].encode(),
    "smb": smb.NegotiateResponse(0, 0x0302, mechanisms=tuple(f"1.3.6.1.4.1.{n}" for n in range(2000))).pack(),
}  # fmt: skip


@pytest.mark.parametrize("service", ANSWERS)
async def test_an_outcome_stays_small_whatever_is_told(service: str) -> None:
    async with tcp(saying(ANSWERS[service])) as port:
        outcome = await ask(service, "tcp", port)
    assert outcome.state in {State.OK, State.OPEN}, outcome.reason
    assert len(json.dumps(to_json.to_json(report(outcome)))) < LARGEST
    assert all(len(text) <= LIMIT for text in _texts(outcome.facts))


async def test_netbios_names_are_counted_and_cut() -> None:
    names = tuple((f"NAME{number}", 0, False) for number in range(200))

    def answer(data: bytes, _: int) -> bytes:
        return nbt.NodeStatus(int.from_bytes(data[:2], "big"), names).pack()

    async with udp(answer) as (port, _):
        outcome = await ask("netbios-ns", "udp", port)
    told = outcome.facts["names"]
    assert isinstance(told, list)
    assert (len(told), told[-1]) == (MOST + 1, f"… and {200 - MOST} more")


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case dict():
            return [text for one in value.values() for text in _texts(one)]
        case list():
            return [text for one in value for text in _texts(one)]
    return []


def test_what_was_cut_says_so_and_what_fits_is_whole() -> None:
    assert cut("a" * LIMIT) == "a" * LIMIT
    assert cut("a" * (LIMIT + 1)) == "a" * (LIMIT - 1) + "…"
    assert printable(b"a" * 1000)[-1] == "…"
    assert bounded({"a": [1] * 100, "b": list(MANY[:3])}) == {"a": [1] * MOST, "b": list(MANY[:3])}


def test_facts_nested_without_end_end() -> None:
    deep: object = "end"
    for _ in range(5000):
        deep = [deep]
    assert len(json.dumps(bounded(deep))) < 100


def test_a_label_of_a_metric_is_short_even_from_a_report_of_another_time() -> None:
    """A report that was saved before lengths were bounded, or by somebody else."""
    long = made("ldap/tcp")
    long = replace(long, check=replace(long.check, host=LONG, forest=LONG), reason=LONG)
    assert max(map(len, "".join(prometheus(measured(report(long)))).splitlines())) < 4000
