"""An endpoint mapper that names what it likes: a few of its ports are asked, on the host itself, and that is told."""

from __future__ import annotations

import asyncio
import contextlib

import pytest
from net.servers import Habit, tcp
from patience import PATIENT

from portcheck.asking.engine import Engine
from portcheck.asking.knowledge import HostState
from portcheck.catalogue.services import services
from portcheck.config import ForestSpec
from portcheck.model import Check, Outcome, State
from portcheck.model.events import Event
from portcheck.probes.probe import Subject
from portcheck.targets.checks import Target
from portcheck.wire import epm, rpc

HERE = "127.0.0.1"
NETLOGON = services()["rpc-netlogon"]


def mapper(*ports: int, call: int = 0, address: str = "10.9.9.9") -> Habit:
    """Names these ports for whatever it is asked, on an address of its own; `call` is added to each answer's number."""

    async def habit(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(4096):
            question = rpc.unpack(data)
            number = question.call_id + call
            if isinstance(question, rpc.Bind):
                writer.write(rpc.BindAck(number, ((0, 0),), "135").pack())
                continue
            assert NETLOGON.interface is not None
            towers = tuple(epm.Tower(NETLOGON.interface, 1, port, address) for port in ports)
            stub = epm.MapAnswer(0, towers).pack()
            pieces = [stub[at : at + 4000] for at in range(0, len(stub), 4000)]
            for place, piece in enumerate(pieces):
                writer.write(rpc.RpcResponse(number, piece, last=place == len(pieces) - 1, first=not place).pack())
            await writer.drain()

    return habit


async def ask(port: int, service: str = "rpc", ports: tuple[int, ...] = ()) -> Outcome:
    subject = Subject(
        "dc1.alpha.test", "alpha.test", interface=NETLOGON.interface or "", version=1, ports=ports,
        wanted=("rpc-netlogon",),
    )  # fmt: skip
    check = Check("alpha.test", "dc1.alpha.test", HERE, service, "tcp", port)
    return await Engine(PATIENT, notify=lambda _: None).run(check, subject)


async def test_of_five_hundred_ports_four_are_kept_and_the_number_told() -> None:
    async with tcp(mapper(*range(11024, 11524))) as port:
        outcome = await ask(port)
    assert outcome.state is State.OK, outcome.reason
    assert outcome.facts["endpoints"] == {"rpc-netlogon": [11024, 11025, 11026, 11027]}
    assert outcome.facts["towers_too_many"] == {"rpc-netlogon": 500}


@pytest.mark.parametrize("ports", [(49667,), (49667, 49668), (5000, 1025, 65535, 49152)])
async def test_what_it_was_asked_for_is_believed(ports: tuple[int, ...]) -> None:
    async with tcp(mapper(*ports)) as port:
        outcome = await ask(port)
    assert outcome.facts["endpoints"] == {"rpc-netlogon": list(ports)}
    assert "towers_too_many" not in outcome.facts


async def test_an_answer_to_another_call_is_none() -> None:
    async with tcp(mapper(49667, call=1)) as port:
        assert (await ask(port)).state is State.MISMATCH


async def test_no_more_than_four_connections_follow_and_all_to_the_host_that_was_asked() -> None:
    """A whole host, from the mapper to the interface behind it."""
    from portcheck.asking.host import HostRun
    from portcheck.asking.ledger import Ledger

    connected: list[int] = []

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        connected.append(writer.get_extra_info("sockname")[1])
        await reader.read(1)

    async with contextlib.AsyncExitStack() as stack:
        ports = [await stack.enter_async_context(tcp(refuse)) for _ in range(12)]
        port = await stack.enter_async_context(tcp(mapper(*ports)))
        forest = ForestSpec("alpha.test")
        host = HostState(Target("dc1.alpha.test", HERE, "explicit", "alpha.test"))
        events: list[Event] = []
        engine = Engine(PATIENT, notify=events.append)

        ledger = Ledger(lambda _: None)
        asking = HostRun(host, forest, engine, ledger)
        checks = [Check("alpha.test", "dc1.alpha.test", HERE, "rpc", "tcp", port)]
        checks.append(Check("alpha.test", "dc1.alpha.test", HERE, "rpc-netlogon", "tcp", None))
        ledger.own(host, checks)
        await asking._rpc(checks[0], checks[1:])
        landed = {outcome.check.service: outcome for outcome in ledger.of(host)}
    assert landed["rpc-netlogon"].facts["port_candidates"] == ports[:4]
    assert set(connected) <= set(ports[:4])
