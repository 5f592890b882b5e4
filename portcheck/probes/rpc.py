"""RPC: the endpoint mapper on 135 tells where an interface lives; a bind there proves that it does (C706, MS-RPCE)."""

from __future__ import annotations

from portcheck.catalogue.services import services
from portcheck.model import Check, Facts, State
from portcheck.net.base import Network
from portcheck.net.errors import NetError
from portcheck.net.tcp import Stream
from portcheck.probes import marked
from portcheck.probes.base import Probe, Seen, Subject
from portcheck.wire import WireError, epm, mark, rpc
from portcheck.wire.epm import MapAnswer

EPM = "e1af8308-5d1f-11c9-91a4-08002b14a0fa"
EPM_VERSION = 3
TOWERS = 4


async def mapper(check: Check, net: Network, subject: Subject) -> Seen:
    """Bind, then ask where each wanted interface is. Refusing anonymous questions is an answer too."""
    assert check.port is not None
    endpoints: dict[str, list[int]] = {}
    missing: list[str] = []
    facts: Facts = {"endpoints": endpoints, "missing": missing}
    with await net.tcp(check.port) as stream:
        bound = await _bind(stream, EPM, EPM_VERSION)
        if not isinstance(bound, rpc.BindAck) or not bound.accepted:
            return Seen({**facts, "accepted": False}, reason="RPC answers, but refuses the endpoint mapper's interface")
        found = mark.in_text(bound.secondary_address)
        facts |= marked.facts(found) if found else {}
        for call, name in enumerate(subject.wanted, start=2):
            answer = await _map(stream, name, call)
            if isinstance(answer, rpc.Fault):
                # RestrictRemoteClients: fault, then the connection is dropped (MS-RPCE 3.1.1.1.3)
                reason = "the endpoint mapper answers, but refuses anonymous questions"
                return Seen({**facts, "anonymous_refused": True, "rpc_fault": answer.status}, reason=reason)
            if answer.ports:
                endpoints[name] = list(dict.fromkeys(answer.ports))
                facts["tower_address"] = next((t.address for t in answer.towers if t.address), None)
            else:
                missing.append(name)
    reason = marked.REASON if found else "mapper answered"
    return Seen({key: value for key, value in facts.items() if value not in (None, [], {})}, reason=reason)


async def interface(check: Check, net: Network, subject: Subject) -> Seen:  # noqa: ARG001 - the mapper knows
    """Bind the interface on each port the mapper named until one takes it."""
    last: NetError | None = None
    for port in subject.ports:
        try:
            with await net.tcp(port) as stream:
                bound = await _bind(stream, subject.interface, subject.version)
        except NetError as fault:
            last = last or fault
            continue
        accepted = isinstance(bound, rpc.BindAck) and bound.accepted
        facts: Facts = {"accepted": accepted, "port_candidates": list(subject.ports)}
        if accepted and isinstance(bound, rpc.BindAck) and (found := mark.in_text(bound.secondary_address)):
            return marked.seen(found, **facts, port=port)
        if accepted:
            return Seen(facts | {"port": port}, reason=f"the interface answered on port {port}")
        return Seen(facts, State.MISMATCH, f"RPC answers on port {port}, but does not know the interface")
    assert last is not None
    last.facts["port_candidates"] = list(subject.ports)
    raise last


async def _bind(stream: Stream, interface_id: str, version: int) -> rpc.BindAck | rpc.BindNak:
    await stream.send(rpc.Bind(1, interface_id, version).pack(), "RPC bind")
    answer = rpc.unpack(await stream.read_frame(rpc.frame, "RPC bind answer"))
    if isinstance(answer, rpc.BindAck | rpc.BindNak):
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
        if isinstance(answer, rpc.Fault):
            return answer
        if not isinstance(answer, rpc.Response):
            break
        stub += answer.stub
        if answer.last:
            return epm.unpack_map(stub)
    raise WireError("an RPC answer, but not to our call")


MAPPER = Probe("rpc", mapper)
INTERFACES = tuple(Probe(name, interface) for name, service in services().items() if service.dynamic)
