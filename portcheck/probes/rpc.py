"""RPC: the endpoint mapper on 135 tells where an interface lives; a bind there proves that it does (C706, MS-RPCE)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portcheck.catalogue.services import services
from portcheck.model import Check, Facts, State
from portcheck.net.network import Network
from portcheck.net.stream import Stream
from portcheck.probes import proof
from portcheck.probes.probe import Exchange, Probe, Question, Seen, Subject
from portcheck.wire import WireError, epm, rpc, watermark
from portcheck.wire.epm import MapAnswer

EPM = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
EPM_VERSION = 3
BIND = 1  # the number of the first call
TOWERS = 4  # of each interface; a controller names two at most, and an answer of more is not believed
OTHERS_AFTER_S = 0.4  # a port that answers does so sooner; RFC 8305 waits 0.25 s between addresses


async def mapper(check: Check, net: Network, subject: Subject) -> Seen:
    """Bind, then ask where each wanted interface is. Refusing anonymous questions is an answer too."""
    endpoints: dict[str, list[int]] = {}
    missing: list[str] = []
    invented: dict[str, int] = {}
    facts: Facts = {"endpoints": endpoints, "missing": missing, "towers_too_many": invented}
    with await net.tcp(check.known_port) as stream:
        bound = await _bind(stream, EPM, EPM_VERSION)
        if not isinstance(bound, rpc.BindAck) or not bound.accepted:
            return Seen({**facts, "accepted": False}, reason="RPC answers, but refuses the endpoint mapper's interface")
        found = watermark.in_text(bound.secondary_address)
        facts |= proof.facts(found) if found else {}
        for call, name in enumerate(subject.wanted, start=BIND + 1):
            answer = await _map(stream, name, call)
            if isinstance(answer, rpc.Fault):
                # RestrictRemoteClients: fault, then the connection is dropped (MS-RPCE 3.1.1.1.3)
                reason = "the endpoint mapper answers, but refuses anonymous questions"
                return Seen({**facts, "anonymous_refused": True, "rpc_fault": answer.status}, reason=reason)
            if answer.ports:
                endpoints[name] = list(answer.ports[:TOWERS])
                if len(answer.ports) > TOWERS:  # MS-RPCE 2.2.1.2.5: max_towers bounds what it gives back
                    invented[name] = len(answer.ports)
                facts["tower_address"] = next((t.address for t in answer.towers if t.address), None)
            else:
                missing.append(name)
    reason = proof.REASON if found else "mapper answered"
    return Seen({key: value for key, value in facts.items() if value not in (None, [], {})}, reason=reason)


async def interface(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - the mapper knows
    """Bind the interface on the ports that the mapper named, until one takes it.

    A Windows controller names two, and a silent one must not cost the other's patience: they are asked side by side
    unless the first is quick.
    """
    first, *others = subject.ports
    nets = [net, *(net.twin() for _ in others)]
    asked = [asyncio.create_task(_at(first, net, subject))]
    try:
        await asyncio.wait(asked, timeout=OTHERS_AFTER_S if others else None)
        asked += [
            asyncio.create_task(_at(port, beside, subject)) for port, beside in zip(others, nets[1:], strict=True)
        ]
        best = await _best(asked)
    finally:
        for task in asked:
            task.cancel()
        await asyncio.gather(*asked, return_exceptions=True)
    if best:
        net.trail.adopt(nets[best].trail)
    net.trail.facts["port_candidates"] = list(subject.ports)
    return asked[best].result()


async def _best(asked: Sequence[asyncio.Task[Seen]]) -> int:
    """The first that was accepted; where none is, the first port's own end."""
    waiting = set(asked)
    while waiting:
        done, waiting = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            if task.exception() is None and task.result().state is State.OK:
                return asked.index(task)
    return 0


async def _at(port: int, net: Network, subject: Subject) -> Seen:
    with await net.tcp(port) as stream:
        bound = await _bind(stream, subject.interface, subject.version)
    if not isinstance(bound, rpc.BindAck) or not bound.accepted:
        reason = f"RPC answers on port {port}, but does not know the interface"
        return Seen({"accepted": False}, State.MISMATCH, reason)
    facts: Facts = {"accepted": True, "port": port}
    if found := watermark.in_text(bound.secondary_address):
        return proof.seen(found, **facts)
    return Seen(facts, reason=f"the interface answered on port {port}")


async def _bind(stream: Stream, interface_id: str, version: int) -> rpc.BindAck | rpc.BindNak:
    await stream.send(rpc.Bind(BIND, interface_id, version).pack(), "RPC bind")
    answer = rpc.unpack(await stream.read_frame(rpc.frame, "RPC bind answer"))
    if isinstance(answer, rpc.BindAck | rpc.BindNak) and answer.call_id == BIND:
        return answer
    raise WireError("an RPC answer, but not to a bind")


async def _map(stream: Stream, name: str, call: int) -> MapAnswer | rpc.Fault:
    service = services()[name]
    assert service.interface is not None
    assert service.version is not None
    await stream.send(epm.map_request(service.interface, service.version, call, TOWERS), f"where is {name}?")
    stub = b""
    for _ in range(16):  # fragments
        answer = rpc.unpack(await stream.read_frame(rpc.frame, "mapper answer"))
        if not isinstance(answer, rpc.RpcResponse | rpc.Fault) or answer.call_id != call:
            break
        if isinstance(answer, rpc.Fault):
            return answer
        stub += answer.stub
        if answer.last:
            return epm.unpack_map(stub)
    raise WireError("an RPC answer, but not to our call")


def _mapper(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    asked = [Question("RPC bind of the endpoint mapper", len(rpc.Bind(1, EPM, EPM_VERSION).pack()))]
    for call, name in enumerate(subject.wanted, start=2):
        service = services()[name]
        size = len(epm.map_request(service.interface or "", service.version or 0, call, TOWERS))
        asked.append(Question(f"where is {name}?", size))
    return Exchange(tuple(asked))


def _interface(check: Check, subject: Subject) -> Exchange:  # noqa: ARG001
    service = services()[check.service]
    size = len(rpc.Bind(1, service.interface or EPM, service.version or 0).pack())
    return Exchange((Question("RPC bind of the interface", size),), connections=TOWERS)


PROBES = (
    Probe("rpc", mapper, _mapper),
    *(Probe(name, interface, _interface) for name, service in services().items() if service.dynamic),
)
