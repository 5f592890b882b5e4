"""RPC's answers: the endpoint mapper on 135, and the interfaces that it maps, which take binds and no calls."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping

from portcheck.server.controller import placement
from portcheck.server.controller.record import Controller
from portcheck.wire import WireError, epm, rpc

ANYWHERE = "0.0.0.0"  # noqa: S104 - what Samba writes into a tower
BEFORE_ADDRESS = rpc.HEADER + 10  # bytes of a bind_ack (C706 12.6.4.4)
UNKNOWN_HERE = (rpc.PROVIDER_REJECTION, rpc.ABSTRACT_SYNTAX_NOT_SUPPORTED)
PROTOCOL_VERSION, NO_REASON = 4, 0  # reasons of a bind_nak
CONTEXTS_AT = 24  # in a bind: the number of contexts


def mapper_answer(dc: Controller, data: bytes, ports: Mapping[str, int]) -> bytes:
    """`ports` by the services of the dynamic ports; the interfaces that are missing are not registered."""
    if _without_context(data):
        return _nak(dc, data)
    pdu = rpc.unpack(data)
    if isinstance(pdu, rpc.Bind):
        return _bound(dc, pdu, {epm.INTERFACE}, "135", data)
    if not isinstance(pdu, rpc.RpcRequest):
        raise WireError("nothing to answer")
    if dc.mapper_refuses_strangers:
        # DOCUMENTED (MS-RPCE 3.1.1.1.3): the bind is taken, the call is not, and `hangs_up` follows
        return rpc.Fault(pdu.call_id, rpc.ACCESS_DENIED).pack()
    asked = epm.MapRequest.unpack(pdu.stub)
    name = placement.named(asked.interface)
    living = () if asked.interface in dc.missing_interfaces else dc.placement.get(name or "", ())
    if not living:
        return rpc.RpcResponse(pdu.call_id, epm.MapAnswer(epm.NOT_REGISTERED).pack(asked.max_towers)).pack()
    # VERIFIED (recordings): Windows tells its own address; Samba leaves it empty (measured). A tower has room for
    # IPv4 only; INFERRED: over IPv6 Windows leaves it empty too
    address = dc.address if dc.windows and ":" not in dc.address else ANYWHERE
    towers = tuple(
        epm.Tower(asked.interface, asked.version, tcp_port=ports[port], address=address)
        for port in living[: max(1, asked.max_towers)]
    )
    return rpc.RpcResponse(pdu.call_id, epm.MapAnswer(0, towers).pack(asked.max_towers)).pack()


def interface_answer(dc: Controller, data: bytes, port: int, interfaces: Collection[str]) -> bytes:
    """One of the dynamic ports: each knows the interfaces that live there, and no other (measured on Samba).

    INFERRED: a Windows process takes binds to all its interfaces on all its ports; pinned ones are held to their own.
    """
    if _without_context(data):
        return _nak(dc, data)
    pdu = rpc.unpack(data)
    if not isinstance(pdu, rpc.Bind):
        raise WireError("nothing to answer")
    return _bound(dc, pdu, interfaces, str(port), data)


def hangs_up(answer: bytes) -> bool:
    """DOCUMENTED (MS-RPCE 3.1.1.1.3): the connection ends with the fault. VERIFIED, and measured: with a bind_nak."""
    return answer[2] in {rpc.Type.FAULT, rpc.Type.BIND_NAK}


def _bound(dc: Controller, pdu: rpc.Bind, interfaces: Collection[str], address: str, data: bytes) -> bytes:
    verdict = (0, 0) if pdu.interface in interfaces else UNKNOWN_HERE
    size = int.from_bytes(data[16:18], "little")  # VERIFIED: echoed as requested
    packed = rpc.BindAck(pdu.call_id, (verdict,) * len(pdu.offered), address, size).pack()
    if not dc.windows:
        return packed
    # VERIFIED: Windows may leave random bytes in the padding behind the address
    start = BEFORE_ADDRESS + len(address) + 1
    end = start + -start % 4
    return packed[:start] + secrets.token_bytes(end - start) + packed[end:]


def _without_context(data: bytes) -> bool:
    return len(data) > CONTEXTS_AT and data[2] == rpc.Type.BIND and data[CONTEXTS_AT] == 0


def _nak(dc: Controller, data: bytes) -> bytes:
    # VERIFIED: reason 4 on 2022, 0 on 2012 R2; Samba says 0 (measured)
    reason = PROTOCOL_VERSION if dc.windows and dc.level > 6 else NO_REASON
    return rpc.BindNak(reason, int.from_bytes(data[12:16], "little")).pack()
