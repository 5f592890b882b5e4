"""RPC's answers: the endpoint mapper on 135, and the interfaces that it maps, which take binds and no calls."""

from __future__ import annotations

import secrets

from portcheck.responder.controller import Controller
from portcheck.wire import WireError, epm, rpc

ANYWHERE = "0.0.0.0"  # noqa: S104 - what Samba writes into a tower
BEFORE_ADDRESS = rpc.HEADER + 10  # bytes of a bind_ack (C706 12.6.4.4)


def mapper_answer(dc: Controller, data: bytes, port: int) -> bytes:
    """Every interface that is not missing lives on `port`."""
    pdu = rpc.unpack(data)
    if isinstance(pdu, rpc.Bind):
        return _bound(dc, pdu, "135")
    if not isinstance(pdu, rpc.Request):
        raise WireError("nothing to answer")
    if dc.mapper_refuses_strangers:
        # DOCUMENTED (MS-RPCE 3.1.1.1.3): the bind is taken, the call is not
        return rpc.Fault(pdu.call_id, rpc.ACCESS_DENIED).pack()
    asked = epm.MapRequest.unpack(pdu.stub)
    if asked.interface in dc.missing_interfaces:
        return rpc.Response(pdu.call_id, epm.MapAnswer(epm.NOT_REGISTERED).pack(asked.max_towers)).pack()
    # DOCUMENTED: Windows tells its own address; Samba leaves it empty (measured)
    address = dc.address if dc.windows else ANYWHERE
    tower = epm.Tower(asked.interface, asked.version, tcp_port=port, address=address)
    return rpc.Response(pdu.call_id, epm.MapAnswer(0, (tower,)).pack(asked.max_towers)).pack()


def interface_answer(dc: Controller, data: bytes, port: int) -> bytes:
    pdu = rpc.unpack(data)
    if not isinstance(pdu, rpc.Bind):
        raise WireError("nothing to answer")
    return _bound(dc, pdu, str(port))


def _bound(dc: Controller, pdu: rpc.Bind, address: str) -> bytes:
    packed = rpc.BindAck(pdu.call_id, ((0, 0),) * len(pdu.offered), address).pack()
    if not dc.windows:
        return packed
    # VERIFIED: Windows may leave random bytes in the padding behind the address
    start = BEFORE_ADDRESS + len(address) + 1
    end = start + -start % 4
    return packed[:start] + secrets.token_bytes(end - start) + packed[end:]
